"""Drafts first touches and follow-ups that are due, in the rep's voice, every claim tied to evidence."""
