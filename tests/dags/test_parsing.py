"""Parsing a DAG file costs next to nothing and touches neither database nor network.

Each check runs in a fresh interpreter: what this one has imported already says nothing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dags.conftest import PROJECT

# Slow, or a door to the outside; a task imports what it needs when it runs.
FORBIDDEN = (
    "great_expectations",
    "dbt",
    "psycopg",
    "openai",
    "sendgrid",
    "pandas",
    "baton.warehouse",
)

PARSE = """
import json, socket, sys
import airflow.sdk

def refuse(*_args, **_kwargs):
    raise AssertionError("the network was asked for while parsing")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
before = set(sys.modules)
import runpy
from pathlib import Path
for path in sorted(Path(sys.argv[1]).glob("*.py")):
    runpy.run_path(str(path))
print(json.dumps(sorted(set(sys.modules) - before)))
"""

PRELOAD = """
import json, socket, sys, threading

def refuse(*_args, **_kwargs):
    raise AssertionError("a connection was opened before the fork")

socket.socket.connect = socket.socket.connect_ex = refuse
import airflow_local_settings
print(json.dumps({
    "threads": threading.active_count(),
    "loaded": [name for name in airflow_local_settings.LIBRARIES if name in sys.modules],
    "steps": "baton.quality.suites.lead_scoring" in sys.modules,
}))
"""


def _fresh(code: str, *arguments: str, **environment: str) -> str:
    path = os.pathsep.join([str(PROJECT / "include"), str(PROJECT / "plugins")])
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_no_import_over_budget_and_no_network() -> None:
    loaded = json.loads(_fresh(PARSE, str(PROJECT / "dags")))
    assert "baton_airflow.steps" in loaded
    heavy = [n for n in loaded if any(n == f or n.startswith(f"{f}.") for f in FORBIDDEN)]
    assert heavy == []


def test_parsing_reaches_no_server(tmp_path: Path) -> None:
    """The guard of the test above can fail: a DAG that calls out is caught."""
    (tmp_path / "calls_out.py").write_text(
        "import socket\nsocket.create_connection(('127.0.0.1', 9))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "the network was asked for while parsing" in done.stderr


@pytest.mark.parametrize("preload", ["libraries", "all"])
def test_what_is_imported_before_the_fork_starts_nothing(preload: str) -> None:
    found = json.loads(_fresh(PRELOAD, BATON_PRELOAD=preload))
    assert found["threads"] == 1
    assert len(found["loaded"]) >= 3
    assert found["steps"] is (preload == "all")


def test_other_processes_import_nothing_ahead() -> None:
    assert json.loads(_fresh(PRELOAD))["loaded"] == []
