"""Looks after the sending domains.

Counts bounces, blocks and complaints per domain over their windows, moves warm-up budgets and trips
the breaker of a domain that is in trouble.

### Inputs
`ops.message`, `ops.message_event`, `playbook/thresholds.yml`.

### Outputs
`ops.budget`, `ops.breaker`.

### When it fails
- **watch**: the log names the domain or the threshold that cannot be read. Clear the task.
- **gate**: a domain is over a threshold. Its breaker is open and sending from it has stopped; the
  log names domain, rate and limit. Find the cause before you close the breaker.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("deliverability_watch", layer="delivery", schedule="5 * * * *", doc=__doc__):
    (
        step("baton.delivery.steps:watch", inlets=[table("ops.message_event")])
        >> gate(outlets=[table("ops.breaker")])
    )
