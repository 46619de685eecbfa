"""The dbt project as dbt understands it, parsed once for each state of its files.

Parsing takes several seconds and depends on nothing but the files: not on the server, nor on the
database. So it is kept in `.baton/parsed/<hash of the files>`, which `make setup` (or the image's
build) fills, and a step reads it. Whoever edits a model makes another state; the next step parses
what changed and keeps that. Nothing there is ever changed, so any number of processes may read.
"""

import hashlib
import json
import os
import shutil
import tempfile
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from baton.core.errors import DbtFailed
from baton.core.settings import PROJECT
from baton.warehouse import runner

KEPT = PROJECT / ".baton" / "parsed"
# So many states are kept; older ones are of files that nobody has any more.
STATES = 5
MANIFEST, SEMANTICS = "partial_parse.msgpack", "semantic_manifest.json"
METRICS = "metrics.yml"
# Stands in the parsed relations until they are read for a database.
NO_DATABASE = "baton_no_database"
_held: dict[Path, Any] = {}
_PROFILE = {
    "BATON_PG_HOST": "localhost",
    "BATON_PG_PORT": "5432",
    "BATON_PG_USER": "baton",
    "BATON_PG_PASSWORD": "",
    "BATON_PG_DBNAME": NO_DATABASE,
}


def folder() -> Path:
    """Return the folder of the project's present state, parsed now if nobody has done it yet.

    It holds MANIFEST and SEMANTICS, and whatever else depends on them alone may be kept there.
    Raises DbtFailed saying why dbt cannot parse the project.
    """
    made = KEPT / _state(runner.DBT_PROJECT)
    if not (made / MANIFEST).exists():
        _parse(made)
    return made


def warm_up() -> None:
    """Let dbt do what it does once per process, for one that forks another for each build.

    It makes code for each of its classes when that is first used, which takes longer than a small
    build. The manifest is held too: the next `manifest` of the same files, here or in a fork, has it.
    Starts no thread and opens no connection. Raises DbtFailed.
    """
    path = folder() / MANIFEST
    with tempfile.TemporaryDirectory(prefix="baton-dbt-") as scratch:
        target = Path(scratch)
        _, said = runner.run(
            ["parse"], environ=_PROFILE, target=target, logs=target, manifest=_read(path)
        )
    runner.let_go()
    if said:
        raise DbtFailed(f"dbt parse did not run: {said}")
    _held.clear()
    _held[path] = _read(path)


def manifest(database: str) -> Any:
    """Return dbt's own manifest (dbt.contracts.graph.manifest.Manifest) for one database."""
    path = folder() / MANIFEST
    found = _held.pop(path, None) or _read(path)  # dbt changes it, so it serves one build
    for node in (*found.nodes.values(), *found.sources.values()):
        if node.database == NO_DATABASE:
            node.database = database
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{NO_DATABASE}"', f'"{database}"')
    found.build_flat_graph()
    return found


def _read(path: Path) -> Any:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    return Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)


def _parse(made: Path) -> None:
    """Parse into a folder of our own and put it in its place in one go."""
    try:
        KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=KEPT))
    except OSError as error:
        raise DbtFailed(
            f"The parsed dbt project cannot be kept in {KEPT} ({error.strerror}); it must be writable."
        ) from None
    try:
        # What the last state has in common with this one, dbt need not parse again.
        if states := _states():
            shutil.copy(states[0] / MANIFEST, part / MANIFEST)
        _, said = runner.run(["parse"], environ=_PROFILE, target=part, logs=part / "logs")
        runner.let_go()
        if said:
            raise DbtFailed(f"dbt parse did not run: {said}")
        known = json.loads((part / SEMANTICS).read_text())
        (part / SEMANTICS).write_text(json.dumps(_in_order(_without_database(known))))
        for other in part.iterdir():
            if other.name not in (MANIFEST, SEMANTICS):
                shutil.rmtree(other) if other.is_dir() else other.unlink()
        for old in states[STATES - 1 :]:
            shutil.rmtree(old, ignore_errors=True)
        try:
            part.rename(made)
        except OSError:  # another process was quicker; its parse is the same
            if not (made / MANIFEST).exists():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _states() -> list[Path]:
    """Return the states that are kept, the newest first."""
    kept = [state for state in KEPT.iterdir() if (state / MANIFEST).exists()]
    return sorted(
        (state for state in kept if not state.name.startswith(".")),
        key=lambda state: state.stat().st_mtime,
        reverse=True,
    )


def _without_database(known: dict[str, Any]) -> dict[str, Any]:
    """Return a semantic manifest whose models are named by schema and table alone."""
    for model in known["semantic_models"]:
        relation = model["node_relation"]
        relation["database"] = None
        relation["relation_name"] = f'"{relation["schema_name"]}"."{relation["alias"]}"'
    return known


def _in_order(known: dict[str, Any]) -> dict[str, Any]:
    """Return a semantic manifest with its metrics in the order of metrics.yml, the others after them.

    dbt has those last that it parsed anew, so its own order tells what was edited before.
    """
    file = runner.DBT_PROJECT / "models" / METRICS
    content = yaml.safe_load(file.read_text()) if file.exists() else {}
    place = {each["name"]: at for at, each in enumerate(content.get("metrics", []))}
    known["metrics"].sort(key=lambda each: (place.get(each["name"], len(place)), each["name"]))
    known["semantic_models"].sort(key=lambda each: each["name"])
    return known


def _state(project: Path) -> str:
    """Return the hash of everything that dbt reads: names and contents, and dbt itself."""
    found = hashlib.sha256(f"{_versions()} {project}".encode())
    for at, folders, files in os.walk(project):
        folders[:] = sorted(name for name in folders if name not in ("target", "logs"))
        for name in sorted(files):
            path = Path(at, name)
            found.update(f"\0{path.relative_to(project)}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:32]


@lru_cache(maxsize=1)
def _versions() -> str:
    return " ".join(version(name) for name in ("dbt-core", "dbt-postgres", "dbt-adapters"))
