"""`make setup`: what it says when it cannot, and that it knows when there is nothing to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from baton.core.settings import PROJECT
from baton.services import environment, profile
from baton.services.environment import SetupError
from baton.services.profile import ProfileError, open_profile


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        pytest.param(
            "error: failed to write: No space left on device (os error 28)",
            "free some space",
            id="full disk",
        ),
        pytest.param(
            "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: No matching distribution found for uv==1",
            "index cannot be reached",
            id="no network",
        ),
        pytest.param(
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\nhash mismatch",
            "pins by hash",
            id="another package than pinned",
        ),
        pytest.param(
            "ERROR: No matching distribution found for psycopg-binary",
            "A compiler would not help",
            id="no wheel for this machine",
        ),
        pytest.param("The virtual environment ... ensurepip is not", "-venv", id="no ensurepip"),
        pytest.param("something new", "stands at the end of", id="unknown"),
    ],
)
def test_a_failed_install_ends_in_a_sentence_with_the_remedy(output: str, remedy: str) -> None:
    assert remedy in environment._reason(output)


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)], ids=["too old", "too new"])
def test_another_python_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SetupError, match=r"3\.11, 3\.12 or 3\.13.*PYTHON="):
        environment._check_machine()


def test_a_python_without_venv_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match="-venv"):
        environment._check_machine()


def test_a_full_disk_is_noticed_before_anything_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "VENV", tmp_path / "none")
    monkeypatch.setattr(environment, "NEEDED_BYTES", 2**62)
    with pytest.raises(SetupError, match="free some space"):
        environment._check_machine()


def test_services_do_not_start_on_a_full_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(profile, "NEEDED_BYTES", 2**62)
    with pytest.raises(ProfileError, match="free some space"):
        open_profile("demo", tmp_path / "demo")


def test_everything_is_pinned_by_hash_and_names_no_host() -> None:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    blocks = re.split(r"\n(?=\S)", "\n".join(line for line in lines if not line.startswith("#")))
    unpinned = [
        b.split("\n")[0] for b in blocks if b and ("==" not in b or "--hash=sha256:" not in b)
    ]
    assert unpinned == []
    assert not [line for line in lines if "://" in line or "--index" in line.split("#")[0]]
    assert any(line.startswith("uv==") for line in lines)


def test_the_makefile_lists_every_target() -> None:
    said = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    targets = re.search(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"make (\w+)  ", said.stdout) == targets[1].split()
