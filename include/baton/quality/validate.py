"""Runs one suite with Great Expectations and says in plain words what it found.

Great Expectations takes seconds to import, so it is imported only when a suite is checked. It opens
its own connection (psycopg2); the batch is put into a temporary table there, so that all expectations
of a suite see the same rows, and so that the text of the query reaches Postgres as it was written
(Great Expectations would double its per cent signs and take `:name` for a parameter).
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

from baton.quality.suite import Params, Suite

# So many failing rows are kept by name in ops.gate_result; the number of them is always exact.
ROWS_NAMED = 100
# So many are named in a sentence.
ROWS_TOLD = 5


@dataclass(frozen=True)
class Failure:
    """One expectation that was not met. `failed` is the number of rows, or None for an aggregate."""

    expectation: str
    column: str | None
    sentence: str
    failed: int | None
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """What one suite found in the batch."""

    suite: Suite
    row_count: int
    expectations: int
    failures: list[Failure]

    @property
    def passed(self) -> bool:
        """Tell whether everything was met."""
        return not self.failures


class Validator:
    """Great Expectations, connected to one warehouse. Made by `open_validator`.

    It connects when the first batch is there: a gate that has none does without.
    """

    def __init__(self, database_url: str, batches: int) -> None:
        """Take so many batches at most."""
        self._url = database_url
        self._names = [f"gate_batch_{number}" for number in range(batches)]
        self._source: Any = None

    def validate(self, suite: Suite, query: str, params: Params) -> Verdict:
        """Check the rows of `query` (SQL with its parameters filled in) against the suite."""
        import great_expectations as gx
        import great_expectations.expectations as gxe

        counted = gxe.ExpectTableRowCountToBeBetween(
            min_value=0 if suite.empty_ok else 1, description="the batch must have rows"
        )
        wanted = list(suite.expectations(params))
        asked = gx.ExpectationSuite(name=suite.name, expectations=[counted, *wanted])
        batch, row_count = self._batch(query)
        found = batch.validate(asked, result_format="BOOLEAN_ONLY")
        if not found.success:
            # To name the rows takes longer than to see that there are none to name.
            found = batch.validate(
                asked,
                result_format={
                    "result_format": "SUMMARY",
                    "partial_unexpected_count": ROWS_NAMED,
                    "unexpected_index_column_names": list(suite.id_columns),
                    "include_unexpected_rows": False,
                },
            )
        failures = [_failure(suite, result) for result in found.results if not result.success]
        return Verdict(suite, row_count, len(wanted) + (not suite.empty_ok), failures)

    def _batch(self, query: str) -> tuple[Any, int]:
        """Return the rows of a query as Great Expectations takes them, and how many there are."""
        if self._source is None:
            self._source = self._connect()
        asset = self._source.get_asset(self._names.pop())
        with self._source.get_execution_engine().engine.begin() as connection:
            plain = connection.execution_options(no_parameters=True)
            made = plain.exec_driver_sql(f"create temporary table {asset.name} as {query}")
        return asset.get_batch(asset.build_batch_request()), made.rowcount

    def _connect(self) -> Any:
        from great_expectations.datasource.fluent import PostgresDatasource

        # Made whole: whatever is added later, it would write down all of its settings again.
        source = PostgresDatasource(
            name=f"warehouse_{next(_opened)}",
            connection_string=_sqlalchemy_url(self._url),
            assets=[
                {"name": name, "type": "query", "query": f"select * from {name}"}
                for name in self._names
            ],
        )
        return _context().add_datasource(datasource=source)

    def close(self) -> None:
        """Close the connections."""
        if self._source is not None:
            self._source.get_execution_engine().close()
            self._source.get_engine().dispose()
            _context().delete_datasource(self._source.name)


@contextmanager
def open_validator(database_url: str, batches: int) -> Iterator[Validator]:
    """Give Great Expectations for at most so many batches; leaving the block closes connections."""
    validator = Validator(database_url, batches)
    try:
        yield validator
    finally:
        validator.close()


def warm_up() -> None:
    """Make what a process needs once, for one that forks another for each gate."""
    _context()


_opened = count()


@lru_cache(maxsize=1)
def _context() -> Any:
    # It explains its own workings at INFO, which would bury the verdict in a task's log.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _sqlalchemy_url(database_url: str) -> str:
    """Return the URL for SQLAlchemy with psycopg2; a "$" would be taken for a variable's name."""
    address = database_url.split("://", 1)[1].replace("$", "%24")
    joint = "&" if "?" in address else "?"
    return f"postgresql+psycopg2://{address}{joint}options=-c%20timezone%3DUTC"


def _failure(suite: Suite, result: Any) -> Failure:
    kind: str = result.expectation_config.type
    kwargs: dict[str, Any] = result.expectation_config.kwargs
    column = kwargs.get("column")
    words = getattr(result.expectation_config, "description", None) or _in_words(kind, kwargs)
    if said := _exception(result.exception_info):
        return Failure(kind, column, f"{words}: it could not be checked ({said})", None)
    details: dict[str, Any] = result.result
    failed = details.get("unexpected_count")
    if failed is None:
        observed = details.get("observed_value")
        return Failure(kind, column, f"{words}: found {observed}", None)
    rows = [
        {name: row.get(name) for name in suite.id_columns}
        for row in details.get("partial_unexpected_index_list") or []
    ]
    count = details.get("element_count")
    sentence = f"{words}: {failed} of {count} rows fail{_named(rows, failed)}"
    return Failure(kind, column, sentence, failed, rows)


def _named(rows: Sequence[dict[str, Any]], failed: int) -> str:
    """Return ' (id a, b and 3 more)' or nothing."""
    if not rows:
        return ""
    told = [", ".join(str(value) for value in row.values()) for row in rows[:ROWS_TOLD]]
    separator = ", " if len(rows[0]) == 1 else "; "
    more = f" and {failed - len(told)} more" if failed > len(told) else ""
    return f" ({', '.join(rows[0])}: {separator.join(told)}{more})"


def _in_words(kind: str, kwargs: dict[str, Any]) -> str:
    """Return "rep_id: values to not be null" for expect_column_values_to_not_be_null."""
    words = kind.removeprefix("expect_").replace("_", " ")
    column = kwargs.get("column")
    if column is not None:
        words = f"{column}: {words.removeprefix('column ')}"
    shown = {
        name: value
        for name, value in kwargs.items()
        if name not in ("column", "batch_id") and value not in (None, False)
    }
    limits = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items())
    return f"{words} ({limits})" if limits else words


def _exception(info: dict[str, Any] | None) -> str:
    """Return what went wrong while an expectation was worked out, as one line, or nothing.

    The record is flat, or holds one such record per metric.
    """
    if not info:
        return ""
    records = [info] if "raised_exception" in info else list(info.values())
    for record in records:
        if isinstance(record, dict) and record.get("raised_exception"):
            return " ".join(str(record.get("exception_message")).split())
    return ""
