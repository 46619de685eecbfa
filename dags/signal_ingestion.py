"""Watches the watchlist for intent signals.

Feeds and job boards are polled, verified webhooks are picked up from where the receiver landed
them, and dbt turns them into signals that the other layers can trust.

### Inputs
`playbook/watchlist.csv` and `playbook/signals/`; `landing.signal_event` from the receiver.

### Outputs
`landing.*` as it came, rejects in `landing.quarantine`, `landing.signal` once the gate lets go.

### When it fails
- **land**: a source is down or changed its form. The sentence in the log names it; what the other
  sources gave is kept. Clear the task when the source answers again: nothing is read twice.
- **dbt**: the log names the model and what it said.
- **gate**: the log names the rows. Mend them or the source and clear the gate. Until then the batch
  waits and scoring goes on with the signals it had.
"""

from baton_airflow import baton_dag, dbt, gate, step, table

with baton_dag("signal_ingestion", layer="signals", schedule="0 * * * *", doc=__doc__):
    (
        step("baton.signals.steps:land", outlets=[table("landing.signal_event")])
        >> dbt("signals", inlets=[table("landing.signal_event")])
        >> gate(outlets=[table("landing.signal")])
    )
