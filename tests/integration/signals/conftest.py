"""The sandbox on a real port, and a playbook whose sources point at it."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from baton.core.connections import Connection
from baton.core.settings import PROJECT, Settings
from baton.warehouse.connect import connect
from baton.warehouse.run import Run, open_run
from sandbox import keys
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.world import World


@dataclass
class Stage:
    """The sandbox as the tests see it."""

    url: str
    world: World


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    app = create_app(SandboxConfig(keys=keys.generate(), start=datetime.now(UTC)))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the sandbox did not start"
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Stage(f"http://127.0.0.1:{port}", app.state.world)
    server.should_exit = True
    thread.join()


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    """A copy of the shipped playbook that a test may change."""
    folder = tmp_path / "playbook"
    shutil.copytree(PROJECT / "include" / "playbook", folder)
    return folder


@pytest.fixture
def settings(settings: Settings, stage: Stage, playbook: Path) -> Settings:
    """Settings with the sandbox as the world outside."""
    crm = Connection(
        id="baton_crm",
        conn_type="hubspot",
        password=stage.world.config.keys.hubspot_token,
        extra={"base_url": f"{stage.url}/hubspot"},
    )
    return replace(
        settings,
        playbook=playbook,
        connections={"baton_crm": crm},
        environ={**settings.environ, "BATON_SIGNALS_URL": stage.url},
    )


@dataclass
class Own:
    """A database that no other test has seen."""

    settings: Settings

    def ask(self, query: str, params: Any = None) -> list[tuple[Any, ...]]:
        """Ask the database, and keep what the statement changed."""
        with connect(self.settings.database_url) as conn:
            return conn.execute(query, params).fetchall()

    def run(self, dag_id: str = "signal_ingestion") -> Run:
        """Open a run over the present moment."""
        ((now, external_id),) = self.ask("select ops.now(), ops.new_id('test')")
        return open_run(self.settings, "signals", dag_id, external_id, now, now)


@pytest.fixture
def own_database(settings: Settings, new_database: Callable[[], str]) -> Own:
    """A database of the test's own."""
    return Own(replace(settings, database_url=new_database()))
