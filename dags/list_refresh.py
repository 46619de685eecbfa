"""Keeps the list of accounts and contacts complete, unique and fresh.

New entries of the watchlist become accounts; aliases and duplicates are merged; stale details are
fetched again; people who left are marked.

### Inputs
`playbook/watchlist.csv`, the CRM if it is connected, `landing.*`.

### Outputs
`ops.account`, `ops.contact` and `ops.person`, handed on by the gate.

### When it fails
- **refresh**: a line of the watchlist is wrong (the log names file, line and remedy) or the CRM does
  not answer. Mend it and clear the task; a refresh that runs twice changes nothing.
- **gate**: the log names the accounts or contacts. Nothing of this refresh is used until they are
  mended and the gate is cleared.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("list_refresh", layer="signals", schedule="0 3 * * *", doc=__doc__):
    (
        step("baton.signals.steps:refresh")
        >> gate(outlets=[table("ops.account"), table("ops.contact")])
    )
