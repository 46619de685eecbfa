"""What SendGrid refuses in a mail-send request, in its words.

Limits: the vendor's v3 mail-send reference (1,000 personalizations and recipients, 10 categories
of 255 characters, 10,000 bytes of custom arguments, 30 MB, `send_at` up to 72 hours ahead).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import datetime
from typing import Any

MAX_BYTES = 30 * 1024 * 1024
MAX_CUSTOM_ARGS = 10_000
SEND_AHEAD_SECONDS = 72 * 3600
ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")
RESERVED_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type",
    "content-transfer-encoding", "to", "from", "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"


class Refusals:
    """Collects the errors of one request in the vendor's shape."""

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []

    def add(self, field: str | None, message: str, anchor: str = "") -> None:
        """One error about `field`."""
        link = f"{HELP}#{anchor or 'message'}"
        self.errors.append({"message": message, "field": field, "help": {"link": link}})


def check(payload: Any, now: datetime, batches: dict[str, str]) -> list[dict[str, Any]]:
    """Return the errors the vendor would answer with 400; an empty list means it would accept."""
    refused = Refusals()
    if not isinstance(payload, dict):
        refused.add(None, "Bad Request: the body must be a JSON object.")
        return refused.errors
    _personalizations(payload, now, refused)
    _sender(payload, refused)
    _content(payload, refused)
    _extras(payload, now, batches, refused)
    return refused.errors


def _objects(rows: list[Any]) -> list[dict[str, Any]]:
    """Return the rows with an empty object in place of what is none."""
    return [row if isinstance(row, dict) else {} for row in rows]


def _address(value: Any, field: str, refused: Refusals) -> str:
    email = value.get("email") if isinstance(value, dict) else None
    if not isinstance(email, str) or not ADDRESS.fullmatch(email):
        refused.add(f"{field}.email", "Does not contain a valid address.")
        return ""
    return email.lower()


def _personalizations(payload: dict[str, Any], now: datetime, refused: Refusals) -> None:
    field = "personalizations"
    blocks = payload.get(field)
    if not isinstance(blocks, list) or not blocks:
        refused.add(
            field,
            "The personalizations field is required and must have at least one personalization.",
        )
        return
    if len(blocks) > 1000:
        refused.add(field, "There is a limit of 1000 personalizations per API request.")
        return
    recipients = 0
    for number, block in enumerate(_objects(blocks)):
        where = f"{field}.{number}"
        to = block.get("to")
        if not isinstance(to, list) or not to:
            refused.add(
                f"{where}.to",
                "The to array is required for all personalization objects, and must have at "
                "least one email object with a valid email address.",
            )
            continue
        seen: list[str] = []
        for part in ("to", "cc", "bcc"):
            for index, value in enumerate(block.get(part) or []):
                seen.append(_address(value, f"{where}.{part}.{index}", refused))
        recipients += len(seen)
        if len(set(seen)) < len(seen):
            refused.add(
                where,
                "Each email address in the personalization block should be unique between to, "
                "cc, and bcc. We found the first duplicate instance of "
                f"[{next(a for a in seen if seen.count(a) > 1)}].",
            )
        subject = block.get("subject", payload.get("subject"))
        if not payload.get("template_id") and not (isinstance(subject, str) and subject):
            refused.add(
                "subject",
                "The subject is required. You can get around this requirement if you use a "
                "template with a subject defined or if every personalization has a subject.",
            )
        _headers(block.get("headers"), f"{where}.headers", refused)
        _custom_args(payload.get("custom_args"), block.get("custom_args"), where, refused)
        _send_at(block.get("send_at"), f"{where}.send_at", now, refused)
    if recipients > 1000:
        refused.add(field, "There is a limit of 1000 total recipients per API request.")


def _sender(payload: dict[str, Any], refused: Refusals) -> None:
    if not isinstance(payload.get("from"), dict):
        refused.add(
            "from", "The from object must be provided for every email send. It is an object that "
            "requires the email parameter, but may also contain a name parameter.",
        )  # fmt: skip
    else:
        _address(payload["from"], "from", refused)
    if "reply_to" in payload and "reply_to_list" in payload:
        refused.add("reply_to", "Only one of reply_to and reply_to_list may be given.")
    if "reply_to" in payload:
        _address(payload["reply_to"], "reply_to", refused)
    for index, value in enumerate(payload.get("reply_to_list") or []):
        _address(value, f"reply_to_list.{index}", refused)


