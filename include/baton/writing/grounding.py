"""Does the evidence carry the claim? Every number and every name of a claim must stand in its evidence.

This is a check of letters, not of sense: it finds what was made up, not what was twisted. The
reviewer sees the evidence beside each claim for the rest.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from baton.writing.records import CheckedClaim, ClaimText, Evidence

_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f']\d+)*")
_NAME = re.compile(r"[^\W\d_][\w'’&-]*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|\n)[\"'(„“]*$")
NUMBER_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "dozen": "12", "hundred": "100",
    "thousand": "1000", "million": "million", "billion": "billion", "half": "half",
    "double": "double", "doubled": "double", "twice": "double", "triple": "triple",
    "tripled": "triple", "percent": "%",
}  # fmt: skip


def check_claims(
    claims: Iterable[ClaimText],
    body: str,
    evidence: Mapping[str, Evidence],
    known: Iterable[str],
) -> tuple[CheckedClaim, ...]:
    """Return each claim with its evidence and, where it is not grounded, the reason in words.

    `evidence` holds what may be used, by id. `known` are texts whose names need no evidence: the
    names of the recipient, their company, the sender and the product.
    """
    free = names("\n".join(known), all_of_them=True)
    plain_body = plain(body)
    return tuple(_check(claim, plain_body, evidence, free) for claim in claims)


def _check(
    claim: ClaimText, body: str, evidence: Mapping[str, Evidence], free: set[str]
) -> CheckedClaim:
    item = evidence.get(claim.evidence_id)
    reason = None
    if not claim.text.strip() or plain(claim.text) not in body:
        reason = "This sentence does not stand in the body."
    elif item is None:
        reason = f"There is no evidence {claim.evidence_id!r}."
    elif not item.speakable:
        reason = "This evidence must not be mentioned."
    elif new := sorted(numbers(claim.text) - numbers(item.text)):
        reason = f"The evidence does not say {', '.join(new)}."
    elif strange := sorted(names(claim.text) - names(item.text, all_of_them=True) - free):
        reason = f"The evidence does not name {', '.join(strange)}."
    return CheckedClaim(
        text=claim.text,
        evidence_id=claim.evidence_id if item else None,
        evidence_text=item.text if item else None,
        evidence_url=item.url if item else None,
        grounded=reason is None,
        reason=reason,
    )


def plain(text: str) -> str:
    """Return the text for comparing: case, quotes, dashes and spaces do not count."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[“”„‟«»\"]", '"', text)
    text = re.sub(r"[‘’‚‛]", "'", text)
    text = re.sub(r"[‐‑‒–—]", "-", text)
    return re.sub(r"\s+", " ", text).strip()


def numbers(text: str) -> set[str]:
    """Return the figures of a text, digits or words, in one notation ("1,200" and "1200" are equal)."""
    text = unicodedata.normalize("NFKC", text)
    found = {re.sub(r"[.,\u00a0\u202f']", "", match) for match in _NUMBER.findall(text)}
    if "%" in text:
        found.add("%")
    words = re.findall(r"[a-z]+", text.casefold())
    return found | {NUMBER_WORDS[word] for word in words if word in NUMBER_WORDS}


def names(text: str, *, all_of_them: bool = False) -> set[str]:
    """Return the words of a text that are names, in lower case: capitals away from a sentence's start.

    With `all_of_them` every word counts, for the side that may supply a name.
    """
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    found = set()
    for match in _NAME.finditer(text):
        word = match.group().removesuffix("'s").rstrip("'")
        if all_of_them:
            found.add(word.casefold())
            found.update(part for part in word.casefold().split("-") if part)
        elif (
            len(word) > 1
            and word[0].isupper()
            and not _SENTENCE_START.search(text[: match.start()])
        ):
            found.add(word.casefold())
    return found - {"i'm", "i've", "i'd", "i'll"}
