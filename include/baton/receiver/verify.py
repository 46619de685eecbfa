"""Who sent it? Signatures are checked over the raw body, before anything of it is read."""

import base64
import binascii
import hashlib
import hmac
import re
import time

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from baton.core.errors import SettingsError

# The vendors' helpers have no window at all; SendGrid signs each delivery anew.
SENDGRID_WINDOW_SECONDS = 600
SIGNAL_WINDOW_SECONDS = 300
_BATON_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class Unverified(Exception):
    """The request does not prove where it comes from; the message says what is wrong with it."""


def sendgrid_key(text: str) -> ec.EllipticCurvePublicKey:
    """Read the public key as SendGrid shows it: base64 of DER.

    Raises SettingsError that names the variable.
    """
    try:
        key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SettingsError(
            "BATON_SENDGRID_WEBHOOK_KEY is not the verification key that SendGrid shows; "
            "copy it again from Settings, Mail Settings, Event Webhook."
        )
    return key


def sendgrid(
    key: ec.EllipticCurvePublicKey, timestamp: str | None, signature: str | None, body: bytes
) -> None:
    """Check ECDSA P-256 with SHA-256 over timestamp and body, and the timestamp's age.

    Raises Unverified.
    """
    if not timestamp or not signature:
        raise Unverified("The signature headers are missing.")
    _check_age(timestamp, SENDGRID_WINDOW_SECONDS)
    try:
        signed = base64.b64decode(signature, validate=True)
        key.verify(signed, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (binascii.Error, ValueError, InvalidSignature):
        raise Unverified("The signature does not fit the body.") from None


def baton(secret: str, header: str | None, body: bytes) -> None:
    """Check `t=<unix>,v1=<hex HMAC-SHA256 of "timestamp.body">` and the timestamp's age.

    Raises Unverified.
    """
    found = _BATON_SIGNATURE.fullmatch(header or "")
    if not found:
        raise Unverified("X-Baton-Signature must be t=<unix seconds>,v1=<64 hex digits>.")
    timestamp, given = found.groups()
    _check_age(timestamp, SIGNAL_WINDOW_SECONDS)
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    if not hmac.compare_digest(digest.hexdigest(), given):
        raise Unverified("The signature does not fit the body.")


def cal(secret: str, header: str | None, body: bytes) -> None:
    """Check Cal.com's hex HMAC-SHA256 of the body. It carries no time.

    Raises Unverified.
    """
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not same(digest, (header or "").strip().lower()):
        raise Unverified("The signature does not fit the body.")


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "surrogateescape"))


def _check_age(timestamp: str, window: int) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise Unverified("The timestamp is no number of seconds.")
    # Real time on purpose: this guards against replays, and has nothing to do with business time.
    if abs(time.time() - int(timestamp)) > window:
        raise Unverified(f"The timestamp is more than {window // 60} minutes off.")
