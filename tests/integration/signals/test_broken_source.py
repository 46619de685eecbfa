"""One broken source: the others are handed on in the same hour, and the broken one is named."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from baton import motion
from baton.cli import cli
from baton.cli_doctor import examine
from baton.core.errors import VendorError
from baton.core.settings import Settings
from baton.reports.standing import standing
from baton.signals import steps
from baton.warehouse.connect import connect
from tests.integration.signals.conftest import Own, Stage

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Trade press</title>
{items}</channel></rss>"""
ITEM = """<item><title>Wexholm Supply raises money {number}</title><category>{category}</category>
<link>https://press.example/{number}</link><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item>"""


class Press:
    """A small web server of the test's own: what it answers is what a test put into `pages`."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str]] = {}
        press = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = press.pages.get(self.path, (404, "nothing here"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def feed(self, path: str, categories: list[str]) -> None:
        items = "".join(
            ITEM.format(number=f"{path.strip('/')}-{n}", category=category)
            for n, category in enumerate(categories)
        )
        self.pages[path] = (200, FEED.format(items=items))


@pytest.fixture
def press() -> Iterator[Press]:
    press = Press()
    yield press
    press.server.shutdown()
    press.thread.join()
    press.server.server_close()


@pytest.fixture
def real_use(own_database: Own) -> Own:
    """The shipped playbook with no sandbox about."""
    return Own(replace(own_database.settings, environ={}, connections={}))


def write_source(playbook: Path, press: Press, name: str) -> None:
    """Add a source as docs/signals.md says: one file."""
    (playbook / "signals" / f"{name}.yml").write_text(
        f"name: {name}\nkind: feed\ndescription: What the trade press writes.\n"
        f"url: {press.url}/{name}\ntrusted: true\nsignal_type:\n  Funding: funding\n"
        "match:\n  mentions_in: [title]\n"
    )


def walk(own: Own) -> str:
    """Run every step of the DAG, as `baton run` and Airflow do, until one fails; return its words."""
    run = own.run()
    for step in motion.MOTION["signal_ingestion"].steps:
        try:
            motion.run_step(step, run)
        except VendorError as error:
            assert step == "baton.signals.steps:sources"
            return str(error)
    return ""


def usable(own: Own) -> dict[str, int]:
    """Return how many signals of each source the other layers may use."""
    return dict(
        own.ask(
            "select source, count(*) from intermediate.int_signals__matched "
            "where released_at is not null group by 1"
        )
    )


def test_each_source_ends_in_its_own_state(real_use: Own, playbook: Path, press: Press) -> None:
    for name in ("down", "fine", "garbage", "odd"):
        write_source(playbook, press, name)
    press.pages["/down"] = (500, "oh no")
    press.pages["/garbage"] = (200, "<!doctype html><p>We moved!</p>\0")
    press.feed("/fine", ["Funding"] * 3)
    press.feed("/odd", ["Sports"] * 39 + ["Funding"])

    said = walk(real_use)

    assert usable(real_use) == {"fine": 3}
    assert "garbage is broken: is no RSS or Atom feed" in said
    assert (
        "odd is broken: 39 of its 40 items cannot be used, most often because: No category" in said
    )
    assert "fine" not in said
    assert "down" not in said, "a server error may pass; it is broken after silent_hours"
    with connect(real_use.settings.database_url) as conn:
        (alarm,) = standing(conn)
    assert alarm.what == "signal_ingestion went on, but failed: each source is heard of"
    assert "garbage" in " ".join(alarm.sentences)
    assert real_use.ask(
        "select source, count(*), max(q.reason) like 'No category%%' from landing.quarantine q "
        "group by 1"
    ) == [("odd", 39, True)]
    assert walk(real_use).count("is broken") == 2, (
        "the same bad batch does not pass the second time"
    )

    # Mended: everything is read, once.
    press.feed("/down", ["Funding"] * 2)
    press.feed("/garbage", ["Funding"] * 4)
    press.feed("/odd", ["Funding"] * 40)
    for _ in range(2):
        assert walk(real_use) == ""
        assert usable(real_use) == {"down": 2, "fine": 3, "garbage": 4, "odd": 40}
    assert real_use.ask("select count(*), count(distinct natural_key) from landing.signal") == [
        (49, 49)
    ]
    with connect(real_use.settings.database_url) as conn:
        assert standing(conn) == ()
    for row in real_use.ask(
        "select received, accepted + duplicates + quarantined from landing.intake"
    ):
        assert row[0] == row[1]


def test_the_command_names_it_and_runs_the_other_dags(
    real_use: Own, settings: Settings, playbook: Path, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fine", "garbage"):
        write_source(playbook, press, name)
    press.feed("/fine", ["Funding"])
    press.pages["/garbage"] = (200, "<!doctype html><p>We moved!</p>")
    environ = {
        **{name: value for name, value in settings.environ.items() if name != "BATON_SIGNALS_URL"},
        "BATON_DATABASE_URL": real_use.settings.database_url,
        "BATON_PLAYBOOK": str(playbook),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    ran = CliRunner().invoke(cli, ["run", "signals", "--json"])

    answer = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert set(answer) == {"signal_ingestion", "list_refresh", "failed"}
    assert answer["signal_ingestion"]["land"]["landed"] == 1
    (failed,) = answer["failed"]
    assert failed.startswith("signal_ingestion sources: garbage is broken")
    assert failed in ran.stderr

    def said_of_sources() -> tuple[bool, str]:
        (found,) = (each for each in examine(environ) if each.name == "sources")
        return found.ok, found.detail

    is_ok, detail = said_of_sources()
    assert not is_ok
    assert "garbage is broken: is no RSS or Atom feed" in detail
    press.feed("/garbage", ["Funding"])
    assert CliRunner().invoke(cli, ["run", "signal_ingestion"]).exit_code == 0
    assert said_of_sources() == (
        True,
        "fine, garbage, product, site could be read when last asked",
    )
    press.pages["/garbage"] = (500, "")
    assert CliRunner().invoke(cli, ["run", "signal_ingestion"]).exit_code == 0
    is_ok, detail = said_of_sources()
    assert is_ok
    assert detail.startswith(
        "fine, product, site could be read when last asked; garbage gave nothing"
    )


def test_beside_a_sandbox_a_source_of_ones_own_is_read_at_its_own_address(
    own_database: Own, playbook: Path, press: Press
) -> None:
    write_source(playbook, press, "fine")
    press.feed("/fine", ["Funding"] * 3)
    assert walk(own_database) == ""
    found = usable(own_database)
    assert found.pop("fine") == 3
    assert found["jobs"] > 0, "the examples are still the sandbox's"


def test_a_source_that_is_silent_for_long_is_broken(
    real_use: Own, playbook: Path, press: Press
) -> None:
    for name in ("down", "fine"):
        write_source(playbook, press, name)
    press.pages["/down"] = (503, "")
    press.feed("/fine", ["Funding"])
    assert walk(real_use) == ""
    real_use.ask(
        "update ops.source_problem set since = since - interval '7 hours' returning source"
    )
    assert "down is broken: silent for 7 hours; " in walk(real_use)


def test_a_flood_is_refused_alone(real_use: Own, playbook: Path, press: Press) -> None:
    for name in ("fine", "flooding"):
        write_source(playbook, press, name)
    press.feed("/flooding", ["Funding"])
    press.feed("/fine", ["Funding"])
    assert walk(real_use) == ""
    press.feed("/flooding", ["Funding"] * 500)
    press.feed("/fine", ["Funding"] * 2)
    assert "flooding is broken: it gave 499 new signals at once" in walk(real_use)
    assert usable(real_use) == {"fine": 2, "flooding": 1}
    path = playbook / "thresholds.yml"
    path.write_text(path.read_text().replace("max_times_usual: 20", "max_times_usual: 50"))
    assert walk(real_use) == ""
    assert usable(real_use) == {"fine": 2, "flooding": 500}


def test_what_nobody_foresaw_in_one_source_holds_up_no_other(
    own_database: Own, stage: Stage, playbook: Path
) -> None:
    # The receiver lets no such time in, so nobody wrote a sentence for it: the driver cannot read it.
    own_database.ask(
        "insert into landing.signal_event (source, natural_key, occurred_at, payload) "
        "values ('site', 'evt-1', 'infinity', '{\"type\": \"site_visit_docs\"}') returning 1"
    )
    run = own_database.run()
    counts = steps.land(run)
    assert counts["broken"] == 1
    assert int(counts["landed"]) > 100
    with pytest.raises(VendorError, match=r"site is broken: reading it broke with \w+Error"):
        steps.sources(run)


def test_in_real_use_the_examples_rest_and_one_file_is_a_working_source(
    real_use: Own, playbook: Path, press: Press, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", logger="baton"):
        assert walk(real_use) == ""
    assert caplog.records == []
    write_source(playbook, press, "industry_news")
    press.feed("/industry_news", ["Funding", "Funding"])
    assert walk(real_use) == ""
    assert usable(real_use) == {"industry_news": 2}
    assert real_use.ask("select distinct domain from landing.signal") == [
        ("wexholm-supply.example",)
    ]
