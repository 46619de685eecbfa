"""What does not prove where it comes from is refused, and nothing else happens."""

import base64
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from baton.core.errors import SettingsError
from baton.receiver import verify
from baton.receiver.verify import Unverified

BODY = b'[{"event": "delivered"}]'
PRIVATE = ec.generate_private_key(ec.SECP256R1())
SECRET = "a secret that only this test uses"


def shown(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


KEY = verify.sendgrid_key(shown(PRIVATE.public_key()))


def signed(timestamp: str, body: bytes = BODY) -> str:
    found = PRIVATE.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(found).decode()


def now(offset: int = 0) -> str:
    return str(int(time.time()) + offset)


def test_sendgrid_is_believed() -> None:
    verify.sendgrid(KEY, now(), signed(now()), BODY)


@pytest.mark.parametrize(
    ("timestamp", "signature", "body", "words"),
    [
        pytest.param(None, "x", BODY, "missing", id="no timestamp"),
        pytest.param(now(), None, BODY, "missing", id="no signature"),
        pytest.param(now(), "not base64!", BODY, "does not fit", id="bad base64"),
        pytest.param(now(), "YWJj", BODY, "does not fit", id="no signature inside"),
        pytest.param(now(), "é", BODY, "does not fit", id="not ASCII"),
        pytest.param(now(), signed(now()), BODY + b" ", "does not fit", id="another body"),
        pytest.param(now(1), signed(now()), BODY, "does not fit", id="another timestamp"),
        pytest.param(now(-70_000), signed(now(-70_000)), BODY, "10 minutes", id="an old one"),
        pytest.param(
            now(70_000), signed(now(70_000)), BODY, "10 minutes", id="one from the future"
        ),
        pytest.param("soon", signed("soon"), BODY, "no number", id="a timestamp in words"),
        pytest.param("1e9", signed("1e9"), BODY, "no number", id="a timestamp in powers"),
    ],
)
def test_sendgrid_is_not_believed(
    timestamp: str | None, signature: str | None, body: bytes, words: str
) -> None:
    with pytest.raises(Unverified, match=words):
        verify.sendgrid(KEY, timestamp, signature, body)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no key", id="no base64"),
        pytest.param("YWJj", id="no key inside"),
        pytest.param(shown(rsa.generate_private_key(65537, 2048).public_key()), id="an RSA key"),
    ],
)
def test_a_wrong_key_is_said_at_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="BATON_SENDGRID_WEBHOOK_KEY"):
        verify.sendgrid_key(text)


def own(offset: int = 0, body: bytes = BODY, secret: str = SECRET) -> str:
    import hashlib
    import hmac

    timestamp = now(offset)
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"


def test_our_own_signature_is_believed() -> None:
    verify.baton(SECRET, own(), BODY)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("v1=00", id="without a time"),
        pytest.param(own(-70_000), id="old"),
        pytest.param(own(70_000), id="from the future"),
        pytest.param(own(body=b"[]"), id="of another body"),
        pytest.param(own(secret="another"), id="with another secret"),
        pytest.param(own() + ",v1=00", id="with something behind"),
        pytest.param(own().upper(), id="in capitals"),
    ],
)
def test_our_own_signature_is_not_believed(header: str | None) -> None:
    with pytest.raises(Unverified):
        verify.baton(SECRET, header, BODY)


def test_cal_is_believed_only_with_its_secret() -> None:
    import hashlib
    import hmac

    good = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    verify.cal(SECRET, good, BODY)
    for header, body in ((good, b"{}"), (None, BODY), ("é", BODY), (good[:-1], BODY)):
        with pytest.raises(Unverified):
            verify.cal(SECRET, header, body)
