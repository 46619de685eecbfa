"""The outbox for side effects other than mail: writes to the CRM and events in reps' calendars.

Owns ops.crm_write and ops.calendar_event. A row is there before the request leaves, only rows of
released runs leave, and each leaves once.
"""
