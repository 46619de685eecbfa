"""Scores leads and gives each to a rep.

dbt computes ICP fit, decayed intent, ICP quartile and lead score; the routing rules then find the
rep and keep the reason.

### Inputs
`landing.signal`, `ops.account`, `ops.contact`, `playbook/icp.yml`, `playbook/routing.yml`.

### Outputs
`marts.lead_candidate`, `ops.lead` with `ops.routing_decision`.

### When it fails
- **dbt**: the log names the model and what it said.
- **route**: a rule names a rep or a team that does not exist; the log names file and line.
- **gate**: scores out of range, quartiles out of balance, a drift, or leads without an owner. The
  log names the leads. Drafting goes on with the leads it had; mend the rule and clear the run.
"""

from baton_airflow import baton_dag, dbt, gate, step, table

with baton_dag("lead_scoring", layer="scoring", schedule="10 * * * *", doc=__doc__):
    (
        dbt("scoring", inlets=[table("landing.signal")], outlets=[table("marts.lead_candidate")])
        >> step("baton.scoring.steps:route", inlets=[table("marts.lead_candidate")])
        >> gate(outlets=[table("ops.lead")])
    )
