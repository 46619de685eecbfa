"""Turns transcripts into notes, next steps and CRM updates.

Each carries the quote that proves it; what has no quote is not written.

### Inputs
`landing.transcript` from the receiver, `ops.meeting`.

### Outputs
`ops.meeting_outcome`, `ops.note`, `ops.next_step`; CRM updates through `ops.crm_write`.

### When it fails
- **digest**: a transcript belongs to no meeting (it is on the Exceptions page) or the writer does not
  answer. Clear the task.
- **gate**: a note or an update without its quote. The log names it; nothing goes to the CRM until it
  is mended and the gate is cleared.
- **write_crm**: the CRM does not answer. Clear the task; each write is made once.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("post_meeting_sync", layer="post_meeting", schedule="40 * * * *", doc=__doc__):
    (
        step("baton.post_meeting.steps:digest", inlets=[table("landing.transcript")])
        >> gate(outlets=[table("ops.note"), table("ops.next_step")])
        >> step("baton.post_meeting.steps:write_crm", outlets=[table("ops.crm_write")])
    )
