"""Keeps the review desk true.

Drafts whose evidence went stale, whose contact answered or that nobody decided in time expire; an
unreviewed draft is never sent. Reps get the digest of what waits for them.

### Inputs
`ops.draft`, `ops.decision` (written by people on the review page), `ops.reply`.

### Outputs
Expired drafts, the digest.

### When it fails
- **upkeep**: the log says what could not be read. Clear the task; it may run as often as you like.
- **gate**: an approval does not match the content it was given for. The log names the draft. This
  must not happen: leave it stopped, look at the decision with `baton why`, and report it.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("review_upkeep", layer="review", schedule="30 * * * *", doc=__doc__):
    (
        step("baton.review.steps:upkeep", inlets=[table("ops.draft")])
        >> gate(outlets=[table("ops.decision")])
    )
