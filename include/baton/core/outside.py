"""Text from outside (headlines, replies, names in bookings) is data: what a reader may be shown of it.

What it says stays word for word. What it could do to a reader without being seen (turn the direction of
a line, hide letters, become a link that a mail client makes live) is taken away.
"""

import re
import unicodedata
from urllib.parse import urlsplit

LONGEST_LINE = 400

# Letters and marks without any shape, which Unicode does not count among its format characters.
_SHAPELESS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile(r"\s+")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
# What mail and calendar programs make live by themselves. Names such as Node.js stay words.
_LINK = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"']*"
    r"|\bwww\.[^\s<>\"']+"
    r"|\b(?:javascript|vbscript|data|mailto|tel|sms|file|blob):[^\s<>\"']+"
    r"|\b(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}/[^\s<>\"']*",
    re.IGNORECASE,
)


def visible(text: str) -> str:
    """Return a text of several lines without control, bidirectional, zero-width or shapeless characters.

    Every kind of line break becomes a line feed; tabs stay.
    """
    return "".join(map(_seen, _BREAK.sub("\n", text)))


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """Return a text as one line of at most `longest` characters (and an ellipsis), as `visible` shows it."""
    text = _SPACE.sub(" ", visible(text)).strip()
    if len(text) <= longest:
        return text
    return (text[:longest].rsplit(" ", 1)[0] or text[:longest]) + "…"


def quoted(text: str) -> str:
    """Return one line between quotation marks that nothing inside can close."""
    return '"' + one_line(text).replace('"', "'") + '"'


def unlinked(text: str) -> str:
    """Return a text whose addresses no program makes live: of each only its host is left, defanged."""
    return _LINK.sub(_named, text)


def host_of(url: str | None) -> str | None:
    """Return the host of an http(s) URL in ASCII and lower case, or None if it is not plainly one.

    An address with a user name in it pretends to be of another host, so it has none.
    """
    if not url or visible(url) != url or re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc:
            return None
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower()
    except ValueError:  # UnicodeError is one
        return None
    return host if len(host) <= 253 and _HOST.fullmatch(host) else None


def _seen(char: str) -> str:
    if char in "\n\t":
        return char
    category = unicodedata.category(char)
    if category == "Cc":
        return " "
    return "" if category[0] == "C" or char in _SHAPELESS else char


def _named(match: re.Match[str]) -> str:
    url = match.group().rstrip(".,;:!?)")
    has_scheme = ":" in url.partition("/")[0]
    host = host_of(url if has_scheme else f"http://{url}")
    left = match.group()[len(url) :]
    return (f"(link to {host.replace('.', '[.]')})" if host else "(a link)") + left
