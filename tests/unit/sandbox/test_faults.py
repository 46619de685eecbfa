"""Faults over a real connection: the resets must be seen by the client as resets."""

import socket
import threading
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError
from sandbox.faults import Faults
from sandbox.keys import generate
from tests.unit.sandbox.support import MONDAY, mail_payload, make_sandbox

TO = "someone@unknown.example"


@contextmanager
def running(config):
    """A real server on a free port; yields its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(create_app(config), log_level="error", proxy_headers=False)
    )
    ready = threading.Event()
    begin = server.startup

    async def startup(sockets=None):
        await begin(sockets)
        ready.set()

    server.startup = startup
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert ready.wait(30)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def keys():
    return generate()


@pytest.fixture(scope="module")
def url(keys):
    with running(SandboxConfig(keys=keys, start=MONDAY)) as found:
        yield found


@pytest.fixture
def http(url, keys):
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {keys.sendgrid_key}"}, trust_env=False
    ) as client:
        client.post("/_control/reset")
        yield client


def send(http):
    return http.post("/sendgrid/v3/mail/send", json=mail_payload(TO))


def accepted(http):
    return http.get("/_control/sent").json()["count"]


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        pytest.param("reset_before", 0, id="the mail was not accepted"),
        pytest.param("reset_after", 1, id="the mail was accepted"),
    ],
)
def test_the_connection_is_reset_without_an_answer(http, kind, taken):
    http.post("/_control/faults", json={"vendor": "sendgrid", "kind": kind, "count": 1})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)) as caught:
        send(http)
    assert "Connection reset" in str(caught.value) or isinstance(caught.value, httpx.ReadError)
    assert accepted(http) == taken
    assert send(http).status_code == 202
    assert accepted(http) == taken + 1


def test_a_raw_socket_sees_a_tcp_reset_and_not_one_byte(url, keys, http):
    http.post("/_control/faults", json={"vendor": "sendgrid", "kind": "reset_after", "count": 1})
    host, port = url.removeprefix("http://").split(":")
    request = httpx.Request("POST", f"{url}/sendgrid/v3/mail/send", json=mail_payload(TO))
    head = (
        f"POST /sendgrid/v3/mail/send HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {keys.sendgrid_key}\r\n"
        f"Content-Length: {len(request.content)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(head.encode() + request.content)
        with pytest.raises(ConnectionResetError):
            raw.recv(1)
    assert accepted(http) == 1


@pytest.mark.parametrize(
    ("kind", "status", "taken"),
    [
        pytest.param("error_before", 500, 0, id="500 before it was taken"),
        pytest.param("error_after", 500, 1, id="500 although it was taken"),
        pytest.param("rate_limit", 429, 0, id="429"),
    ],
)
def test_errors_say_nothing_of_whether_the_mail_was_taken(http, kind, status, taken):
    http.post(
        "/_control/faults",
        json={"vendor": "sendgrid", "kind": kind, "count": 1, "retry_after": 30},
    )
    answer = send(http)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("30" if status == 429 else None)
    assert accepted(http) == taken


def test_latency_outlasts_an_impatient_client(http):
    http.post("/_control/faults", json={"vendor": "sendgrid", "kind": "latency", "ms": 1500})
    with pytest.raises(httpx.ReadTimeout):
        http.post("/sendgrid/v3/mail/send", json=mail_payload(TO), timeout=0.2)


def test_a_fault_strikes_only_its_own_vendor_and_path(http, keys):
    http.post(
        "/_control/faults",
        json={"vendor": "sendgrid", "kind": "error_before", "path": "/sendgrid/v3/suppression"},
    )
    http.post("/_control/faults", json={"vendor": "feeds", "kind": "error_before"})
    assert send(http).status_code == 202
    assert http.get("/sendgrid/v3/suppression/bounces").status_code == 500
    assert http.get("/feeds/news.rss").status_code == 500
    assert http.get("/jobs/board.json").status_code == 200
    http.delete("/_control/faults")
    assert http.get("/feeds/news.rss").status_code == 200


def test_a_probability_strikes_about_as_often_and_always_the_same():
    def strikes():
        faults = Faults()
        faults.switch_on(vendor="openai", kind="bad_drafts", probability=0.2, seed=11)
        return [faults.strike("openai", "bad_drafts") is not None for _ in range(1000)]

    assert strikes() == strikes()
    assert 150 < sum(strikes()) < 250


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        pytest.param({"vendor": "sendgird", "kind": "latency"}, "no vendor", id="unknown vendor"),
        pytest.param({"vendor": "hubspot", "kind": "silence"}, "no fault", id="unknown kind"),
        pytest.param(
            {"vendor": "hubspot", "kind": "latency", "probability": 2},
            "between 0",
            id="probability",
        ),
        pytest.param({"vendor": "hubspot", "kind": "latency", "cuont": 2}, "cuont", id="typo"),
        pytest.param(
            {"vendor": "hubspot", "kind": "latency", "count": -1}, "0 or more", id="count"
        ),
    ],
)
def test_a_mistaken_fault_is_refused_in_a_sentence(fields, word):
    with pytest.raises(SandboxError, match=word):
        Faults().switch_on(**fields)
    answer = make_sandbox().http.post("/_control/faults", json=fields)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
