"""Layer 8: a transcript becomes notes, next steps and CRM updates, each with the quote that proves it.

Owns ops.meeting_outcome, ops.note and ops.next_step.
"""
