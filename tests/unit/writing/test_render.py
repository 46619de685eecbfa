"""The bytes that are approved: canonical, whole, and nothing in them can become a header or markup."""

import json
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.ids import read_token
from baton.writing.render import RenderError, mailbox, read, render
from tests.unit.writing.material import HOUSE, OCCASION, SETTINGS, VOICES


def rendered(subject: str = "Hello", body: str = "Hi Jonas,\n\nyes?", occasion=OCCASION) -> bytes:
    return render(subject, body, occasion, VOICES.of(occasion.sender.email), HOUSE, SETTINGS)


def test_the_form_is_canonical():
    content = rendered(body="Hi Jörg,\n\nyes?")
    message = json.loads(content)
    assert sorted(message) == [
        "from", "html", "list_unsubscribe", "reply_to", "subject", "text", "to",
    ]  # fmt: skip
    assert content == json.dumps(
        message, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode("utf-8")


def test_code_chooses_sender_recipient_and_links():
    message = read(
        rendered(body="Write to eve@evil.example and unsubscribe at https://evil.example")
    )
    assert message["from"] == "Clara Voss <clara.voss@halden.example>"
    assert message["to"] == "Jonas Keller <jonas.keller@nordwind.example>"
    assert message["reply_to"] == "clara.voss@halden.example"
    assert message["list_unsubscribe"].startswith("https://baton.halden.example/u/con_1.")
    token = message["list_unsubscribe"].rsplit("/", 1)[1]
    assert read_token(token, "unsubscribe", SETTINGS.secret) == "con_1"
    assert "https://meet.halden.example/clara.voss" in message["text"]


def test_replies_can_go_to_the_inbound_host():
    company = HOUSE.company.model_copy(update={"reply_to": "{rep}@reply.halden.example"})
    house = HOUSE.model_copy(update={"company": company})
    voice = VOICES.of(OCCASION.sender.email)
    message = read(render("a", "b", OCCASION, voice, house, SETTINGS))
    assert message["reply_to"] == "clara.voss@reply.halden.example"


@pytest.mark.parametrize("subject", ["", "  ", "a\nBcc: x@y.example", "a\rb", "a\u2028b", "a\x00b"])
def test_a_subject_is_one_line(subject):
    with pytest.raises(RenderError):
        rendered(subject=subject)


@pytest.mark.parametrize("body", ["", " \n\n "])
def test_a_body_is_there(body):
    with pytest.raises(RenderError, match="empty"):
        rendered(body=body)


@pytest.mark.parametrize("name", ["Jonas\r\nBcc: eve@evil.example", "Jonas\nKeller"])
def test_a_name_cannot_add_a_header(name):
    contact = replace(OCCASION.contact, full_name=name)
    with pytest.raises(RenderError, match="line break"):
        rendered(occasion=replace(OCCASION, contact=contact))


@pytest.mark.parametrize(
    "address",
    ["", "jonas", "@x.example", "a@", "a@b@c.example", "a b@c.example", "a@b.example, e@f.example"],
)
def test_an_address_is_one_address(address):
    with pytest.raises(RenderError):
        mailbox("Jonas", address)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jonas Keller", "Jonas Keller <a@b.example>"),
        ("Keller, Jonas", '"Keller, Jonas" <a@b.example>'),
        ('Jonas "JK" Keller', '"Jonas \\"JK\\" Keller" <a@b.example>'),
        ("Jörg Müller", "Jörg Müller <a@b.example>"),
        ("a@b.example <x>", '"a@b.example <x>" <a@b.example>'),
        ("", "a@b.example"),
    ],
)
def test_names_are_quoted_where_needed(name, shown):
    assert mailbox(name, "a@b.example") == shown


def test_markup_is_escaped():
    html = read(rendered(body='Hi <script>alert(1)</script> & "you"\nsecond line'))["html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "second line" in html
    assert html.count("<a href=") == 2


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_renders_or_is_refused(text):
    try:
        message = read(rendered(subject=text, body=text))
    except RenderError:
        return
    assert not set(message["subject"]) & set("\r\n\x00")
    assert message["to"] == "Jonas Keller <jonas.keller@nordwind.example>"
    assert "<script" not in message["html"].replace("&lt;", "")


@given(st.text(alphabet=string.printable, min_size=1, max_size=60))
def test_any_name_stays_one_mailbox(name):
    from email.utils import getaddresses

    try:
        shown = mailbox(name, "a@b.example")
    except RenderError:
        return
    assert [address for _, address in getaddresses([shown])] == ["a@b.example"]
