"""One module per DAG, named like it, with `SUITES: list[Suite]`."""
