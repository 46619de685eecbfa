"""Writes the brief for each coming meeting and puts it into the rep's hands.

The brief has three parts: the signals that lifted the lead, the messages and responses so far, and
one paragraph in the rep's own voice.

### Inputs
`ops.meeting`, `landing.signal`, `ops.message`, `ops.reply`, `playbook/voices/`.

### Outputs
`ops.brief`; the private part of the calendar event, a CRM note (`ops.crm_write`).

### When it fails
- **brief**: the writer does not answer; briefs that were written stay. Clear the task.
- **gate**: a meeting comes up without a complete brief. The log names meeting and missing part.
- **hand_over**: calendar or CRM do not answer. Clear the task; each is written once.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("meeting_handoff", layer="handoff", schedule="5-59/10 * * * *", doc=__doc__):
    (
        step("baton.handoff.steps:brief", inlets=[table("ops.meeting")])
        >> gate(outlets=[table("ops.brief")])
        >> step("baton.handoff.steps:hand_over", outlets=[table("ops.crm_write")])
    )
