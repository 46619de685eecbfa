"""Webhooks in: verified, landed as they came, answered at once. Reading them is the layers' work."""
