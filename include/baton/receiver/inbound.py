"""Reads a post of SendGrid's Inbound Parse: an e-mail as form fields, or raw in the field `email`.

Nothing here raises: a post that is answered with 4xx is lost for good, so what cannot be read goes to
quarantine.
"""

import email.message
import email.parser
import email.utils
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import decode_header
from typing import Any

from baton.receiver.store import Row
from baton.signals import text
from baton.signals.records import AHEAD, Reject, key

HEADERS_LENGTH = 100_000
BODY_LENGTH = 200_000
FIELDS_KEPT = ("from", "to", "cc", "subject", "envelope", "dkim", "SPF", "sender_ip", "spam_score",
               "charsets")  # fmt: skip


@dataclass
class Form:
    """The fields of a multipart post as bytes, and what files came with it."""

    fields: dict[str, bytes] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)


def inbound(body: bytes, content_type: str, now: datetime) -> Iterator[Row | Reject]:
    """Read one e-mail. It is known by its Message-ID, or by its content where it has none."""
    form = read_form(body, content_type)
    if form is None or not form.fields:
        yield Reject("The post is no multipart form.", text.excerpt(body))
        return
    if "email" in form.fields:
        yield _raw(form, now)
    elif "headers" in form.fields or "from" in form.fields:
        yield _parsed(form, now)
    else:
        yield Reject("The form holds no e-mail.", text.excerpt(body))


def read_form(body: bytes, content_type: str) -> Form | None:
    """Return the fields of a multipart body, or None where it is none.

    The standard library's e-mail parser is used because it never gives up: vendors' posts mix line
    ends and charsets within one body.
    """
    if not re.match(r"\s*multipart/form-data\s*;", content_type, re.IGNORECASE):
        return None
    head = f"Content-Type: {content_type}\r\n\r\n".encode("ascii", "replace")
    message = email.parser.BytesParser().parsebytes(head + body)
    if not message.is_multipart():
        return None
    form = Form()
    for part in message.get_payload():
        if not isinstance(part, email.message.Message):
            continue
        name = _parameter(part, "name")
        filename = _parameter(part, "filename")
        content = _content(part)
        if filename is not None:
            form.files.append(
                {
                    "name": text.clean(name or ""),
                    "filename": text.clean(filename)[:300],
                    "type": text.clean(part.get_content_type()),
                    "bytes": len(content),
                }
            )
        elif name:
            form.fields.setdefault(name, content)
    return form


def _parsed(form: Form, now: datetime) -> Row:
    charsets = _charsets(form)
    said = {
        name: _decode(value, charsets.get(name, "utf-8")) for name, value in form.fields.items()
    }
    words = said.get("text", "")
    if not words.strip():
        words = text.lines(said.get("html", ""), BODY_LENGTH)
    return _row(form, said, said.get("headers", ""), words, now)


def _raw(form: Form, now: datetime) -> Row:
    raw = form.fields["email"]
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    message = email.parser.BytesParser().parsebytes(raw)
    charsets = _charsets(form)
    said = {
        name: _decode(value, charsets.get(name, "utf-8"))
        for name, value in form.fields.items()
        if name != "email"
    }
    form.files += [
        {
            "name": "",
            "filename": text.clean(_parameter(part, "filename") or "")[:300],
            "type": text.clean(part.get_content_type()),
            "bytes": len(_content(part)),
        }
        for part in message.walk()
        if part.get_content_disposition() == "attachment"
    ]
    return _row(form, said, _decode(head, "utf-8"), _words(message), now)


def _row(form: Form, said: dict[str, str], headers: str, words: str, now: datetime) -> Row:
    head = email.parser.HeaderParser().parsestr(headers)
    sender = said.get("from") or _header(head, "From")
    subject = said.get("subject") or _header(head, "Subject")
    recipient = _recipient(said) or _header(head, "To")
    when = _when(head)
    payload = {name: said[name][:5_000] for name in FIELDS_KEPT if name in said}
    return Row(
        natural_key=_key(head, sender, subject, words),
        occurred_at=min(when, now) if when and when <= now + AHEAD else now,
        payload=text.storable({**payload, "attachments": form.files[:100]}),
        columns={
            "sender": _address(sender),
            "recipient": _address(recipient),
            "subject": " ".join(text.clean(subject).split())[:1_000],
            "headers": text.clean(headers)[:HEADERS_LENGTH],
            "body": text.clean(words)[:BODY_LENGTH],
        },
    )


def _key(head: email.message.Message, sender: str, subject: str, words: str) -> str:
    message_id = text.clean(" ".join(_header(head, "Message-ID").split()))
    if message_id:
        return key(message_id)
    content = json.dumps([sender, subject, _header(head, "Date"), words])
    return hashlib.sha256(content.encode()).hexdigest()


def _when(head: email.message.Message) -> datetime | None:
    """Return when it arrived (the newest Received line, which the vendor wrote), else its Date."""
    received = _header(head, "Received").rpartition(";")[2]
    for said in (received, _header(head, "Date")):
        try:
            found = email.utils.parsedate_to_datetime(said.strip())
            found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if 2000 <= found.year <= 2100:
            return found
    return None


def _recipient(said: dict[str, str]) -> str:
    try:
        found = json.loads(said.get("envelope", ""))["to"][0]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        found = None
    return found if isinstance(found, str) else said.get("to", "")


def _address(value: str) -> str | None:
    """Return the address in a header, in lower case, or the header's text where it has none."""
    found = email.utils.parseaddr(value)[1]
    return text.clean(found or value).strip().lower()[:500] or None


def _words(message: email.message.Message) -> str:
    html = ""
    for part in message.walk():
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html"):
            found = _decode(_content(part), part.get_content_charset() or "utf-8")
            if kind == "text/plain" and found.strip():
                return found
            html = html or found
    return text.lines(html, BODY_LENGTH)


def _header(head: email.message.Message, name: str) -> str:
    """Return the first header of this name, decoded (RFC 2047), or ""."""
    value = str(head.get(name) or "")
    try:
        parts = decode_header(value)
    except (ValueError, LookupError, AssertionError):
        return value
    return "".join(
        _decode(part, charset or "latin-1") if isinstance(part, bytes) else part
        for part, charset in parts
    )


def _content(part: email.message.Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _parameter(part: email.message.Message, name: str) -> str | None:
    found = part.get_param(name, header="content-disposition")
    return email.utils.collapse_rfc2231_value(found) if found is not None else None


def _charsets(form: Form) -> dict[str, str]:
    try:
        found = json.loads(form.fields.get("charsets", b"{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _decode(value: bytes, charset: str) -> str:
    try:
        return value.decode(charset)
    except (UnicodeDecodeError, LookupError, ValueError):
        return value.decode("utf-8", "replace")
