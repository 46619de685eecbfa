import pytest

from baton.core.settings import Settings
from tests.integration.delivery.world import World


@pytest.fixture
def world(settings: Settings) -> World:
    """A market on a Monday noon, in a database of the module's own."""
    return World(settings)
