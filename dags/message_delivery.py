"""Sends what a person approved, once.

Approved drafts become messages, landed e-mail events settle earlier ones, the gate looks at the
domains' health, and the sender then asks for each message, under the contact's lock, whether it may
still go.

### Inputs
`ops.decision`, `landing.email_event`, `ops.suppression`, caps and quiet hours; the connection
`baton_mail` (without it mail goes to a local folder of .eml files).

### Outputs
`ops.message`, `ops.attempt`, `ops.message_event`.

### When it fails
- **enqueue**: the log names the draft that could not become a message.
- **gate**: bounces, blocks or complaints over the threshold. Sending from that domain stops. Find
  the cause on the report, then resume; do not clear the gate to get mail out.
- **send**: the vendor does not answer. What was surely refused goes out later; what may have been
  sent is marked `unknown` and is never sent again by itself. Clear the task without fear.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("message_delivery", layer="delivery", schedule="*/10 * * * *", doc=__doc__):
    (
        step("baton.delivery.steps:enqueue", inlets=[table("ops.decision")])
        >> gate(outlets=[table("ops.message")])
        >> step("baton.delivery.steps:send", outlets=[table("ops.attempt")])
    )
