"""Layer 6: bookings in, one meeting per chain of reschedules, with an owner and a calendar event.

Owns ops.booking and ops.meeting.
"""
