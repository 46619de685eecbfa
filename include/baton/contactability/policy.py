"""What the rules need to know from the playbook, in one record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from baton.playbook.thresholds import Contactability, Thresholds


@dataclass(frozen=True)
class Policy:
    """The figures of `thresholds.yml`, and which sequences are meant for whom they would exclude.

    `exempt` maps a kind of hold ("protected", "open_opportunity") to the sequences that it does not
    stop: a renewal speaks to customers.
    """

    figures: Contactability
    shadow_mode: bool = False
    exempt: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, thresholds: Thresholds, exempt: Mapping[str, Sequence[str]]) -> "Policy":
        """Take what concerns contactability from the table of thresholds."""
        return cls(thresholds.contactability, thresholds.delivery.shadow_mode, exempt)

    def params(self) -> dict[str, Any]:
        """Return the parameters that the statements of this package share."""
        known, unknown = self.figures.hours, self.figures.unknown_timezone_hours
        return {
            "from": known.start,
            "to": known.end,
            "unknown_from": unknown.start,
            "unknown_to": unknown.end,
            "sender_timezone": self.figures.sender_timezone,
            "shadow": self.shadow_mode,
            "exempt_protected": list(self.exempt.get("protected", ())),
            "exempt_open_opportunity": list(self.exempt.get("open_opportunity", ())),
        }
