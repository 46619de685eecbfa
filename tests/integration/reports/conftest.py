"""A warehouse with a seeded motion, attributed and published once for all these tests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from baton import motion
from baton.core import settings as core_settings
from baton.core.settings import Settings
from baton.warehouse.connect import connect, rows, scalar
from baton.warehouse.run import Run, open_run
from tests.integration.reports.seed import seed


def make_settings(database_url: str, home: Any) -> Settings:
    return core_settings.load(
        {
            "BATON_DATABASE_URL": database_url,
            "BATON_HOME": str(home),
            "BATON_PROFILE": "test",
            "BATON_SECRET": "a secret that only tests use",
        }
    )


def attribute(settings: Settings, end: datetime, name: str = "test") -> Run:
    """Run the whole chain of revenue_attribution, as `baton run attribution` does."""
    chain = motion.chain_of("revenue_attribution")
    run = open_run(settings, chain.layer, chain.dag_id, name, end - timedelta(days=1), end)
    for step in chain.steps:
        motion.run_step(step, run)
    return run


@dataclass(frozen=True)
class Published:
    """A published report and the warehouse that it was computed from."""

    settings: Settings
    run: Run
    as_of: datetime

    def value(self, query: str, *params: Any) -> Any:
        with connect(self.settings.database_url) as conn:
            return scalar(conn, query, params)

    def rows(self, query: str, *params: Any) -> list[dict[str, Any]]:
        with connect(self.settings.database_url) as conn:
            return rows(conn, query, params)

    def figure(self, metric: str, cut: str = "all", value: str = "") -> dict[str, Any]:
        """The only figure of a metric in a group, as the newest report keeps it."""
        found = self.rows(
            "select m.* from ops.report_metric m join ops.report r on r.id = m.report_id "
            "where r.run_id = %s and metric = %s and cut = %s and cut_value = %s",
            self.run.id, metric, cut, value,
        )  # fmt: skip
        assert len(found) == 1, (metric, cut, value, found)
        return found[0]


@pytest.fixture(scope="session")
def published(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Published:
    settings = make_settings(new_database(), tmp_path_factory.mktemp("home"))
    as_of = seed(settings)
    return Published(settings, attribute(settings, as_of), as_of)
