"""Where the vendors' own OpenAPI documents are; without them the tests that need them are left out.

They are left out as one: `test_the_vendors_documents_are_there` is skipped and says how many.
"""

import os
from pathlib import Path

import pytest

VARIABLE = "BATON_SPECS"
LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the documents, deselect what needs them."""
    if os.environ.get(VARIABLE):
        return
    needing = [item for item in items if "specs" in getattr(item, "fixturenames", ())]
    config.stash[LEFT_OUT] = len(needing)
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder that BATON_SPECS names."""
    folder = Path(os.environ[VARIABLE])
    assert folder.is_dir(), f"{VARIABLE} names {folder}, which is no folder."
    return folder