def _content(payload: dict[str, Any], refused: Refusals) -> None:
    content = payload.get("content")
    if content is None and payload.get("template_id"):
        return
    if not isinstance(content, list) or not content:
        refused.add(
            "content",
            "Unless a valid template_id is provided, the content parameter is required. There "
            "must be at least one defined content block.",
        )
        return
    types: list[str] = []
    for number, part in enumerate(_objects(content)):
        for name in ("type", "value"):
            if not isinstance(part.get(name), str) or not part[name]:
                refused.add(
                    f"content.{number}.{name}",
                    f"The content {name} must be a string at least one character in length.",
                )
        types.append(str(part.get("type")))
    if "text/plain" in types[1:] or ("text/html" in types[1:] and types[0] != "text/plain"):
        refused.add(
            "content",
            "If present, text/plain and text/html may only be provided once, with text/plain "
            "first and text/html second.",
        )


def _headers(headers: Any, field: str, refused: Refusals) -> None:
    if headers is None:
        return
    if not isinstance(headers, dict):
        refused.add(field, "The headers parameter must be an object.")
        return
    for name, value in headers.items():
        if name.lower() in RESERVED_HEADERS:
            refused.add(f"{field}.{name}", f"The header {name} is reserved and cannot be set.")
        if not isinstance(value, str) or not name.isascii() or "\n" in value or "\r" in value:
            refused.add(
                f"{field}.{name}", "Header names are ASCII and values are one-line strings."
            )


def _custom_args(shared: Any, own: Any, field: str, refused: Refusals) -> None:
    for args in (shared, own):
        if args is not None and not isinstance(args, dict):
            refused.add(f"{field}.custom_args", "The custom_args parameter must be an object.")
            return
    merged = {**(shared or {}), **(own or {})}
    for name, value in merged.items():
        if not isinstance(value, str):
            refused.add(f"{field}.custom_args.{name}", "Custom argument values must be strings.")
    if len(json.dumps(merged, ensure_ascii=False).encode()) > MAX_CUSTOM_ARGS:
        refused.add(
            f"{field}.custom_args", "The combined custom arguments may not exceed 10,000 bytes."
        )


def _send_at(value: Any, field: str, now: datetime, refused: Refusals) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        refused.add(field, "The send_at parameter must be an integer Unix timestamp.")
    elif value > now.timestamp() + SEND_AHEAD_SECONDS:
        refused.add(field, "Scheduling more than 72 hours in advance is forbidden.")


def _extras(
    payload: dict[str, Any], now: datetime, batches: dict[str, str], refused: Refusals
) -> None:
    _headers(payload.get("headers"), "headers", refused)
    _send_at(payload.get("send_at"), "send_at", now, refused)
    categories = payload.get("categories")
    if categories is not None:
        if not isinstance(categories, list) or not all(isinstance(c, str) for c in categories):
            refused.add("categories", "The categories parameter must be an array of strings.")
        elif len(categories) > 10:
            refused.add("categories", "A maximum of 10 categories is allowed.")
        elif len(set(categories)) < len(categories):
            refused.add("categories", "The categories must be unique.")
        elif any(len(c) > 255 for c in categories):
            refused.add("categories", "A category name may not exceed 255 characters.")
    batch_id = payload.get("batch_id")
    if batch_id is not None and batch_id not in batches:
        refused.add("batch_id", "The batch_id is not valid; create one at /v3/mail/batch.")
    for number, file in enumerate(_objects(payload.get("attachments") or [])):
        try:
            if not base64.b64decode(str(file.get("content", "")), validate=True):
                raise binascii.Error
        except binascii.Error:
            refused.add(
                f"attachments.{number}.content", "The attachment content must be base64 encoded."
            )
        if not file.get("filename"):
            refused.add(f"attachments.{number}.filename", "The attachment filename is required.")
