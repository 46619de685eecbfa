"""Text from outside keeps its words, and loses what it could do to a reader unseen."""

import pytest

from baton.core.outside import host_of, one_line, quoted, unlinked, visible

P = pytest.param


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        P("Acme hires 14 planners", "Acme hires 14 planners", id="ordinary"),
        P("ada\u202egro.elpmaxe", "adagro.elpmaxe", id="right-to-left override"),
        P("\u2066isolated\u2069 \u200fmark", "isolated mark", id="isolates and marks"),
        P("ig\u200bno\u200dre\ufeff \u2060this", "ignore this", id="zero width"),
        P("a\u00adb\u034fc\u3164d\ufe0f\U000e0041", "abcd", id="soft hyphen, fillers, selectors, tags"),
        P("bell\x07 nul\x00 esc\x1b[31m", "bell  nul  esc [31m", id="control characters"),
        P("one\r\ntwo\rthree\u2028four\tfive", "one\ntwo\nthree\nfour\tfive", id="line breaks"),
        P("Grüße, 東京, שלום, 👍", "Grüße, 東京, שלום, 👍", id="other scripts stay"),
    ],
)  # fmt: skip
def test_nothing_invisible_is_left(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_one_line_is_one_line_and_not_longer() -> None:
    assert one_line("a\nb \t c\u2029d") == "a b c d"
    assert len(one_line("x" * 10_000)) == 401
    assert one_line("word " * 10_000, 20) == "word word word word…"


def test_nothing_inside_closes_the_quotation() -> None:
    assert quoted('He said "go"\nand went') == "\"He said 'go' and went\""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        P("See https://evil.example/a?b=c.", "See (link to evil[.]example).", id="https"),
        P("www.evil.example now", "(link to www[.]evil[.]example) now", id="www"),
        P("evil.example/login", "(link to evil[.]example)", id="without scheme"),
        P("javascript:alert", "(a link)", id="javascript"),
        P("data:text/html;base64,AAAA", "(a link)", id="data"),
        P("https://news.example@evil.example/", "(a link)", id="somebody else's name"),
        P("ftp://evil.example/x", "(a link)", id="another scheme"),
        P("Node.js, and 3.5 percent: data is king", "Node.js, and 3.5 percent: data is king", id="words"),
    ],
)  # fmt: skip
def test_no_program_makes_an_address_live(text: str, shown: str) -> None:
    assert unlinked(text) == shown


def test_many_dots_cost_no_time() -> None:
    assert unlinked("a." * 20_000)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        P("https://Jobs.Example/1", "jobs.example", id="plain"),
        P("http://jobs.example.:8080/1", "jobs.example", id="port and last dot"),
        P("https://jobs.example@evil.example/", None, id="user name"),
        P("https://jobs.example\\@evil.example/", None, id="backslash"),
        P("https://jobs.example\t/", None, id="tab"),
        P("https://jobs.\u202eexample/", None, id="bidi"),
        P("https://jоbs.example/", "xn--jbs-sed.example", id="a look-alike shows what it is"),
        P("javascript:alert(1)", None, id="javascript"),
        P("https:///nowhere", None, id="no host"),
        P("https://[::1", None, id="broken"),
        P(None, None, id="none"),
    ],
)
def test_the_host_is_the_one_that_a_browser_would_open(url: str | None, host: str | None) -> None:
    assert host_of(url) == host
