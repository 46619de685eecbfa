"""A small simulated market with known truth, and stand-ins that speak the vendors' HTTP.

Nothing in here is read by Baton: Baton meets it only as base URLs, feeds and webhooks, exactly
as it would meet the vendors. Tests may read the truth at `GET /_control/truth`.
"""
