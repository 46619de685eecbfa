"""Exactly what would be sent, as canonical bytes. Code chooses everything but the words."""

import html
import json
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr

from baton.core.errors import BatonError
from baton.core.ids import sign_token
from baton.core.settings import Settings
from baton.playbook.voices import House, Voice
from baton.writing.records import Occasion

UNSUBSCRIBE = "unsubscribe"


class RenderError(BatonError):
    """A text cannot be turned into a message; the sentence says what is missing or wrong."""


@dataclass(frozen=True)
class Envelope:
    """What code decides about a message, from our own rows and the playbook."""

    sender: str
    recipient: str
    reply_to: str
    unsubscribe_url: str
    booking_url: str


def envelope(occasion: Occasion, house: House, settings: Settings) -> Envelope:
    """Return sender, recipient and links. Raises RenderError when an address is missing or not one."""
    rep = occasion.sender.email.partition("@")[0]
    reply_to = house.company.reply_to
    token = sign_token(occasion.contact.id, UNSUBSCRIBE, settings.secret)
    return Envelope(
        sender=mailbox(occasion.sender.name, occasion.sender.email),
        recipient=mailbox(occasion.contact.full_name, occasion.contact.email),
        reply_to=reply_to.format(rep=rep) if reply_to else occasion.sender.email,
        unsubscribe_url=f"{settings.public_url}/u/{token}",
        booking_url=house.company.booking_url.format(rep=rep),
    )


def render(
    subject: str, body: str, occasion: Occasion, voice: Voice, house: House, settings: Settings
) -> bytes:
    """Return canonical JSON (UTF-8, sorted keys, no spaces) of the whole message.

    Keys: from, to, reply_to (RFC 5322 mailboxes), subject, text, html, list_unsubscribe (the URL
    alone). Raises RenderError for an empty or broken field; a hole is never rendered.
    """
    cover = envelope(occasion, house, settings)
    subject = one_line(subject, "subject")
    if not body.strip():
        raise RenderError("The body is empty; write at least one sentence.")
    paragraphs = [part.strip() for part in body.replace("\r\n", "\n").split("\n\n") if part.strip()]
    signature = f"{voice.sign_off}\n{occasion.sender.name}\n{house.company.name}"
    booking = house.booking_line.format(url=cover.booking_url)
    opt_out = house.opt_out_line.format(url=cover.unsubscribe_url)
    footer = f"{house.company.postal_address}\n{opt_out}"
    text = "\n\n".join([*paragraphs, booking, signature, f"-- \n{footer}"]) + "\n"
    message = {
        "from": cover.sender,
        "to": cover.recipient,
        "reply_to": cover.reply_to,
        "subject": subject,
        "text": text,
        "html": _html(paragraphs, signature, house, cover),
        "list_unsubscribe": cover.unsubscribe_url,
    }
    return canonical(message)


def canonical(message: dict[str, str]) -> bytes:
    """Return the one form in which a message is stored and hashed.

    Raises RenderError for half a character (a lone surrogate), which no mail can carry.
    """
    text = json.dumps(message, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise RenderError("The text holds half a character; type it again.") from None


def read(rendered: bytes) -> dict[str, str]:
    """Return the message that these bytes are."""
    message: dict[str, str] = json.loads(rendered)
    return message


def mailbox(name: str, address: str) -> str:
    """Return `Name <address>`, quoted where needed. Raises RenderError for a line break or no address."""
    address = one_line(address, "address")
    shown = one_line(name, "name") if name.strip() else ""
    if parseaddr(address)[1] != address or address.count("@") != 1 or not all(address.split("@")):
        raise RenderError(f"{address!r} is not an e-mail address.")
    try:
        return str(Address(display_name=shown, addr_spec=address))
    except (ValueError, IndexError) as error:
        raise RenderError(f"{address!r} is not an e-mail address: {error}.") from None


def one_line(text: str, what: str) -> str:
    """Return the text without outer spaces; a line break in it is refused, so no header can be added."""
    stripped = text.strip()
    if not stripped:
        raise RenderError(f"The {what} is empty.")
    if any(char in stripped for char in "\r\n\x00\v\f\x1c\x1d\x1e\x85\u2028\u2029"):
        raise RenderError(f"The {what} holds a line break; write it in one line.")
    return stripped


def _html(paragraphs: list[str], signature: str, house: House, cover: Envelope) -> str:
    def lines(text: str) -> str:
        return html.escape(text).replace("\n", "<br>")

    def linked(line: str, url: str) -> str:
        before, _, after = line.partition("{url}")
        safe = html.escape(url)
        return f'{html.escape(before)}<a href="{safe}">{safe}</a>{html.escape(after)}'

    parts = [f"<p>{lines(part)}</p>" for part in paragraphs]
    parts.append(f"<p>{linked(house.booking_line, cover.booking_url)}</p>")
    parts.append(f"<p>{lines(signature)}</p>")
    parts.append(
        f"<p><small>{lines(house.company.postal_address)}<br>"
        f"{linked(house.opt_out_line, cover.unsubscribe_url)}</small></p>"
    )
    return "<!doctype html><html><body>" + "".join(parts) + "</body></html>"
