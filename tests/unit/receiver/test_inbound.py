"""Inbound mail is read as it comes, in any charset and form, and never refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.delivery.inbound import new_words
from baton.receiver.inbound import inbound, read_form
from baton.receiver.store import Row
from baton.signals.records import Reject

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KIND = "multipart/form-data; boundary=edge"
HEADERS = """Received: by mx.example with SMTP; Mon, 02 Mar 2026 08:00:00 +0000
From: =?utf-8?q?J=C3=BCrgen?= <Juergen@Acme.example>
Message-ID: <one@acme.example>
Date: Mon, 02 Mar 2026 07:59:00 +0000
Subject: Re: planning"""
RAW = """Received: by mx.example with SMTP; Mon, 02 Mar 2026 08:00:00 +0000
From: Lee <lee@acme.example>
Message-ID: <two@acme.example>
Content-Type: multipart/mixed; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Sch=F6ne Gr=FC=DFe
--inner
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment; filename="a.pdf"
Content-Transfer-Encoding: base64

AAAA
--inner--
"""


def form(end: str = "\r\n", **fields: str | bytes) -> bytes:
    body = b""
    for name, value in fields.items():
        content = value.encode() if isinstance(value, str) else value
        head = f'--edge{end}Content-Disposition: form-data; name="{name}"{end}{end}'
        body += head.encode() + content + end.encode()
    return body + f"--edge--{end}".encode()


def read(body: bytes, kind: str = KIND) -> Row | Reject:
    (found,) = inbound(body, kind, NOW)
    return found


def row(body: bytes) -> Row:
    found = read(body)
    assert isinstance(found, Row), found
    return found


DEFAULT = form(
    headers=HEADERS,
    to="reply@halden.example",
    text="Yes, gladly.\nBest",
    subject="Re: planning",
    envelope='{"to":["reply+1@halden.example"],"from":"bounce@acme.example"}',
    **{"from": "Jürgen <Juergen@Acme.example>"},
)


def test_a_reply_as_form_fields() -> None:
    found = row(DEFAULT)
    assert found.natural_key == "<one@acme.example>"
    assert found.occurred_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert found.columns["sender"] == "juergen@acme.example"
    assert found.columns["recipient"] == "reply+1@halden.example"
    assert found.columns["body"] == "Yes, gladly.\nBest"
    assert "Message-ID: <one@acme.example>" in str(found.columns["headers"])


def test_a_raw_mail_with_an_attachment() -> None:
    found = row(form(email=RAW, to="reply@halden.example"))
    assert found.natural_key == "<two@acme.example>"
    assert (found.columns["sender"], found.columns["recipient"]) == (
        "lee@acme.example", "reply@halden.example",
    )  # fmt: skip
    assert str(found.columns["body"]).strip() == "Schöne Grüße"
    assert found.payload["attachments"] == [
        {"name": "", "filename": "a.pdf", "type": "application/pdf", "bytes": 3}
    ]


@pytest.mark.parametrize(
    ("charset", "said"),
    [
        pytest.param("ISO-8859-1", "Grüße", id="Latin-1"),
        pytest.param("windows-1252", "5 €", id="Windows"),
        pytest.param("UTF-8", "Grüße", id="UTF-8"),
        pytest.param("utf-16", "Grüße", id="UTF-16"),
    ],
)
def test_fields_have_charsets_of_their_own(charset: str, said: str) -> None:
    body = form(headers=HEADERS, text=said.encode(charset), charsets=f'{{"text": "{charset}"}}')
    assert row(body).columns["body"] == said


@pytest.mark.parametrize(
    "charsets",
    [
        pytest.param('{"text": "no-such-charset"}', id="unknown charset"),
        pytest.param('{"text": 5}', id="a number for a charset"),
        pytest.param("[]", id="a list"),
        pytest.param("{", id="no JSON"),
    ],
)
def test_wrong_charsets_lose_no_mail(charsets: str) -> None:
    assert row(form(headers=HEADERS, text="Yes", charsets=charsets)).columns["body"] == "Yes"


def test_a_mail_of_html_only_becomes_text() -> None:
    body = form(headers=HEADERS, html="<p>Yes,</p><script>x()</script><p>gladly &amp; soon</p>")
    assert row(body).columns["body"] == "Yes,\ngladly & soon"


@pytest.mark.parametrize(
    "quoted",
    [
        pytest.param(
            '<div class="gmail_quote"><div>On Mon, Clara wrote:<br></div>'
            "<blockquote>pick a time, or unsubscribe</blockquote></div>",
            id="Gmail",
        ),
        pytest.param("<blockquote>pick a time, or unsubscribe</blockquote>", id="a quote alone"),
        pytest.param(
            "<hr><div><b>From:</b> Clara &lt;c@x.example&gt;</div><p>unsubscribe</p>", id="Outlook"
        ),
    ],
)
def test_what_is_quoted_in_html_is_not_what_was_written(quoted: str) -> None:
    body = row(form(headers=HEADERS, html=f"<div>No thank\n you.<br></div>{quoted}"))
    assert new_words(str(body.columns["body"])) == "No thank you."


def test_a_mail_without_an_id_is_known_by_its_content() -> None:
    bare = "From: lee@acme.example\nDate: Mon, 02 Mar 2026 07:59:00 +0000"
    one, again = row(form(headers=bare, text="Yes")), row(form(headers=bare, text="Yes"))
    other = row(form(headers=bare, text="No"))
    assert one.natural_key == again.natural_key != other.natural_key


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("Date: Mon, 02 Mar 2099 07:59:00 +0000", id="the future"),
        pytest.param("Date: nonsense", id="nonsense"),
        pytest.param("Date: Mon, 99 Mar 2026 99:99:99 +9999", id="no such day"),
        pytest.param("X: y", id="none"),
    ],
)
def test_a_mail_with_a_wrong_date_came_now(date: str) -> None:
    assert row(form(headers=date, text="Yes", **{"from": "lee@acme.example"})).occurred_at == NOW


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        pytest.param(
            b"a=b", "application/x-www-form-urlencoded", "no multipart", id="another form"
        ),
        pytest.param(b"nothing", KIND, "no multipart form", id="no parts"),
        pytest.param(form(hello="x"), KIND, "holds no e-mail", id="another content"),
        pytest.param(DEFAULT, "multipart/form-data", "no multipart form", id="no boundary"),
        pytest.param(
            DEFAULT, "multipart/form-data; boundary=", "no multipart", id="empty boundary"
        ),
    ],
)
def test_what_is_no_mail_is_kept_with_a_reason(body: bytes, kind: str, words: str) -> None:
    found = read(body, kind)
    assert isinstance(found, Reject)
    assert words in found.reason


def test_bare_line_ends_are_read_too() -> None:
    assert row(form("\n", headers=HEADERS, text="Yes")).columns["body"] == "Yes"


def test_a_nul_and_long_text_are_made_fit() -> None:
    found = row(form(headers=HEADERS, text=b"Y\x00es" + b"x" * 300_000, subject="a\x00b\nc"))
    assert str(found.columns["body"]).startswith("Yes")
    assert len(str(found.columns["body"])) == 200_000
    assert found.columns["subject"] == "ab c"


@settings(deadline=None)
@given(st.binary(max_size=400), st.text(max_size=40))
def test_any_post_ends_landed_or_rejected(body: bytes, kind: str) -> None:
    assert read(body, kind)
    assert read(body)


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=60))
def test_any_mail_ends_landed(headers: bytes, text: bytes, charsets: bytes) -> None:
    noise = headers.replace(b"--edge", b"")
    found = row(form(headers=noise, text=text.replace(b"--edge", b""), charsets=charsets))
    for value in found.columns.values():
        assert "\x00" not in str(value)
        str(value).encode()
    assert 0 < len(found.natural_key) <= 300


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_raw_mail_ends_landed(raw: bytes) -> None:
    row(form(email=raw.replace(b"--edge", b"")))


def test_no_form_is_none() -> None:
    assert read_form(b"", "text/plain") is None
