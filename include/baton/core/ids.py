"""Opaque ids and keyed hashes.

Ids have the form `<prefix>_<32 hex digits>`, a UUID of version 7 (RFC 9562), so that they sort by
the time at which they were made. SQL makes the same with `ops.new_id(prefix)`.
"""

import hashlib
import hmac
import secrets
import string
import time

# What an address loses before it is hashed, the same in SQL whatever the database's locale.
SPACES = " \t\n\r\f\v"
ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def new_id(prefix: str) -> str:
    """Return a new id such as `msg_0199...`; `prefix` is three letters or so."""
    millis = time.time_ns() // 1_000_000
    value = (millis & ((1 << 48) - 1)) << 80 | 7 << 76 | secrets.randbits(12) << 64
    value |= 2 << 62 | secrets.randbits(62)
    return f"{prefix}_{value:032x}"


def address_key(address: str, secret: str) -> str:
    """Return the keyed hash (hex, HMAC-SHA256) by which an e-mail address is known when erased.

    SQL computes the same with `ops.address_key(address, secret)`.
    """
    plain = address.strip(SPACES).translate(ASCII_LOWER)
    return hmac.new(secret.encode(), plain.encode(), hashlib.sha256).hexdigest()


def sign_token(subject: str, purpose: str, secret: str) -> str:
    """Return `<subject>.<32 hex>`: an unguessable link token that says for whom and for what."""
    mac = hmac.new(secret.encode(), f"{purpose}:{subject}".encode(), hashlib.sha256)
    return f"{subject}.{mac.hexdigest()[:32]}"


def read_token(token: str, purpose: str, secret: str) -> str | None:
    """Return the subject of a token made by `sign_token`, or None if it was not made by us."""
    subject, _, _ = token.rpartition(".")
    expected = sign_token(subject, purpose, secret)
    return subject if hmac.compare_digest(token.encode(), expected.encode()) else None
