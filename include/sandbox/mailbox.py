"""The mail that the SendGrid stand-in accepted, its suppression lists, and what is known of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

SUPPRESSIONS = ("bounces", "blocks", "spam_reports", "invalid_emails", "global")


@dataclass
class Mail:
    """One accepted message to one recipient.

    `headers` are the message's own (Message-ID, List-Unsubscribe ...); `status` is the vendor's
    word for where it stands: processed, delivered or not_delivered.
    """

    number: int
    message_id: str
    to: str
    from_email: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    custom_args: dict[str, str]
    categories: list[str]
    accepted_at: str
    send_at: str
    open_tracking: bool = False
    silent: bool = False
    cast: bool = False
    status: str = "processed"
    after_opt_out: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def smtp_id(self) -> str:
        """The Message-ID under which the recipient sees it."""
        return self.headers.get("Message-ID") or f"<{self.message_id}@ismtpd.sandbox.example>"

    @property
    def due(self) -> datetime:
        """When it leaves: its `send_at`, or when it was accepted."""
        return datetime.fromisoformat(self.send_at)

    def shown(self) -> dict[str, Any]:
        """Return what `/_control/sent` tells of it."""
        rows = asdict(self)
        for name in ("cast", "silent", "events"):
            del rows[name]
        return {**rows, "time": self.accepted_at, "event_types": [e["event"] for e in self.events]}


class Mailbox:
    """Accepted mail in order, the five suppression lists, and who has asked to be left alone.

    `opted_out` holds the time at which a person said so, in a reply or by one click; the vendor
    knows nothing of it, so it drops no mail, but the audit counts what is sent all the same.
    """

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.by_recipient: dict[str, list[Mail]] = {}
        self._uncast: dict[int, Mail] = {}
        self.suppressed: dict[str, dict[str, dict[str, Any]]] = {n: {} for n in SUPPRESSIONS}
        self.opted_out: dict[str, str] = {}

    def accept(self, **fields: Any) -> Mail:
        """Take a message in; `number` counts from 1."""
        mail = Mail(number=len(self.mails) + 1, **fields)
        mail.after_opt_out = mail.to.lower() in self.opted_out
        self._keep(mail)
        return mail

    def _keep(self, mail: Mail) -> None:
        self.mails.append(mail)
        self.by_recipient.setdefault(mail.to.lower(), []).append(mail)
        if not mail.cast:
            self._uncast[mail.number] = mail

    @property
    def uncast(self) -> list[Mail]:
        """The mail whose consequences are not on the agenda yet."""
        return list(self._uncast.values())

    def mark_cast(self, mails: list[Mail]) -> None:
        """Say that the consequences of these mails are on the agenda."""
        for mail in mails:
            mail.cast = True
            self._uncast.pop(mail.number, None)

    def to(self, address: str) -> list[Mail]:
        """All mail to an address, oldest first."""
        return self.by_recipient.get(address.lower(), [])

    def suppress(self, name: str, address: str, at: datetime, **detail: str) -> None:
        """Put an address on a suppression list, once."""
        row = {"email": address, "created": int(at.timestamp()), **detail}
        self.suppressed[name].setdefault(address.lower(), row)

    def suppression_of(self, address: str) -> str | None:
        """Return the reason why mail to this address is dropped, in the vendor's words."""
        reasons = {
            "bounces": "Bounced Address",
            "spam_reports": "Spam Reporting Address",
            "invalid_emails": "Invalid",
            "global": "Unsubscribed Address",
        }
        for name, reason in reasons.items():
            if address.lower() in self.suppressed[name]:
                return reason
        return None

    def audit(self) -> dict[str, Any]:
        """Count what must never be: the same message twice, and mail after an opt-out."""
        same_args = Counter(
            (m.to.lower(), json.dumps(m.custom_args, sort_keys=True))
            for m in self.mails
            if m.custom_args
        )
        same_text = Counter((m.to.lower(), m.subject, m.text, m.html) for m in self.mails)
        return {
            "accepted": len(self.mails),
            "recipients": len(self.by_recipient),
            "duplicates_by_custom_args": sum(n - 1 for n in same_args.values()),
            "duplicates_by_content": sum(n - 1 for n in same_text.values()),
            "duplicated": sorted({key[0] for key, n in same_text.items() if n > 1}),
            "after_opt_out": [m.to for m in self.mails if m.after_opt_out],
        }

    def dump(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {"mails": [asdict(m) for m in self.mails], "suppressed": self.suppressed,
                "opted_out": self.opted_out}  # fmt: skip

    def restore(self, kept: dict[str, Any]) -> None:
        """Take over what was dumped."""
        for row in kept["mails"]:
            self._keep(Mail(**row))
        self.suppressed, self.opted_out = kept["suppressed"], kept["opted_out"]
