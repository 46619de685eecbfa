"""What the gate of `deliverability_watch` asks."""

from baton.quality.suites.domain_health import HEALTH

SUITES = [HEALTH]
