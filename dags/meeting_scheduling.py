"""Turns bookings into meetings with an owner.

A booking, moved or cancelled as often as it likes, is one meeting with one rep, and stands in the
rep's own calendar.

### Inputs
`landing.booking_event` from the receiver; the connection `baton_calendar` (without it events are
.ics files in a local folder).

### Outputs
`ops.booking`, `ops.meeting`, `ops.calendar_event`.

### When it fails
- **book**: the log names the booking that could not be read.
- **gate**: a booking has no owner. The log names it; give it one on the Exceptions page and clear
  the gate. No event is written until then.
- **write_calendar**: the calendar does not answer. Clear the task; an event is written once.
"""

from baton_airflow import baton_dag, gate, step, table

with baton_dag("meeting_scheduling", layer="scheduling", schedule="*/10 * * * *", doc=__doc__):
    (
        step("baton.scheduling.steps:book", inlets=[table("landing.booking_event")])
        >> gate(outlets=[table("ops.meeting")])
        >> step("baton.scheduling.steps:write_calendar", outlets=[table("ops.calendar_event")])
    )
