import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from baton.core.connections import Connection
from baton.core.settings import Settings
from sandbox import keys
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.integration.drafting.funnel import Funnel


@pytest.fixture
def funnel(settings: Settings) -> Funnel:
    """Rows of the layers before drafting."""
    return Funnel(settings)


@dataclass
class Model:
    """The stand-in of the model's vendor: its connection, and the world whose faults can be set."""

    connection: Connection
    world: Any

    def settings(self, settings: Settings) -> Settings:
        """The same settings, with a model to ask."""
        return replace(settings, connections={"baton_llm": self.connection})


@pytest.fixture(scope="module")
def model_server() -> Iterator[Model]:
    """The sandbox's OpenAI-compatible endpoint on a port of its own."""
    secrets = keys.generate()
    app = create_app(SandboxConfig(keys=secrets))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the sandbox did not start"
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Model(
        Connection(
            "baton_llm",
            "openai",
            password=secrets.openai_key,
            extra={"base_url": f"http://127.0.0.1:{port}/openai/v1"},
        ),
        app.state.world,
    )
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture
def model(model_server: Model) -> Iterator[Model]:
    """The stand-in without any fault."""
    model_server.world.faults.clear()
    yield model_server
    model_server.world.faults.clear()


@pytest.fixture
def playbook(settings: Settings, tmp_path: Path) -> Path:
    """A copy of the playbook that a test may change."""
    return Path(shutil.copytree(settings.playbook, tmp_path / "playbook"))
