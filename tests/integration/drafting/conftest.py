import pytest

from baton.core.settings import Settings
from tests.integration.drafting.funnel import Funnel


@pytest.fixture
def funnel(settings: Settings) -> Funnel:
    """Rows of the layers before drafting."""
    return Funnel(settings)
