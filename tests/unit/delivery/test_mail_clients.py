"""The mail vendors' clients: what is definite, what is ambiguous, and what reaches the wire."""

import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from baton.clients.mail import (
    Accepted,
    Address,
    Ambiguous,
    Outgoing,
    Refused,
    Rejected,
    Throttled,
)
from baton.clients.mailbox import LocalMailbox
from baton.clients.sendgrid import DEFAULT_WAIT, LONGEST_WAIT, SendGrid, _wait
from baton.clients.smtp import Smtp
from baton.core.connections import Connection
from baton.core.errors import InputError, SettingsError
from baton.core.settings import Settings
from baton.delivery.mailer import open_mailer
from tests.contract.test_sendgrid_client import KEY, mail

P = pytest.param
AT = datetime(2027, 3, 1, tzinfo=UTC)
GOOD = (
    '{"from":"Rita <rita@s.example>","html":"","list_unsubscribe":"https://u.example/u/x",'
    '"reply_to":"","subject":"S","text":"T","to":"pat@b.example"}'
)


# --- what was approved


def test_the_approved_bytes_are_read() -> None:
    read = Outgoing.from_rendered(GOOD.encode(), KEY, AT)
    assert (read.sender, read.to.email, read.reply_to) == (
        Address("Rita", "rita@s.example"), "pat@b.example", None,
    )  # fmt: skip
    assert read.message_id == f"<{KEY}@s.example>"


@pytest.mark.parametrize(
    ("rendered", "message"),
    [
        P("not json", "not JSON", id="no JSON"),
        P("[]", "exactly", id="a list"),
        P(GOOD.replace('"S"', '"\\ud800"'), "UTF-8", id="half a surrogate pair"),
        P(GOOD.replace('"to"', '"cc"'), "exactly", id="a missing field"),
        P(GOOD.replace("{", '{"bcc":"x@y.example",', 1), "exactly", id="one field more"),
        P(GOOD.replace("pat@b.example", "pat"), "no e-mail address", id="no address"),
        P(GOOD.replace("pat@b.example", "a@b.example\\r\\nBcc: x"), "no e-mail", id="line break"),
        P(GOOD.replace('"S"', '"S\\nBcc: x"'), "more than one line", id="header in the subject"),
        P(GOOD.replace('"T"', '" "'), "no text", id="empty text"),
        P(GOOD.replace("https://u.example/u/x", ""), "no list_unsubscribe", id="no way out"),
    ],
)
def test_what_cannot_be_sent_is_refused(rendered: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Outgoing.from_rendered(rendered.encode(), KEY, AT)


# --- the local mailbox


def test_one_key_is_one_file_however_often_it_is_written(tmp_path: Path) -> None:
    box = LocalMailbox(tmp_path / "box")
    threads = [
        threading.Thread(target=box.send, args=(mail(text=f"Version {n}"),)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = box.path(KEY).read_bytes()
    assert box.send(mail(text="later")) == Accepted(mail().message_id)
    assert box.path(KEY).read_bytes() == first
    assert [p.name for p in box.folder.iterdir()] == [f"{KEY}.eml"]
    assert box.was_taken(mail())
    assert box.path(KEY).stat().st_mode & 0o077 == 0


def test_a_mailbox_that_cannot_be_written_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("a file where a folder should be")
    assert isinstance(LocalMailbox(tmp_path / "box").send(mail()), Refused)


# --- SendGrid's waits


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        P({"Retry-After": "30"}, 30, 30, id="seconds"),
        P({"Retry-After": "0"}, 0, 0, id="zero"),
        P({"Retry-After": "-5"}, 0, 0, id="negative"),
        P({"Retry-After": "inf"}, DEFAULT_WAIT, DEFAULT_WAIT, id="endless"),
        P({"Retry-After": "9999999"}, LONGEST_WAIT, LONGEST_WAIT, id="too long"),
        P({"Retry-After": "soon"}, DEFAULT_WAIT, DEFAULT_WAIT, id="no number"),
        P({}, DEFAULT_WAIT, DEFAULT_WAIT, id="nothing"),
    ],
)
def test_how_long_a_429_asks_to_wait(headers: dict[str, str], low: float, high: float) -> None:
    assert low <= _wait(httpx.Headers(headers)) <= high


def test_a_date_and_the_vendors_own_header_are_read_too() -> None:
    later = datetime.now(UTC) + timedelta(minutes=2)
    text = later.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert 110 < _wait(httpx.Headers({"Retry-After": text})) <= 120
    reset = httpx.Headers({"X-RateLimit-Reset": str(int(later.timestamp()))})
    assert 110 < _wait(reset) <= 120


def test_a_vendor_that_never_answers_is_ambiguous() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = SendGrid(Connection("baton_mail", "sendgrid", password="k",
                                     extra={"base_url": url}), timeout=0.3)  # fmt: skip
        answer = client.send(mail())
        client.close()
    assert isinstance(answer, Ambiguous)
    assert "ReadTimeout" in answer.detail


# --- SMTP


@contextmanager
def smtp_server(replies: dict[str, str | None]) -> Iterator[tuple[int, list[str]]]:
    """A server that answers each command as told; None hangs up. Yields its port and what it got."""
    got: list[str] = []
    usual = {"EHLO": "250 hi", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 ok"}
    told = {**usual, **replies}

    def serve(listener: socket.socket) -> None:
        conn, _ = listener.accept()
        with conn, conn.makefile("rwb") as stream:
            stream.write(b"220 ready\r\n")
            stream.flush()
            data = False
            for raw in stream:
                line = raw.decode().rstrip("\r\n")
                got.append(line)
                if data and line != ".":
                    continue
                word = "." if data else line.split(" ")[0].split(":")[0].upper()
                data = word == "DATA" and told["DATA"] is not None and told["DATA"].startswith("3")
                reply = told.get(word, "250 ok")
                if reply is None:
                    return
                stream.write(f"{reply}\r\n".encode())
                stream.flush()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1], got
        thread.join(10)


def smtp(port: int) -> Smtp:
    connection = Connection("baton_mail", "smtp", "127.0.0.1", port, extra={"security": "none"})
    return Smtp(connection, timeout=5)


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        P({}, Accepted, id="taken"),
        P({"RCPT": "550 5.1.1 unknown"}, Rejected, id="recipient refused"),
        P({"MAIL": "451 4.7.1 greylisted"}, Throttled, id="greylisted"),
        P({".": "554 spam"}, Rejected, id="content refused"),
        P({".": "452 full"}, Throttled, id="refused for now, after the body"),
        P({"RCPT": None}, Refused, id="hung up before the body"),
        P({".": None}, Ambiguous, id="hung up after the body"),
    ],
)
def test_an_smtp_dialogue(replies: dict[str, str | None], outcome: type) -> None:
    with smtp_server(replies) as (port, _got):
        assert isinstance(smtp(port).send(mail()), outcome)


