import pytest

from baton.core.settings import Settings
from tests.integration.review.desk import Desk


@pytest.fixture
def desk(settings: Settings) -> Desk:
    """Rows of the layers before review."""
    return Desk(settings)
