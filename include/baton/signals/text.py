"""Text, times and names from outside, made fit to keep. Whatever comes in, nothing here raises."""

import html
import json
import math
import re
import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

TITLE_LENGTH = 500
TEXT_LENGTH = 5_000
# What begins a line of its own on a page.
BLOCKS = ("br", "p", "div", "li", "td", "tr", "h1", "h2", "h3", "blockquote")
URL_LENGTH = 2_000
# Postgres keeps no NUL, and UTF-8 no lone surrogates; other control characters only do harm.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TRACKING = re.compile(r"^(utm_.*|fbclid|gclid|mc_[a-z]+)$", re.IGNORECASE)
_HOST = re.compile(r"^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}$")
_EMAIL = re.compile(r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9.-]{4,253})$")
_LEGAL_FORMS = frozenset(
    {
        "ab", "ag", "aps", "as", "asa", "bv", "co", "company", "corp", "corporation", "gmbh", "inc",
        "incorporated", "kg", "kgaa", "limited", "llc", "llp", "ltd", "nv", "oy", "oyj", "plc",
        "pty", "sa", "sarl", "sas", "se", "sl", "slu", "spa", "srl", "ug",
    }
)  # fmt: skip


class NotJson(ValueError):
    """Bytes that are no JSON, or JSON that a database cannot keep."""


def clean(value: str) -> str:
    """Return the text without characters that cannot be stored."""
    return _UNFIT.sub("", value)


def plain(value: object, limit: int = TEXT_LENGTH) -> str:
    """Return text without markup, on one line, at most `limit` characters; "" for anything else."""
    if not isinstance(value, str):
        return ""
    text = value
    if "<" in text:
        stripper = _Stripper()
        try:
            stripper.feed(text)
            stripper.close()
            text = "".join(stripper.parts)
        except (AssertionError, ValueError):  # the parser's own answer to hopeless markup
            text = re.sub(r"<[^>]*>", " ", text)
    return " ".join(clean(html.unescape(text)).split())[:limit].rstrip()


def lines(value: object, limit: int = TEXT_LENGTH) -> str:
    """Return the text of a page or mail in lines, as it is shown; "" for anything else.

    What is quoted begins with a line ">", and a rule is a line of underscores, as in mail without
    markup.
    """
    if not isinstance(value, str):
        return ""
    stripper = _Stripper(breaks="\n", marks={"blockquote": "\n>\n", "hr": f"\n{'_' * 10}\n"})
    try:
        stripper.feed(value)
        stripper.close()
    except (AssertionError, ValueError):
        return plain(value, limit)
    shown = clean("".join(stripper.parts)).split("\n")
    return "\n".join(line for each in shown if (line := " ".join(each.split())))[:limit].rstrip()


class _Stripper(HTMLParser):
    def __init__(self, breaks: str = " ", marks: dict[str, str] | None = None) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._breaks = breaks
        self._marks = marks or {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in ("script", "style")
        self.parts.append(self._marks.get(tag, self._breaks if tag in BLOCKS else ""))

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in ("script", "style")))
        self.parts.append(self._breaks if tag in BLOCKS and tag != "br" else "")

    def handle_data(self, data: str) -> None:
        if not self._hidden:  # a line break in the source is a space on the page
            self.parts.append(re.sub(r"\s+", " ", data))


def storable(value: Any) -> Any:
    """Return a JSON value in which every string can be stored, keys included."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def read_json(body: bytes) -> Any:
    """Return what a JSON document says, fit to store.

    Raises NotJson with a sentence that says what is wrong with it.
    """
    try:
        return storable(json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant))
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None
    except ValueError as error:
        raise NotJson(f"The body is not JSON: {clean(str(error))}.") from None


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def excerpt(value: object, limit: int = 20_000) -> str:
    """Return any payload as text for the quarantine."""
    if isinstance(value, bytes):
        return clean(value[:limit].decode("utf-8", "backslashreplace"))
    if isinstance(value, str):
        return clean(value[:limit])
    try:
        text = json.dumps(storable(value), ensure_ascii=False, sort_keys=True, default=str)
    except (ValueError, RecursionError):
        text = repr(type(value))
    return clean(text[:limit])


def moment(value: object) -> datetime | None:
    """Return the time that a text (ISO 8601) or a number (Unix seconds) names, in UTC, or None.

    A text without an offset is read as UTC. Years outside 2000 to 2100 are taken for mistakes.
    """
    found: datetime | None = None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, str) and 8 <= len(value.strip()) <= 40:
            found = datetime.fromisoformat(value.strip().upper())
            found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found and 2000 <= found.year <= 2100 else None


def domain(value: object) -> str | None:
    """Return the host that a domain or an address names, lower case, without "www.", or None."""
    if not isinstance(value, str):
        return None
    text = clean(value).strip().lower()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        host = host.encode("idna").decode() if not host.isascii() else host
    except (ValueError, UnicodeError):
        return None
    host = host.rstrip(".").removeprefix("www.")
    return host if _HOST.match(host) else None


def address(value: object) -> str | None:
    """Return an e-mail address in lower case, or None if it is none that mail could reach."""
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    found = _EMAIL.match(text)
    if not found or not _HOST.match(found[1]) or ".." in text or text.startswith("."):
        return None
    return None if ".@" in text else text


def web_address(value: object) -> str | None:
    """Return an http or https address as it stands, or None."""
    if not isinstance(value, str):
        return None
    text = clean(value).strip()
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return text if fits and len(text) <= URL_LENGTH and " " not in text else None


def canonical(url: str) -> str:
    """Return a web address without fragment and tracking parameters, to compare it with others."""
    parts = urlsplit(url)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.match(name)
    ]
    path = parts.path.rstrip("/") or "/"
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, urlencode(kept), ""))


def words(value: str) -> list[str]:
    """Return the words of a text for comparing: lower case, without accents and punctuation."""
    folded = unicodedata.normalize("NFKD", value.casefold())
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    # B.V. and S.p.A. are one word each.
    joined = re.sub(r"\b((?:[a-z]\.){2,}[a-z]?)(?!\w)", lambda m: m[1].replace(".", ""), kept)
    joined = re.sub(r"\b([a-z])/([a-z])\b", r"\1\2", joined)
    return re.findall(r"[^\W_]+", joined)


def company_key(value: str) -> str:
    """Return a company's name for comparing: its words, without the legal form at the end.

    "Kiefern Works GmbH" and "KIEFERN WORKS" have the same key.
    """
    found = words(value)
    while len(found) > 1 and found[-1] in _LEGAL_FORMS:
        found.pop()
    return " ".join(found)
