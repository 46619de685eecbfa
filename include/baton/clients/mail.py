"""What every mail vendor is asked and may answer, in one vocabulary.

The five outcomes are those of `ops.attempt`. What matters is whether the mail may be sent again:
after `Throttled` and `Refused` it may, because it definitely was not taken; after `Ambiguous` it never
is by itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Protocol

from baton.core.errors import InputError

# A request as a whole ends well within `stuck_minutes` of thresholds.yml.
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 40.0

FIELDS = ("from", "html", "list_unsubscribe", "reply_to", "subject", "text", "to")


@dataclass(frozen=True)
class Address:
    """An address with the name that is shown, which may be empty."""

    name: str
    email: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read "a@b.example" or "Name <a@b.example>". Raises InputError if there is no address."""
        name, email = parseaddr(text)
        local, at, domain = email.rpartition("@")
        if not (local and at and domain) or any(c in text for c in "\r\n"):
            raise InputError(f"{text!r} holds no e-mail address.")
        return cls(name, email)

    @property
    def domain(self) -> str:
        """The part after the @, in lower case."""
        return self.email.rpartition("@")[2].lower()


@dataclass(frozen=True)
class Outgoing:
    """One mail: exactly what was approved, the opaque key under which it goes, and when."""

    send_key: str
    at: datetime
    sender: Address
    to: Address
    reply_to: Address | None
    subject: str
    text: str
    html: str
    list_unsubscribe: str

    @classmethod
    def from_rendered(cls, rendered: bytes, send_key: str, at: datetime) -> "Outgoing":
        """Read the canonical JSON of a revision. Raises InputError naming what is wrong with it."""
        try:
            fields = json.loads(rendered)
            json.dumps(fields, ensure_ascii=False).encode()  # half a surrogate pair has no bytes
        except ValueError:
            raise InputError("The approved content is not JSON in UTF-8.") from None
        if not isinstance(fields, dict) or set(fields) != set(FIELDS):
            raise InputError(f"The approved content must have exactly {', '.join(FIELDS)}.")
        for name in ("from", "to", "subject", "text", "list_unsubscribe"):
            if not isinstance(fields[name], str) or not fields[name].strip():
                raise InputError(f"The approved content has no {name}.")
        if "\n" in fields["subject"] or "\r" in fields["subject"]:
            raise InputError("The approved subject has more than one line.")
        return cls(
            send_key=send_key,
            at=at,
            sender=Address.parse(fields["from"]),
            to=Address.parse(fields["to"]),
            reply_to=Address.parse(fields["reply_to"]) if fields["reply_to"] else None,
            subject=fields["subject"],
            text=fields["text"],
            html=fields["html"] or "",
            list_unsubscribe=fields["list_unsubscribe"],
        )

    @property
    def message_id(self) -> str:
        """The Message-ID, by which a reply is recognised: it holds the send key."""
        return f"<{self.send_key}@{self.sender.domain}>"

    def headers(self) -> Mapping[str, str]:
        """Return the headers beside the usual ones; RFC 8058 asks for both unsubscribe headers."""
        target = self.list_unsubscribe.strip()
        return {
            "Message-ID": self.message_id,
            "List-Unsubscribe": target if target.startswith("<") else f"<{target}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }


@dataclass(frozen=True)
class Accepted:
    """The vendor took it (that is not: delivered it)."""

    provider_message_id: str | None = None
    status_code: int | None = None


@dataclass(frozen=True)
class Throttled:
    """Too much for now; definitely not taken. `retry_after` in seconds."""

    retry_after: float
    status_code: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Refused:
    """Definitely not taken, and through no fault of the mail: no connection, or a wrong key."""

    detail: str
    status_code: int | None = None


@dataclass(frozen=True)
class Rejected:
    """A definite no to this mail; trying again is in vain."""

    detail: str
    status_code: int | None = None


@dataclass(frozen=True)
class Ambiguous:
    """It may or may not have been taken: a time-out, a reset or a 5xx after the body."""

    detail: str
    status_code: int | None = None


Answer = Accepted | Throttled | Refused | Rejected | Ambiguous


class Mailer(Protocol):
    """A mail vendor. `send` never raises for what the vendor or the network does."""

    def send(self, mail: Outgoing) -> Answer:
        """Ask once. May be called by several threads at once."""

    def was_taken(self, mail: Outgoing) -> bool | None:
        """Tell whether the vendor knows this mail; None where it cannot say."""

    def close(self) -> None:
        """Let go of connections."""
