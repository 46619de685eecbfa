"""The sandbox's HubSpot, served on a free loopback port inside the test process."""

import socket
import threading

import uvicorn

from baton.core.connections import Connection
from sandbox import keys
from sandbox.app import create_app
from sandbox.config import SandboxConfig


class Portal:
    """A running stand-in with an almost empty market; a context manager."""

    def __init__(self):
        self.keys = keys.generate()
        self.app = create_app(SandboxConfig(keys=self.keys, scale=0.02))
        self.world = self.app.state.world
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(self.app, log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self):
        self._socket.listen(128)  # connections wait in the queue until the server takes them
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    @property
    def connection(self):
        return Connection(
            "baton_crm", "hubspot", password=self.keys.hubspot_token,
            extra={"base_url": f"{self.url}/hubspot"},
        )  # fmt: skip

    @property
    def llm(self):
        return Connection(
            "baton_llm", "openai", password=self.keys.openai_key,
            extra={"base_url": f"{self.url}/openai/v1"},
        )  # fmt: skip

    def create(self, kind, properties, company=None):
        record = self.world.crm.create(kind, properties)
        if company:
            self.world.crm.link(record, self.world.crm.records["companies"][company])
        return record.id

    def get(self, kind, key):
        return self.world.crm.records[kind][key].properties

    def rows(self, kind):
        return [
            {"id": r.id, "properties": r.properties} for r in self.world.crm.records[kind].values()
        ]

    def linked(self, kind, key, to):
        return list(self.world.crm.records[kind][key].links.get(to, {}))

    def fault(self, kind, path="", count=1):
        self.world.faults.switch_on(vendor="hubspot", kind=kind, count=count, path=path)
