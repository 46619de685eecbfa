"""What people write back, and the form in which SendGrid's Inbound Parse posts it."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from email.utils import format_datetime, formataddr

import httpx

from sandbox.mailbox import Mail
from sandbox.market.model import Person

ANSWERS: dict[str, tuple[str, ...]] = {
    "positive": (
        (
            "Hi,\n\nThanks for reaching out, this is timely for us. Happy to take a look next week. "
            "I will pick a slot from your calendar."
        ),
        (
            "Hello,\n\nYes, let's talk. We are reviewing how we plan stock across sites right now, "
            "so half an hour would be useful."
        ),
    ),
    "price": (
        (
            "Hi,\n\nInteresting, but your pricing looks too expensive for a team of our size. "
            "What would it cost for three sites?"
        ),
        (
            "Hello,\n\nWe looked at you last year and the price was well above our budget. "
            "Is there a smaller package?"
        ),
    ),
    "objection": (
        (
            "Hi,\n\nWe already use a planning module that came with our ERP, so I do not see why we "
            "would need a second tool."
        ),
        (
            "Hello,\n\nI am not convinced that this works with our data. Our IT team would have to "
            "do a lot of work first."
        ),
    ),
    "not_now": (
        (
            "Hi,\n\nNot a priority this quarter, we are in the middle of a warehouse move. "
            "Please try again after the summer."
        ),
    ),
    "referral": (
        "Hi,\n\nI am not the right person for this. Please write to our head of logistics instead.",
    ),
    "question": (
        (
            "Hi,\n\nDoes this connect to a Microsoft ERP, and where is the data kept? "
            "That decides whether we look further."
        ),
    ),
    "opt_out": (
        "Please remove me from your list and do not contact me again.",
        "Not interested. Please take me off your mailing list.",
    ),
}


def out_of_office(person: Person, at: datetime) -> str:
    """Return an automatic absence note."""
    back = (at + timedelta(days=6)).strftime("%d %B %Y")
    return (
        f"Thank you for your message. I am out of the office until {back} with limited access to "
        "e-mail. In urgent cases please contact the front desk.\n\n"
        f"{person.name}\n{person.title}"
    )


def answer_text(rng: random.Random, person: Person, answer: str, at: datetime) -> str:
    """Return what this person writes, signed, without the quoted thread."""
    if answer == "out_of_office":
        return out_of_office(person, at)
    return f"{rng.choice(ANSWERS[answer])}\n\n{person.first_name}"


def quoted(mail: Mail, sent: datetime) -> str:
    """Return the mail as most programs quote it below an answer."""
    lines = "\n".join(f"> {line}" for line in (mail.text or mail.subject).splitlines())
    return f"On {sent.strftime('%a, %d %b %Y at %H:%M')}, {mail.from_email} wrote:\n\n{lines}"


def inbound_form(
    mail: Mail, person: Person, text: str, at: datetime, automatic: bool, charset: str = "UTF-8"
) -> tuple[bytes, str]:
    """Return the multipart body of one inbound post and its content type, as Inbound Parse sends them.

    Args:
        mail: the message that is answered.
        person: who answers.
        text: the new words; the thread is quoted below them unless the answer is automatic.
        at: simulated time of writing.
        automatic: sets the headers that an auto-responder sets (RFC 3834).
        charset: of the text part, named in the form's `charsets` field.

    """
    domain = person.email.split("@")[1]
    subject = f"{'Automatic reply' if automatic else 'Re'}: {mail.subject}"
    sender = formataddr((person.name, person.email))
    headers = [
        ("Received", f"by mx.{domain} with SMTP; {format_datetime(at)}"),
        ("MIME-Version", "1.0"),
        ("From", sender),
        ("To", mail.reply_to),
        ("Date", format_datetime(at)),
        ("Subject", subject),
        ("Message-ID", f"<{mail.number}.{int(at.timestamp())}@{domain}>"),
        ("In-Reply-To", mail.smtp_id),
        ("References", mail.smtp_id),
        ("Content-Type", f"text/plain; charset={charset}"),
    ]
    if automatic:
        headers += [
            ("Auto-Submitted", "auto-replied"),
            ("X-Auto-Response-Suppress", "All"),
            ("Precedence", "auto_reply"),
        ]
    body = text if automatic else f"{text}\n\n{quoted(mail, mail.due)}\n"
    fields: list[tuple[str, bytes]] = [
        ("headers", "".join(f"{name}: {value}\n" for name, value in headers).encode()),
        ("dkim", f"{{@{domain} : pass}}".encode()),
        ("to", mail.reply_to.encode()),
        ("from", sender.encode()),
        ("text", body.encode(charset, errors="replace")),
        ("sender_ip", b"192.0.2.10"),
        ("envelope", json.dumps({"to": [mail.reply_to], "from": person.email}).encode()),
        ("attachments", b"0"),
        ("subject", subject.encode()),
        (
            "charsets",
            json.dumps(
                {"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8", "text": charset}
            ).encode(),
        ),
        ("SPF", b"pass"),
        ("spam_score", b"0.1"),
    ]
    request = httpx.Request(
        "POST", "http://receiver.invalid/", files=[(n, (None, v)) for n, v in fields]
    )
    return request.read(), request.headers["content-type"]
