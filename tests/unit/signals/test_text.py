"""Whatever comes in, text comes out fit to keep."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.signals import text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("A <b>bold</b> claim &amp; more", "A bold claim & more", id="markup"),
        pytest.param("A\x00B\ud800C", "ABC", id="what cannot be stored"),
        pytest.param(" two\n lines ", "two lines", id="lines"),
        pytest.param("<script>alert(1)</script>News", "News", id="a script"),
        pytest.param("5 < 6 and 7 > 3", "5 < 6 and 7 > 3", id="comparisons"),
        pytest.param(None, "", id="nothing"),
        pytest.param(["a"], "", id="a list"),
    ],
)
def test_plain(given: object, kept: str) -> None:
    assert text.plain(given) == kept


@settings(deadline=None)
@given(st.text())
def test_plain_text_has_one_line_and_can_be_stored(given: str) -> None:
    found = text.plain(given)
    assert "\n" not in found
    assert "\x00" not in found
    found.encode("utf-8")


@settings(deadline=None)
@given(ANYTHING)
def test_a_storable_value_survives_the_way_to_postgres(value: object) -> None:
    written = json.dumps(text.storable(value), allow_nan=False)
    assert "\\u0000" not in written
    written.encode("utf-8")


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_json_or_a_sentence(body: bytes) -> None:
    said = "The body is fine."
    try:
        json.dumps(text.read_json(body), allow_nan=False)
    except text.NotJson as error:
        said = str(error)
    assert re.fullmatch(r"(?s)The body is .+\.", said)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"\xff\xfe{", "not UTF-8", id="not UTF-8"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="too deep"),
        pytest.param(b"[NaN]", "no JSON number", id="NaN"),
        pytest.param(b"1" * 5_000, "not JSON", id="a number of 5,000 digits"),
        pytest.param(b"", "not JSON", id="empty"),
    ],
)
def test_what_is_no_json_is_said(body: bytes, words: str) -> None:
    with pytest.raises(text.NotJson, match=words):
        text.read_json(body)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC), id="Z"),
        pytest.param("2026-03-02T09:00+01:00", datetime(2026, 3, 2, 8, tzinfo=UTC), id="offset"),
        pytest.param("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC), id="a day"),
        pytest.param(1772442000, datetime(2026, 3, 2, 9, tzinfo=UTC), id="Unix seconds"),
        pytest.param("0000-00-00", None, id="zeros"),
        pytest.param("32 Foo 2026", None, id="nonsense"),
        pytest.param(True, None, id="a boolean"),
        pytest.param(10**30, None, id="beyond any calendar"),
        pytest.param(float("nan"), None, id="NaN"),
        pytest.param("9999-12-31T23:59:59-14:00", None, id="the last moment"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_moment(given: object, found: datetime | None) -> None:
    assert text.moment(given) == found


@settings(deadline=None)
@given(ANYTHING)
def test_nothing_raises(value: object) -> None:
    text.moment(value)
    text.domain(value)
    text.address(value)
    text.web_address(value)
    assert isinstance(text.excerpt(value), str)


@settings(deadline=None)
@given(st.text())
def test_no_text_raises(value: str) -> None:
    for read in (text.moment, text.domain, text.address, text.company_key, text.words):
        read(value)
    if link := text.web_address(value):
        text.canonical(link)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param("https://www.Acme.example/careers?x=1", "acme.example", id="an address"),
        pytest.param("ACME.example.", "acme.example", id="a bare domain"),
        pytest.param("jobs.acme.example:8080", "jobs.acme.example", id="a port"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="an umlaut"),
        pytest.param("localhost", None, id="no domain"),
        pytest.param("http://[", None, id="a broken address"),
        pytest.param("acme example.com", None, id="a space"),
    ],
)
def test_domain(given: str, found: str | None) -> None:
    assert text.domain(given) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(" Lee@Acme.EXAMPLE ", "lee@acme.example", id="case and space"),
        pytest.param("lee@acme", None, id="no domain"),
        pytest.param("lee..x@acme.example", None, id="two full stops"),
        pytest.param("a@b@acme.example", None, id="two at signs"),
        pytest.param("Lee <lee@acme.example>", None, id="a name beside it"),
        pytest.param("n/a", None, id="no address"),
    ],
)
def test_address(given: str, found: str | None) -> None:
    assert text.address(given) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Kiefern Works GmbH", "KIEFERN WORKS", id="legal form and case"),
        pytest.param("Kiefern Works GmbH & Co. KG", "Kiefern Works", id="two legal forms"),
        pytest.param("Société Générale S.A.", "Societe Generale", id="accents"),
        pytest.param("Pontelli S.p.A.", "Pontelli", id="a dotted form"),
        pytest.param("Skarholm A/S", "Skarholm", id="a slash"),
        pytest.param("Vandermeer B.V.", "Vandermeer", id="B.V."),
    ],
)
def test_company_names_that_are_the_same(one: str, other: str) -> None:
    assert text.company_key(one) == text.company_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Kiefern Works", "Kiefern Trading", id="another word"),
        pytest.param("AG", "SE", id="nothing but a legal form"),
    ],
)
def test_company_names_that_differ(one: str, other: str) -> None:
    assert text.company_key(one) != text.company_key(other)


def test_tracking_does_not_make_another_page() -> None:
    one = "https://N.example/story/?utm_source=feed&id=3#top"
    assert text.canonical(one) == text.canonical("https://n.example/story?id=3")
    assert text.canonical(one) != text.canonical("https://n.example/story?id=4")
