"""Every answer ends as what it is: done, no, later, or nobody knows."""

import gzip
from collections.abc import Callable

import httpx
import pytest

from baton.clients.http import Answer, Http, NotFound, check_target, retry_after
from baton.core.errors import VendorAmbiguous, VendorError, VendorUnavailable

URL = "https://vendor.example/things"
Handler = Callable[[httpx.Request], httpx.Response]


class Vendor:
    """Answers each request with the next of `answers`, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(vendor: Handler, **settings: object) -> Http:
    return Http("Vendor", transport=httpx.MockTransport(vendor), first_pause=0, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(httpx.Response(500), id="500"),
        pytest.param(httpx.Response(503, headers={"Retry-After": "9"}), id="503"),
        pytest.param(httpx.ConnectError("refused"), id="no connection"),
        pytest.param(httpx.ReadTimeout("slow"), id="time-out"),
        pytest.param(httpx.RemoteProtocolError("reset"), id="reset"),
    ],
)
def test_reading_is_tried_again(failure: httpx.Response | Exception) -> None:
    vendor = Vendor(failure, failure, httpx.Response(200, content=b"here"))
    assert client(vendor).get(URL).body == b"here"
    assert len(vendor.asked) == 3


def test_reading_gives_up_after_three_tries() -> None:
    vendor = Vendor(*[httpx.Response(500)] * 3)
    with pytest.raises(VendorUnavailable, match="Vendor failed with status 500"):
        client(vendor).get(URL)
    assert len(vendor.asked) == 3


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        pytest.param(httpx.ConnectError("refused"), VendorUnavailable, id="never left"),
        pytest.param(httpx.ConnectTimeout("slow"), VendorUnavailable, id="never connected"),
        pytest.param(httpx.ReadTimeout("slow"), VendorAmbiguous, id="time-out after the body"),
        pytest.param(httpx.WriteTimeout("slow"), VendorAmbiguous, id="time-out within the body"),
        pytest.param(httpx.RemoteProtocolError("reset"), VendorAmbiguous, id="reset"),
        pytest.param(httpx.Response(502), VendorAmbiguous, id="502"),
    ],
)
def test_writing_is_never_sent_twice(
    failure: httpx.Response | Exception, error: type[VendorError]
) -> None:
    vendor = Vendor(failure)
    with pytest.raises(error):
        client(vendor).request("POST", URL, json={})
    assert len(vendor.asked) == 1


def test_429_carries_the_wish_of_the_vendor() -> None:
    vendor = Vendor(httpx.Response(429, headers={"Retry-After": "17"}))
    with pytest.raises(VendorUnavailable) as caught:
        client(vendor).get(URL)
    assert caught.value.retry_after == 17
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        pytest.param(400, "refused /things", id="400"),
        pytest.param(401, "credentials", id="401"),
        pytest.param(403, "credentials", id="403"),
        pytest.param(422, "refused /things", id="422"),
    ],
)
def test_a_no_is_definite(status: int, words: str) -> None:
    vendor = Vendor(httpx.Response(status, content=b"because"))
    with pytest.raises(VendorError, match=words) as caught:
        client(vendor).get(URL)
    assert not isinstance(caught.value, VendorUnavailable | VendorAmbiguous)
    assert len(vendor.asked) == 1


def test_a_page_that_says_no_is_told_in_its_words() -> None:
    page = b"<!DOCTYPE HTML><html><head><title>x</title><style>p {}</style></head>"
    page += b"<body><h1>Not found</h1><p>Nothing  matches " + b"this " * 100 + b"</p></body></html>"
    with pytest.raises(NotFound) as caught:
        client(Vendor(httpx.Response(404, content=page))).get(URL)
    said = str(caught.value)
    assert "(404): Not found Nothing matches this this" in said
    assert said.endswith("this ...")


def test_what_is_not_there_has_an_error_of_its_own() -> None:
    with pytest.raises(NotFound):
        client(Vendor(httpx.Response(404))).get(URL)


def test_a_large_body_is_cut_off_while_it_comes() -> None:
    with pytest.raises(VendorError, match="more than 1,000 bytes"):
        client(Vendor(httpx.Response(200, content=b"x" * 1_001)), max_bytes=1_000).get(URL)


def test_a_packed_bomb_is_cut_off() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    answer = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(bomb)
    )
    with pytest.raises(VendorError, match="more than 100,000 bytes"):
        client(Vendor(answer), max_bytes=100_000).get(URL)


def test_a_broken_packing_is_a_sentence() -> None:
    answer = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"nonsense")
    )
    with pytest.raises(VendorError, match="cannot be unpacked"):
        client(Vendor(answer)).get(URL)


def test_a_redirect_is_followed_on_the_same_host_only_with_our_credentials() -> None:
    vendor = Vendor(
        httpx.Response(302, headers={"Location": "/elsewhere"}),
        httpx.Response(200, content=b"there"),
    )
    http = client(vendor, headers={"Authorization": "Bearer secret"}, follow_redirects=True)
    assert http.get(URL).body == b"there"
    assert str(vendor.asked[1].url) == "https://vendor.example/elsewhere"
    assert vendor.asked[1].headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("http://127.0.0.1:5432/", id="this machine"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="cloud metadata"),
        pytest.param("http://10.0.0.7/", id="private network"),
        pytest.param("http://[::1]/", id="IPv6 loopback"),
        pytest.param("file:///etc/passwd", id="file"),
    ],
)
def test_a_redirect_into_our_own_network_is_refused(target: str) -> None:
    vendor = Vendor(httpx.Response(302, headers={"Location": target}))
    with pytest.raises(VendorError, match=r"private address|no web address"):
        client(vendor, follow_redirects=True).get(URL)
    assert len(vendor.asked) == 1


def test_the_host_that_the_playbook_names_may_be_private() -> None:
    check_target("Feed", ("http", "127.0.0.1", 8090), "http://127.0.0.1:8090/next")


def test_redirects_come_to_an_end() -> None:
    vendor = Vendor(*[httpx.Response(302, headers={"Location": "/again"})] * 4)
    with pytest.raises(VendorError, match="more than 3 times"):
        client(vendor, follow_redirects=True).get(URL)


def test_an_api_does_not_redirect() -> None:
    with pytest.raises(VendorError, match="put the right address"):
        client(Vendor(httpx.Response(301, headers={"Location": "/v4"}))).get(URL)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("30", 30.0, id="seconds"),
        pytest.param("Mon, 01 Jan 2001 00:00:00 GMT", 0.0, id="a date that is past"),
        pytest.param("soon", None, id="words"),
        pytest.param("-5", None, id="negative"),
        pytest.param("²", None, id="not a digit"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    headers = httpx.Headers([(b"retry-after", text.encode())])
    assert retry_after(Answer(429, headers, b"", URL)) == seconds