def test_what_goes_over_smtp_is_what_was_approved() -> None:
    with smtp_server({}) as (port, got):
        smtp(port).send(mail(text="Hello\n.dot\n\nüber\n", html=""))
    begin = got.index("data" if "data" in got else "DATA") + 1
    lines = [line[1:] if line.startswith("..") else line for line in got[begin : got.index(".")]]
    read = email.message_from_string("\n".join(lines) + "\n", policy=email.policy.default)
    assert read.get_content().replace("\r\n", "\n") == "Hello\n.dot\n\nüber\n"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_an_address_that_cannot_be_written_is_rejected_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    strange = mail(to=Address("", "jörg@b.example"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert isinstance(smtp(listener.getsockname()[1]).send(strange), Rejected)
    assert isinstance(LocalMailbox(tmp_path / "box").send(strange), Rejected)


def test_no_smtp_server_at_all_takes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert isinstance(smtp(port).send(mail()), Refused)


# --- the choice


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        P(Connection("baton_mail", "pigeon"), "use sendgrid or smtp", id="unknown type"),
        P(Connection("baton_mail", "sendgrid"), "no password", id="no key"),
        P(Connection("baton_mail", "smtp"), "no host", id="no host"),
        P(Connection("baton_mail", "smtp", "h", extra={"security": "ssl"}), "security 'ssl'",
          id="unknown security"),
    ],
)  # fmt: skip
def test_a_connection_that_cannot_be_used_says_why(connection: Connection, message: str) -> None:
    settings = Settings("", Path(), Path(), "test", "", "", {"baton_mail": connection})
    with pytest.raises(SettingsError, match=message):
        open_mailer(settings)


def test_without_a_connection_mail_goes_to_the_local_folder(tmp_path: Path) -> None:
    mailer = open_mailer(Settings("", tmp_path, tmp_path, "test", "", ""))
    assert isinstance(mailer, LocalMailbox)
