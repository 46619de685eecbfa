"""What is read from an inbound mail before its meaning."""

from datetime import UTC, datetime
from email.message import Message

import pytest

from baton.delivery import inbound

RECEIVED = datetime(2027, 3, 1, 12, tzinfo=UTC)
P = pytest.param


def row(**columns: object) -> dict[str, object]:
    return {"occurred_at": RECEIVED, "sender": None, "subject": None, "headers": None,
            "body": None, **columns}  # fmt: skip


@pytest.mark.parametrize(
    ("header", "value"),
    [
        P("Auto-Submitted", "auto-replied", id="RFC 3834"),
        P("Auto-Submitted", "auto-generated; type=x", id="RFC 3834 with a parameter"),
        P("X-Autoreply", "yes", id="X-Autoreply"),
        P("Precedence", "auto_reply", id="Precedence"),
        P("Return-Path", "<>", id="no return path"),
    ],
)
def test_a_machine_is_known_by_its_headers(header: str, value: str) -> None:
    mail = inbound.read(row(headers=f"From: a@b.example\n{header}: {value}\n", subject="Re: Hi"))
    assert mail.is_automatic


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: About stock", "Out of Office: back on Monday", "RE: Out of the office",
        "Automatische Antwort: Lager", "Abwesenheitsnotiz", "AW: Abwesenheit",
        "Réponse automatique : stock", "Respuesta automática: x", "Risposta automatica: x",
        "Resposta automática: x", "Automatisch antwoord: x", "Automatiskt svar: x", "自動応答: x",
    ],
)  # fmt: skip
def test_a_machine_is_known_by_its_subject(subject: str) -> None:
    assert inbound.is_automatic(Message(), subject)


@pytest.mark.parametrize(
    "subject", ["Re: About automatic reply rates", "Re: Hello", "", "Our office is out of space"]
)
def test_a_person_is_not_taken_for_a_machine(subject: str) -> None:
    headers = Message()
    headers["Auto-Submitted"] = "no"
    assert not inbound.is_automatic(headers, subject)


@pytest.mark.parametrize(
    ("body", "new"),
    [
        P(
            "Yes.\n\nOn Mon, 1 Mar 2027, rep@x.example wrote:\n> unsubscribe here\n",
            "Yes.",
            id="en",
        ),
        P("Ja.\r\n\r\nAm 01.03.2027 um 12:00 schrieb Rita:\r\n> abmelden", "Ja.", id="de"),
        P("Oui.\n\nLe 1 mars 2027, Rita a écrit :\n> x", "Oui.", id="fr"),
        P("No.\n\n-----Original Message-----\nFrom: Rita\nunsubscribe", "No.", id="outlook"),
        P("No.\n________________________________\nFrom: Rita <r@x.example>\nx", "No.", id="line"),
        P("> You asked?\nYes, at noon.\n> And?\nFine.", "Yes, at noon.\nFine.", id="between"),
        P("> only the thread", "", id="nothing new"),
        P("No thread at all.", "No thread at all.", id="plain"),
    ],
)
def test_only_the_new_words_are_read(body: str, new: str) -> None:
    assert inbound.read(row(body=body)).text == new


def test_our_keys_are_found_in_the_thread_only() -> None:
    key, other = "snd_" + "a" * 32, "snd_" + "b" * 32
    headers = f"In-Reply-To: <{key}@x.example>\nReferences: <{key}@x.example> <z@y>\n"
    mail = inbound.read(row(headers=headers, body=f"look: {other}"))
    assert mail.send_keys == (key,)


def test_a_bounce_message_is_no_reply() -> None:
    key = "snd_" + "c" * 32
    mail = inbound.read(
        row(sender="MAILER-DAEMON@mx.example", body=f"550 5.1.1 unknown\nMessage-ID: <{key}@x>")
    )
    assert (mail.is_bounce, mail.is_permanent, mail.is_automatic) == (True, True, True)
    assert mail.send_keys == (key,)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        P("I am out until 8 March 2027.", "2027-03-08", id="8 March 2027"),
        P("back on March 10th", "2027-03-10", id="March 10th"),
        P("Ich bin bis 12.03.2027 nicht im Büro", "2027-03-12", id="12.03.2027"),
        P("bis zum 9. März", "2027-03-09", id="9. März"),
        P("absent jusqu'au 15 mars 2027", "2027-03-15", id="15 mars 2027"),
        P("from 2027-03-01 to 2027-03-20", "2027-03-20", id="the later of two"),
        P("since 1 February, back 3 April", "2027-04-03", id="a day gone by is next year's"),
    ],
)
def test_the_day_of_return_is_read(text: str, day: str) -> None:
    found = inbound.back_on(text, RECEIVED)
    assert found is not None
    assert f"{found:%Y-%m-%d}" == day


@pytest.mark.parametrize(
    "text", ["soon", "31.02.2027", "until 2031-01-01", "call 030 12345", "12 monkeys", ""]
)
def test_no_day_is_made_up(text: str) -> None:
    assert inbound.back_on(text, RECEIVED) is None


def test_missing_columns_read_as_empty() -> None:
    mail = inbound.read(row())
    assert (mail.sender, mail.subject, mail.text, mail.send_keys) == ("", "", "", ())
