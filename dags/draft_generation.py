"""Writes the first touch and the follow-ups that are due, in the rep's voice.

Every claim is tied to the evidence it rests on; what has nothing worth saying is not written. Nothing
is sent from here: a draft waits for a person.

### Inputs
`ops.lead`, `landing.signal`, `playbook/sequences/`, `playbook/voices/`; the connection `baton_llm`
(without it an offline writer drafts).

### Outputs
`ops.draft`, `ops.revision`, `ops.claim`; every prompt and answer in `ops.generation`.

### When it fails
- **draft**: the model does not answer or refuses; tries are spaced out and drafts that were written
  stay. The log names the connection.
- **gate**: a draft holds an ungrounded claim, a placeholder or a banned phrase. The log names the
  drafts; kill them or mend the sequence and clear the run. Reviewers see none of the batch until then.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("draft_generation", layer="drafting", schedule="20 * * * *", doc=__doc__):
    (
        step("baton.drafting.steps:draft", inlets=[table("ops.lead"), table("landing.signal")])
        >> gate(outlets=[table("ops.draft")])
    )
