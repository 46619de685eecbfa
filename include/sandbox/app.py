"""The sandbox as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from sandbox import control
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError
from sandbox.faulty import FaultyApp
from sandbox.vendors import feeds, hubspot, openai, refused, sendgrid
from sandbox.world import World


def create_app(config: SandboxConfig) -> FaultyApp:
    """Return the application: /sendgrid, /openai/v1, /hubspot, /feeds, /jobs and /_control.

    `app.state.world` is the World. The state is kept in the home when the server ends.

    Raises:
        SandboxError: the home holds the state of another market.

    """
    world = World(config)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        world.save()

    app = FastAPI(
        title="Baton sandbox", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.world = world
    app.include_router(sendgrid.router(world))
    app.include_router(openai.router(world))
    app.include_router(hubspot.router(world))
    app.include_router(feeds.router(world))
    app.include_router(control.router(world))
    app.add_exception_handler(SandboxError, control.refuse)
    app.add_exception_handler(refused.Refused, refused.answer)
    return FaultyApp(app, world.faults)
