"""Understands replies.

A reply by a person stops the sequence for the contact and pauses the account's others; an automatic
one only pauses. Objections and questions about price never get a generated answer: they become a task
for the owner.

### Inputs
`landing.inbound_message` from the receiver.

### Outputs
`ops.reply` with its intent, `ops.hold`, `ops.suppression`, `ops.task`.

### When it fails
- **triage**: a message cannot be read; it is in `landing.quarantine` with its reason, and the others
  went through. Clear the task.
- **gate**: a reply without a contact, an intent or an owner. The log names the replies; settle them
  on the Exceptions page and clear the gate.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("reply_triage", layer="delivery", schedule="25 * * * *", doc=__doc__):
    (
        step("baton.delivery.steps:triage", inlets=[table("landing.inbound_message")])
        >> gate(outlets=[table("ops.reply")])
    )
