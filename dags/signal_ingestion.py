"""Watches the watchlist for intent signals.

Feeds and job boards are polled, verified webhooks are picked up from where the receiver landed
them, and dbt turns them into signals that the other layers can trust.

### Inputs
`playbook/watchlist.csv` and `playbook/signals/`; `landing.signal_event` from the receiver.

### Outputs
`landing.*` as it came, rejects in `landing.quarantine`, `landing.signal` once the gate lets go.

### When it fails
- **land**: no source could be reached at all; look at the network, then clear the task. One source
  alone never fails it: the others' signals are landed, built, checked and handed on as ever.
- **dbt**: the log names the model and what it said.
- **gate**: the log names the rows. Mend them or the source and clear the gate. Until then the batch
  waits and scoring goes on with the signals it had.
- **sources**: the others' signals are handed on, but a source is broken (the log names it and what to
  do). Mend it, then clear **land** with what follows, or wait an hour: nothing is read twice.
"""

from baton_airflow import baton_dag, dbt, gate, step, table

with baton_dag("signal_ingestion", layer="signals", schedule="0 * * * *", doc=__doc__):
    (
        step("baton.signals.steps:land", outlets=[table("landing.signal_event")])
        >> dbt("signals", inlets=[table("landing.signal_event")])
        >> gate(outlets=[table("landing.signal")])
        >> step("baton.signals.steps:sources")
    )
