"""The gate on a real warehouse: what passes, what stops, what is kept, what is released.

The suites here read `ops.task`, a table that has what a batch needs: ids, text and a run.
"""

import sys
import time
import types
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from baton import motion
from baton.core.errors import GateFailed
from baton.core.ids import new_id
from baton.delivery import steps as delivery_steps
from baton.quality import gate
from baton.quality.suite import Params, Suite
from baton.quality.validate import ROWS_NAMED, open_validator
from baton.warehouse.run import Run

DAG = "reply_triage"
BATCH = "select id, kind, title, owner_rep_id from ops.task where run_id = any(%(run_ids)s)"

Expectations = Callable[[Params], Sequence[Any]]


def _owned(_params: Params) -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="owner_rep_id", description="tasks have owners")
    ]


def _suite(expectations: Expectations = _owned, **changes: Any) -> Suite:
    known: dict[str, Any] = {
        "name": "tasks",
        "query": BATCH,
        "id_columns": ("id",),
        "expectations": expectations,
        "empty_ok": True,
    }
    return Suite(**(known | changes))


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put suites in the place of those of the DAG."""

    def put(*suites: Suite) -> None:
        name = f"baton.quality.suites.{DAG}"
        module = types.ModuleType(name)
        module.SUITES = list(suites)  # type: ignore[attr-defined]
        module.__spec__ = types.SimpleNamespace(name=name)  # type: ignore[assignment]
        monkeypatch.setitem(sys.modules, name, module)

    return put


@pytest.fixture(autouse=True)
def nothing_waits(conn: psycopg.Connection[Any]) -> None:
    """Release what other tests left, so that each sees its own batch."""
    conn.execute("update ops.run set released_at = ops.now() where released_at is null")
    conn.commit()


@pytest.fixture
def rep(conn: psycopg.Connection[Any]) -> str:
    """A rep who can own tasks."""
    row = conn.execute("insert into ops.rep (name) values ('Ada') returning id").fetchone()
    conn.commit()
    assert row is not None
    return str(row[0])


def _task(conn: psycopg.Connection[Any], run: Run, owner: str | None, title: str = "call") -> str:
    row = conn.execute(
        "insert into ops.task (kind, subject_kind, subject_id, title, owner_rep_id, run_id) "
        "values ('call', 'lead', %s, %s, %s, %s) returning id",
        (new_id("led"), title, owner, run.id),
    ).fetchone()
    conn.commit()
    assert row is not None
    return str(row[0])


def _released(conn: psycopg.Connection[Any], run: Run) -> bool:
    row = conn.execute("select 1 from ops.released_run where id = %s", (run.id,)).fetchone()
    conn.rollback()
    return row is not None


def _kept(conn: psycopg.Connection[Any], run: Run) -> list[tuple[Any, ...]]:
    found = conn.execute(
        "select suite, passed, row_count, expectations, failed_expectations, failures "
        "from ops.gate_result where run_id = %s order by id",
        (run.id,),
    ).fetchall()
    conn.rollback()
    return found


def test_a_run_that_another_gate_released_early_waits_for_its_own(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str, monkeypatch: Any
) -> None:
    use(_suite())
    first, second = make_run("delivery", DAG), make_run("delivery", DAG)
    seen: list[bool] = []

    def write(run: Run) -> dict[str, int | str]:
        _task(conn, run, None)
        seen.append(_released(conn, run))
        return {}

    monkeypatch.setattr(delivery_steps, "triage", write)
    # GIVEN a second run that was opened and waits for its turn
    motion.run_step("gate", first)
    assert _released(conn, second), "a gate releases all that waits"
    # WHEN it begins to write
    motion.run_step("baton.delivery.steps:triage", second)
    # THEN nobody reads what it writes before its own gate, which stops it here
    assert seen == [False]
    with pytest.raises(GateFailed):
        motion.run_step("gate", second)
    assert not _released(conn, second)


def test_a_good_batch_is_released(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    use(_suite())
    run = make_run("delivery", DAG)
    _task(conn, run, rep)

    counts = gate.check(run, DAG)
    assert counts == {"suites": 1, "rows": 1, "released_runs": 1, "warnings": 0}
    assert _released(conn, run)
    assert _kept(conn, run) == [("tasks", True, 1, 1, 0, [])]


def test_a_suite_that_does_not_stop_is_kept_and_the_batch_goes_on(
    use: Any, make_run: Any, conn: psycopg.Connection[Any]
) -> None:
    use(_suite(stops=False))
    run = make_run("delivery", DAG)
    bad = _task(conn, run, None)

    assert gate.check(run, DAG)["warnings"] == 1
    assert _released(conn, run)
    (_, passed, _, _, _, failures) = _kept(conn, run)[0]
    assert not passed
    assert failures[0]["rows"] == [{"id": bad}]


def test_beside_a_suite_that_stops_only_that_one_is_blamed(
    use: Any, make_run: Any, conn: psycopg.Connection[Any]
) -> None:
    use(_suite(name="the world", stops=False), _suite())
    run = make_run("delivery", DAG)
    _task(conn, run, None)

    with pytest.raises(GateFailed, match="'tasks'") as caught:
        gate.check(run, DAG)
    assert "the world" not in str(caught.value)
    assert not _released(conn, run)


def test_a_bad_batch_stops_and_its_rows_are_named(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    use(_suite(look="settle them on the Exceptions page"))
    run = make_run("delivery", DAG)
    _task(conn, run, rep)
    bad = _task(conn, run, None)

    with pytest.raises(GateFailed) as caught:
        gate.check(run, DAG)

    said = str(caught.value)
    assert f"The gate of {DAG} failed" in said
    assert f"'tasks': tasks have owners: 1 of 2 rows fail (id: {bad})" in said
    assert "settle them on the Exceptions page" in said
    assert "clear the gate" in said
    assert not _released(conn, run)
    (suite, passed, rows, _, failed, failures) = _kept(conn, run)[0]
    assert (suite, passed, rows, failed) == ("tasks", False, 2, 1)
    assert failures[0]["rows"] == [{"id": bad}]
    assert failures[0]["failed"] == 1
    assert failures[0]["column"] == "owner_rep_id"


def test_one_bad_suite_stops_all(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    def _called(_params: Params) -> list[Any]:
        import great_expectations.expectations as gxe

        return [gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=["write"])]

    use(_suite(), _suite(_called, name="kinds"))
    run = make_run("delivery", DAG)
    _task(conn, run, rep)
    with pytest.raises(GateFailed, match="'kinds': kind: values to be in set"):
        gate.check(run, DAG)
    assert [(row[0], row[1]) for row in _kept(conn, run)] == [("tasks", True), ("kinds", False)]
    assert not _released(conn, run)


def test_a_bad_batch_blocks_the_next_run_until_it_is_mended(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    use(_suite())
    first, second = make_run("delivery", DAG), make_run("delivery", DAG)
    bad = _task(conn, first, None)
    _task(conn, second, rep)
    with pytest.raises(GateFailed, match=bad):
        gate.check(second, DAG)
    assert not _released(conn, second)

    conn.execute("update ops.task set owner_rep_id = %s where id = %s", (rep, bad))
    conn.commit()
    assert gate.check(second, DAG)["released_runs"] == 2
    assert _released(conn, first)


def test_a_batch_of_another_dag_is_left_alone(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    use(_suite())
    run, other = make_run("delivery", DAG), make_run("delivery", "message_delivery")
    _task(conn, run, rep)
    _task(conn, other, None)
    gate.check(run, DAG)
    assert _released(conn, run)
    assert not _released(conn, other)


def test_a_cleared_run_that_made_bad_rows_is_taken_back(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    use(_suite())
    run = make_run("delivery", DAG)
    _task(conn, run, rep)
    gate.check(run, DAG)
    _task(conn, run, None)
    with pytest.raises(GateFailed):
        gate.check(run, DAG)
    assert not _released(conn, run)


def test_checking_twice_changes_nothing(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    use(_suite())
    run = make_run("delivery", DAG)
    _task(conn, run, rep)
    gate.check(run, DAG)
    before = conn.execute("select released_at from ops.run where id = %s", (run.id,)).fetchone()
    conn.rollback()
    gate.check(run, DAG)
    after = conn.execute("select released_at from ops.run where id = %s", (run.id,)).fetchone()
    assert before == after != (None,)


@pytest.mark.parametrize("empty_ok", [True, False])
def test_an_empty_batch_passes_only_where_the_suite_says_so(
    empty_ok: bool, use: Any, make_run: Any, conn: psycopg.Connection[Any]
) -> None:
    use(_suite(empty_ok=empty_ok))
    run = make_run("delivery", DAG)
    if empty_ok:
        assert gate.check(run, DAG)["rows"] == 0
    else:
        with pytest.raises(GateFailed, match="the batch must have rows: found 0"):
            gate.check(run, DAG)
    assert _released(conn, run) is empty_ok


def test_an_aggregate_says_what_was_found(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    def _many(params: Params) -> list[Any]:
        import great_expectations.expectations as gxe

        return [gxe.ExpectColumnUniqueValueCountToBeBetween(column="id", min_value=params["least"])]

    use(_suite(_many, params=lambda _run: {"least": 4}))
    run = make_run("delivery", DAG)
    _task(conn, run, rep)
    with pytest.raises(GateFailed, match=r"min value 4.*found 1"):
        gate.check(run, DAG)
    assert _kept(conn, run)[0][5][0]["failed"] is None


def test_more_failing_rows_than_are_named_are_still_counted(
    use: Any, make_run: Any, conn: psycopg.Connection[Any]
) -> None:
    use(_suite())
    run = make_run("delivery", DAG)
    conn.execute(
        "insert into ops.task (kind, subject_kind, subject_id, title, run_id) "
        "select 'call', 'lead', 'many_' || g, 'call', %s from generate_series(1, %s) g",
        (run.id, ROWS_NAMED + 50),
    )
    conn.commit()
    with pytest.raises(GateFailed, match=f"{ROWS_NAMED + 50} of {ROWS_NAMED + 50} rows fail"):
        gate.check(run, DAG)
    failure = _kept(conn, run)[0][5][0]
    assert failure["failed"] == ROWS_NAMED + 50
    assert len(failure["rows"]) == ROWS_NAMED


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("50% off", id="per cent"),
        pytest.param("see :owner at 10 :30", id="looks like a parameter"),
        pytest.param("{name} $HOME ${HOME}", id="looks like a template"),
        pytest.param("it's \\ done -- not", id="quote, backslash, comment"),
        pytest.param("Zoë ✓ \u202e", id="beyond ASCII"),
    ],
)
def test_text_reaches_the_query_as_it_is(
    title: str, use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    query = (
        BATCH
        + " and title = %(title)s and '7%%' = '7' || chr(37) and ' :x' = ' ' || chr(58) || 'x'"
    )
    use(_suite(query=query, params=lambda _run: {"title": title}, empty_ok=False))
    run = make_run("delivery", DAG)
    _task(conn, run, rep, title)
    assert gate.check(run, DAG)["rows"] == 1


def test_every_query_has_the_run_and_the_clock(use: Any, make_run: Any) -> None:
    query = """
        with asked as (
            select %(now)s::timestamptz as asked_at, %(run_id)s as run, %(dag_id)s as dag,
                   %(interval_start)s::timestamptz as since, %(interval_end)s::timestamptz as until
        )
        select 'one' as id, asked_at - ops.now() as off, dag, run = any(%(run_ids)s) as mine,
               since < until as forward
        from asked
    """

    def _true(_params: Params) -> list[Any]:
        import great_expectations.expectations as gxe

        return [
            gxe.ExpectColumnValuesToBeInSet(column="dag", value_set=[DAG]),
            gxe.ExpectColumnValuesToBeInSet(column="mine", value_set=[True]),
            gxe.ExpectColumnValuesToBeInSet(column="forward", value_set=[True]),
        ]

    use(_suite(_true, query=query, empty_ok=False))
    assert gate.check(make_run("delivery", DAG), DAG)["rows"] == 1


def test_an_expectation_that_cannot_be_checked_is_not_met(
    use: Any, make_run: Any, conn: psycopg.Connection[Any], rep: str
) -> None:
    def _typo(_params: Params) -> list[Any]:
        import great_expectations.expectations as gxe

        return [gxe.ExpectColumnValuesToNotBeNull(column="ownr")]

    use(_suite(_typo))
    run = make_run("delivery", DAG)
    _task(conn, run, rep)
    with pytest.raises(GateFailed, match=r"ownr: values to not be null: it could not be checked"):
        gate.check(run, DAG)
    assert not _released(conn, run)


def test_a_query_that_is_wrong_releases_nothing(
    use: Any, make_run: Any, conn: psycopg.Connection[Any]
) -> None:
    use(_suite(), _suite(name="wrong", query="select id from ops.nothing_like_it"))
    run = make_run("delivery", DAG)
    with pytest.raises(Exception, match="nothing_like_it"):
        gate.check(run, DAG)
    assert not _released(conn, run)
    assert _kept(conn, run) == []


def test_a_dag_without_suites_hands_nothing_on(make_run: Any) -> None:
    with pytest.raises(
        GateFailed, match=r"has no suites.*include/baton/quality/suites/no_such\.py"
    ):
        gate.check(make_run("delivery", DAG), "no_such")


def test_the_connections_are_closed_afterwards(
    database_url: str, use: Any, make_run: Any, conn: psycopg.Connection[Any]
) -> None:
    use(_suite())
    gate.check(make_run("delivery", DAG), DAG)
    conn.rollback()
    conn.autocommit = True  # within a transaction pg_stat_activity stands still
    others = """
        select pid from pg_stat_activity
        where datname = %s and backend_type = 'client backend' and pid <> pg_backend_pid()
    """
    # A backend is gone a moment after its connection was closed; one that was left open stays.
    give_up = time.monotonic() + 30
    while left := conn.execute(others, (urlsplit(database_url).path.lstrip("/"),)).fetchall():
        assert time.monotonic() < give_up, left


def test_a_password_with_a_dollar_sign_is_no_variable(
    database_url: str, conn: psycopg.Connection[Any]
) -> None:
    role, password = new_id("rol"), "p$HOME/%@:x"
    conn.execute(f"create role {role} login password '{password}'")
    conn.commit()
    parts = urlsplit(database_url)
    host = f"{parts.hostname}:{parts.port}"
    url = f"postgresql://{role}:{quote(password, safe='$')}@{host}{parts.path}"
    with open_validator(url, 1) as validator:
        verdict = validator.validate(_suite(lambda _params: []), "select 1 as id", {})
    assert verdict.passed
    conn.execute(f"drop role {role}")
    conn.commit()
