"""What the DAG files are made of: the DAG with Baton's defaults, its tasks and its assets.

This package and `dags/` and `plugins/` around it are the only code that imports Airflow.
"""

from baton_airflow.dag import baton_dag
from baton_airflow.lineage import table
from baton_airflow.steps import dbt, gate, step

__all__ = ["baton_dag", "dbt", "gate", "step", "table"]
