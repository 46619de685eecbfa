"""The DAGs as Airflow's own DAG processor loads them, once per session."""

import ast
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DAG_FILES = sorted((PROJECT / "dags").glob("*.py"))


@pytest.fixture(scope="session")
def bag() -> Any:
    """Airflow's DagBag of `dags/`."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(PROJECT / "dags")


def docstring(path: Path) -> str:
    """Return a file's docstring."""
    return ast.get_docstring(ast.parse(path.read_text()), clean=False) or ""
