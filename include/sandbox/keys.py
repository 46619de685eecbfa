"""The sandbox's secrets: signing keys of the webhooks and API keys of the stand-ins.

They are made once, in the sandbox's home, in a file only its user can read. The environment
wins over the file, so that a service runner may set them itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.errors import SandboxError

# What the receiver and the clients need, by environment name.
SHARED = {
    "BATON_INBOUND_TOKEN": "inbound_token",
    "BATON_SIGNAL_SECRET": "signal_secret",
    "BATON_CAL_SECRET": "cal_secret",
    "BATON_SANDBOX_SENDGRID_KEY": "sendgrid_key",
    "BATON_SANDBOX_OPENAI_KEY": "openai_key",
    "BATON_SANDBOX_HUBSPOT_TOKEN": "hubspot_token",
    "BATON_SANDBOX_CALENDAR_PASSWORD": "calendar_password",
}
WEBHOOK_KEY = "BATON_SENDGRID_WEBHOOK_KEY"


@dataclass(frozen=True)
class Keys:
    """All secrets of one sandbox. Never printed: the fields stay out of the repr."""

    private_key_pem: str = field(repr=False)
    inbound_token: str = field(repr=False)
    signal_secret: str = field(repr=False)
    cal_secret: str = field(repr=False)
    sendgrid_key: str = field(repr=False)
    openai_key: str = field(repr=False)
    hubspot_token: str = field(repr=False)
    calendar_password: str = field(repr=False)

    def _private(self) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self.private_key_pem.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SandboxError(
                "The sandbox's signing key is no elliptic-curve key; delete its file."
            )
        return key

    @property
    def webhook_public_key(self) -> str:
        """The public key as the vendor shows it: base64 of DER SubjectPublicKeyInfo."""
        der = (
            self._private()
            .public_key()
            .public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        return base64.b64encode(der).decode()

    def sign_events(self, timestamp: str, body: bytes) -> str:
        """ECDSA P-256 with SHA-256 over timestamp and raw body, base64 of the DER signature."""
        signature = self._private().sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signature).decode()

    def sign_signal(self, timestamp: int, body: bytes) -> str:
        """Return the X-Baton-Signature value: `t=<unix>,v1=<hex HMAC-SHA256 of "timestamp.body">`."""
        signed = str(timestamp).encode() + b"." + body
        digest = hmac.new(self.signal_secret.encode(), signed, hashlib.sha256).hexdigest()
        return f"t={timestamp},v1={digest}"

    def sign_booking(self, body: bytes) -> str:
        """Return the x-cal-signature-256 value: hex HMAC-SHA256 of the body."""
        return hmac.new(self.cal_secret.encode(), body, hashlib.sha256).hexdigest()

    def rep_password(self, email: str) -> str:
        """Return a rep's own calendar password, the same at every start."""
        digest = hmac.new(self.calendar_password.encode(), email.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest.digest()[:18]).decode()

    def environment(self) -> dict[str, str]:
        """Return the variables that receiver, clients and sandbox share. Holds no private key."""
        shared = {name: str(getattr(self, attribute)) for name, attribute in SHARED.items()}
        return {WEBHOOK_KEY: self.webhook_public_key, **shared}


def generate() -> Keys:
    """Fresh random secrets."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    return Keys(
        private_key_pem=pem,
        inbound_token=secrets.token_urlsafe(24),
        signal_secret=secrets.token_urlsafe(32),
        cal_secret=secrets.token_urlsafe(32),
        sendgrid_key=f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}",
        openai_key=f"sk-sandbox-{secrets.token_urlsafe(24)}",
        hubspot_token=f"pat-eu1-{secrets.token_urlsafe(24)}",
        calendar_password=secrets.token_urlsafe(24),
    )


def load(home: Path, environ: Mapping[str, str] | None = None) -> Keys:
    """Return the secrets kept in `home`, made there when there are none; the environment wins.

    Raises:
        SandboxError: the key file cannot be read as such.

    """
    environ = os.environ if environ is None else environ
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / "keys.json"
    if not path.exists():
        made = generate()
        private_write(path, json.dumps(vars(made), indent=2))
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        for name, attribute in SHARED.items():
            kept[attribute] = environ.get(name) or kept[attribute]
        return Keys(**kept)
    except (ValueError, KeyError, TypeError) as problem:
        raise SandboxError(
            f"{path} holds no sandbox keys; delete it and they are made again."
        ) from problem


def private_write(path: Path, text: str) -> None:
    """Write a file that only its user can read, whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
