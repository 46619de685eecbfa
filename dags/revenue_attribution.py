"""Follows revenue back to the signal that started it, and publishes the stage report.

First touch, last touch and linear credit by sequence, rep, segment and ICP quartile; what nobody
touched stands as unattributed, so that credit always sums to revenue.

### Inputs
`landing.opportunity` (from the CRM or an import), `ops.message`, `ops.meeting`.

### Outputs
`marts.attribution_credit` and the stage metrics, the report page and the report files.

### When it fails
- **pull_deals**: the CRM does not answer; an import alone needs none. Clear the task.
- **dbt**: the log names the model and what it said.
- **gate**: credits do not add up to revenue to the cent, or a join multiplied rows. The log names
  the opportunities. The last good report stays until this is mended.
- **publish**: the folder of the report cannot be written; the log names it.
"""

from baton_airflow import baton_dag, dbt, gate, step, table

with baton_dag("revenue_attribution", layer="attribution", schedule="0 5 * * *", doc=__doc__):
    (
        step("baton.signals.steps:pull_deals", outlets=[table("landing.opportunity")])
        >> dbt("attribution", inlets=[table("landing.opportunity"), table("ops.message")])
        >> gate(outlets=[table("marts.attribution_credit")])
        >> step("baton.reports.steps:publish", inlets=[table("marts.attribution_credit")])
    )
