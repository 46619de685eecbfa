"""The dbt project as a whole: it builds on an empty warehouse, says what everything is, and its unit
tests hold. Every metric can be planned and asked for, with no rows to count."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from baton import motion
from baton.attribution.metrics import Metrics
from baton.core import settings as core_settings
from baton.core.settings import PROJECT, Settings
from baton.reports.engine import has_cut
from baton.reports.manifest import Manifest
from baton.reports.model import CUTS
from baton.warehouse import dbt, parsed, runner
from baton.warehouse.connect import connect, sql
from baton.warehouse.run import open_run
from tests.conftest import SECRET

DBT = PROJECT / "dbt_project"
LAYERS = {
    "signals", "scoring", "drafting", "review", "delivery", "scheduling", "handoff",
    "post_meeting", "attribution",
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An empty, migrated warehouse of the module's own."""
    return core_settings.load(
        {
            "BATON_DATABASE_URL": database_url,
            "BATON_HOME": str(tmp_path_factory.mktemp("home")),
            "BATON_PROFILE": "test",
            "BATON_SECRET": SECRET,
        }
    )


@pytest.fixture(scope="module")
def built(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the warehouse after one build of everything."""
    with connect(settings.database_url) as conn:
        row = conn.execute("select ops.now()").fetchone()
        conn.commit()
        assert row is not None
        run = open_run(settings, "attribution", "revenue_attribution", "empty", row[0], row[0])
        motion.load("dbt:attribution")(run)
        yield conn


@pytest.fixture(scope="module")
def manifest(settings: Settings) -> dict[str, Any]:
    """dbt's own description of the project."""
    dbt.invoke(settings, ["parse"])
    found: dict[str, Any] = json.loads(
        (settings.home / "dbt" / "target" / "manifest.json").read_text()
    )
    return found


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_schemas_are_named_plainly(built: psycopg.Connection[Any]) -> None:
    found = built.execute(
        "select distinct table_schema from information_schema.tables where table_schema not in "
        "('ops', 'landing', 'pg_catalog', 'information_schema')"
    ).fetchall()
    assert sorted(row[0] for row in found) == ["intermediate", "marts", "staging"]


def test_everything_is_described(manifest: dict[str, Any]) -> None:
    silent = [m["name"] for m in models(manifest) if not m["description"].strip()]
    silent += [
        f"{m['name']}.{column['name']}"
        for m in models(manifest)
        for column in m["columns"].values()
        if not column["description"].strip()
    ]
    silent += [s["name"] for s in manifest["sources"].values() if not s["description"].strip()]
    silent += [
        test["name"] for test in manifest["unit_tests"].values() if not test["description"].strip()
    ]
    assert silent == []


def test_marts_are_public_and_keep_a_contract(manifest: dict[str, Any]) -> None:
    marts = [m for m in models(manifest) if m["schema"] == "marts"]
    assert {m["fqn"][2] for m in marts} >= LAYERS
    loose = [
        m["name"]
        for m in marts
        if m["access"] != "public" or not m["config"]["contract"]["enforced"]
    ]
    assert loose == []


def test_models_stay_short_and_in_their_layer(manifest: dict[str, Any]) -> None:
    long = [m["name"] for m in models(manifest) if m["raw_code"].count("\n") + 1 > 100]
    assert long == []
    prefixes = {"staging": "stg_", "intermediate": "int_"}
    for model in models(manifest):
        kind, group = model["fqn"][1], model["fqn"][2]
        if kind in prefixes:
            assert model["name"].startswith(f"{prefixes[kind]}{group}__"), model["name"]


def test_no_staging_model_reads_another_layer(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        if model["schema"] == "staging":
            parents = model["depends_on"]["nodes"]
            assert all(parent.startswith("source.") for parent in parents), model["name"]


def test_unit_tests_of_the_arithmetic_hold(
    built: psycopg.Connection[Any], settings: Settings
) -> None:
    del built
    results = dbt.invoke(settings, ["test", "--select", "test_type:unit"])
    assert [r.message for r in results if r.status != "pass"] == []
    assert len(results) >= 14


@pytest.mark.parametrize("selector", ["signals", "scoring"])
def test_selector_brings_what_it_stands_on(
    new_database: Any, settings: Settings, tmp_path: Path, selector: str
) -> None:
    changes = {"BATON_DATABASE_URL": new_database(), "BATON_HOME": str(tmp_path)}
    fresh = core_settings.load({**settings.environ, **changes})
    arguments = ["build", "--selector", selector, "--exclude-resource-type", "unit_test"]
    results = dbt.invoke(fresh, arguments)
    assert {result.status for result in results} <= {"success", "pass"}


def test_a_build_of_one_layer_takes_no_view_of_another_away(
    built: psycopg.Connection[Any], settings: Settings
) -> None:
    before = _views(built)
    dbt.invoke(settings, ["build", "--selector", "signals"], use_parsed=True)
    assert _views(built) == before
    assert len(before) > 50


def test_a_build_of_one_model_takes_no_view_of_another_away(
    built: psycopg.Connection[Any], settings: Settings
) -> None:
    before = _views(built)
    # A table of other columns, which views and tables of other models stand on.
    built.execute("alter table intermediate.int_attribution__opportunities add column extra int")
    built.commit()
    results = dbt.invoke(settings, ["build", "--select", "+opportunity+"])
    assert {result.status for result in results} <= {"success", "pass"}
    assert _views(built) == before


def _views(conn: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    found = conn.execute(
        "select table_schema, table_name from information_schema.views "
        "where table_schema in ('staging', 'intermediate')"
    ).fetchall()
    conn.rollback()
    return set(found)


def test_every_metric_can_be_asked_for(built: psycopg.Connection[Any], settings: Settings) -> None:
    metrics = Metrics(parsed.folder())
    assert {metric.stage for metric in metrics.shown} == LAYERS
    for metric in metrics.shown:
        assert metric.direction in ("up", "down", "none")
        assert len(metrics.query(built, [metric.name])) == 1
        # In an empty warehouse only the playbook has weeks: costs and targets.
        weekly = metrics.query(built, [metric.name], ["metric_time__week"])
        known = metric.name in ("signal_spend", "pipeline_coverage")
        assert known or all(row[metric.name] is None for row in weekly), metric.name


@pytest.mark.parametrize(
    ("metric", "dimension"),
    [
        pytest.param("win_rate", "opportunity__icp_quartile", id="quartile"),
        pytest.param("revenue_credit_linear", "credit__sequence", id="sequence"),
        pytest.param("positive_reply_rate", "enrolment__rep", id="rep"),
        pytest.param("show_rate", "meeting__segment", id="segment"),
    ],
)
def test_metrics_can_be_cut(
    built: psycopg.Connection[Any], settings: Settings, metric: str, dimension: str
) -> None:
    metrics = Metrics(parsed.folder())
    assert dimension in metrics.dimensions([metric])
    assert metrics.query(built, [metric], [dimension]) == []


def test_dimensions_and_measures_stand_in_their_mart(built: psycopg.Connection[Any]) -> None:
    wrong = []
    measures = Manifest(parsed.folder()).measures.values()
    asked = {(m.model.mart, m.name, m.expr) for m in measures}
    asked |= {(m.model.mart, *named) for m in measures for named in m.model.dimensions.items()}
    asked |= {(m.model.mart, "its time", m.model.time) for m in measures if m.model.time}
    for mart, name, expression in sorted(asked):
        try:
            with built.transaction():
                built.execute(sql(f"select {expression} from {mart} limit 0"))
        except psycopg.errors.UndefinedColumn as error:
            wrong.append(f"{name} of {mart}: {error.diag.message_primary}")
    assert len(asked) > 100
    assert not wrong


def test_every_cut_of_the_report_is_known_to_a_mart() -> None:
    models = {measure.model for measure in Manifest(parsed.folder()).measures.values()}
    unknown = [cut for cut in CUTS if not any(has_cut(model, cut) for model in models)]
    assert unknown == ["rule", "reason"], "which are counted beside the marts, in reports.extras"


def test_open_pipeline_is_unknown_where_a_quarter_has_only_another_currency(
    built: psycopg.Connection[Any],
) -> None:
    measure = Manifest(parsed.folder()).measures["open_closing"]
    found = built.execute(
        sql(
            f"select {measure.expr} from (values (true, 0, 0, 3), (true, 0, 5, 3), (true, 0, 0, 0), "
            "(true, 9, 0, 3), (false, 9, 0, 0)) "
            "as t (is_current, open_amount, won_amount, other_currency_opportunities)"
        )
    ).fetchall()
    assert [row[0] for row in found] == [None, 0, 0, 9, None]


def test_an_edited_definition_is_the_reports_and_the_order_is_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shutil.copytree(DBT, tmp_path / "project", ignore=shutil.ignore_patterns("target"))
    monkeypatch.setattr(runner, "DBT_PROJECT", project)
    monkeypatch.setattr(parsed, "KEPT", tmp_path / "parsed")
    parsed.folder()
    # WHEN a denominator is another one, and a semantic model is edited, which dbt parses anew
    metrics, models = project / "models" / "metrics.yml", project / "models" / "marts" / "signals"
    edited = "denominator: opportunities_closed}", "denominator: opportunities}"
    metrics.write_text(metrics.read_text().replace(*edited))
    semantic = models / "_signals__semantic.yml"
    semantic.write_text(semantic.read_text().replace("The units of", "Units of"))
    shown = {each.name: each for each in Metrics(parsed.folder()).shown}
    assert (shown["win_rate"].numerator, shown["win_rate"].denominator) == (
        "opportunities_won",
        "opportunities",
    )
    known = yaml.safe_load(metrics.read_text())["metrics"]
    assert list(shown) == [each["name"] for each in known]


def test_the_docs_name_every_metric() -> None:
    written = (PROJECT / "docs" / "metrics.md").read_text()
    known = yaml.safe_load((DBT / "models" / "metrics.yml").read_text())["metrics"]
    documented = set(re.findall(r"^\| `(\w+)` \|", written, re.MULTILINE))
    assert documented == {metric["name"] for metric in known}


def test_the_docs_have_the_labels_of_the_report() -> None:
    written = (PROJECT / "docs" / "metrics.md").read_text()
    known = yaml.safe_load((DBT / "models" / "metrics.yml").read_text())["metrics"]
    labels = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", written, re.MULTILINE))
    assert labels == {metric["name"]: metric["label"] for metric in known}


def test_the_docs_have_the_descriptions_of_the_report() -> None:
    written = (PROJECT / "docs" / "metrics.md").read_text().replace("`", "")
    known = yaml.safe_load((DBT / "models" / "metrics.yml").read_text())["metrics"]
    found = re.findall(
        r"^\| (\w+) \| [^|]+ \| ([^|]*) \| ([^|]+) \| ([^|]*) \|", written, re.MULTILINE
    )
    prose = {name: [each.strip() for each in cells] for name, *cells in found}
    for metric in known:
        note, above, below = prose[metric["name"]]
        counted = f"{above} / {below}" if below else above
        said = f"{counted[0].upper()}{counted[1:]}. {note}".strip()
        assert metric["description"] == said, metric["name"]


def test_no_module_that_dbt_would_import() -> None:
    assert not list(DBT.rglob("__init__.py"))
    places: list[Path] = [PROJECT / "dags", PROJECT / "plugins", PROJECT / "include"]
    assert [p for place in places for p in place.glob("dbt_*")] == []
