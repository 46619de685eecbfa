"""The rules that every text must pass before a person sees it, and again after a person edits it."""

import re
import unicodedata
from collections.abc import Iterator

from baton.core.settings import Settings
from baton.playbook.sequences import Sequence, Step
from baton.playbook.voices import House, Voice
from baton.writing.grounding import check_claims, numbers, plain
from baton.writing.records import Checked, ClaimText, Evidence, Finding, Occasion
from baton.writing.render import envelope, read, render

# The same patterns, for Postgres, stand in baton.quality.suites.draft_generation.
PLACEHOLDER = re.compile(
    r"\{[^{}\n]*\}|\[[^\]\n]*\]|<[^<>\n]+>|\b(?:todo|tbd|xxx|lorem ipsum)\b"
    r"|\b(?:hi|hello|hey|dear)\s*[,!]",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S*", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_MINUTES = re.compile(r"\b[\w-]+(?:\s+|-)minutes?\b|\b[\w-]+ min\b", re.IGNORECASE)


def check(
    occasion: Occasion,
    subject: str,
    body: str,
    claims: list[ClaimText],
    *,
    sequence: Sequence,
    step: Step,
    voice: Voice,
    house: House,
    settings: Settings,
    by_person: bool = False,
) -> Checked:
    """Return the text with its rendered bytes, its checked claims and every rule it breaks.

    `by_person`: a person wrote or edited it. They may know more than the evidence, so an ungrounded
    figure is a warning then; everything else stays an error. Raises RenderError when there is an
    empty subject or body, a line break in a header, or no valid address.
    """
    subject, body = subject.strip(), tidy(body)
    rendered = render(subject, body, occasion, voice, house, settings)
    evidence = {item.id: item for item in occasion.evidence}
    known = _known(occasion, house)
    checked = check_claims(claims, body, evidence, known)
    findings = [
        Finding("ungrounded-claim", "error", f"{claim.text[:120]} — {claim.reason}")
        for claim in checked
        if not claim.grounded
    ]
    if not claims and not by_person:
        findings.append(Finding("no-claim", "error", "Nothing in it rests on evidence."))
    findings += _repeated(claims, occasion)
    findings += _figures(body, occasion, known, _own_lines(sequence, step, voice, house), by_person)
    findings += _words(subject, body, step, house)
    findings += _links(body, occasion, house, settings)
    findings += _compliance(subject, rendered, occasion, house, settings)
    return Checked(subject, body, rendered, checked, tuple(dict.fromkeys(findings)))


def tidy(body: str) -> str:
    """Return the body with plain line ends, no spaces at line ends and single blank lines."""
    lines = [line.rstrip() for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _known(occasion: Occasion, house: House) -> tuple[str, ...]:
    return (
        occasion.contact.full_name,
        occasion.first_name,
        occasion.account.name,
        occasion.sender.name,
        house.company.name,
        house.company.product,
    )


def _own_lines(sequence: Sequence, step: Step, voice: Voice, house: House) -> str:
    """What RevOps and reps wrote themselves: figures in there were vouched for by a person."""
    return "\n".join(
        (step.goal, step.subject, step.body, house.company.what_it_does, voice.lead_in,
         voice.question, voice.nudge, *sequence.why.values(), *sequence.signal_words.values())
    )  # fmt: skip


def _figures(
    body: str, occasion: Occasion, known: tuple[str, ...], own: str, by_person: bool
) -> Iterator[Finding]:
    """A figure anywhere in the body must stand in some evidence, in our own lines or in the thread."""
    given = "\n".join(item.text for item in _speakable(occasion))
    thread = "\n".join(item.text for item in occasion.thread)
    allowed = numbers("\n".join((given, thread, own, *known)))
    digits = {n for n in numbers(_MINUTES.sub("", body)) if n[0].isdigit() or n == "%"}
    for new in sorted(digits - allowed):
        severity = "warning" if by_person else "error"
        yield Finding("ungrounded-figure", severity, f'No evidence says "{new}".')


def _repeated(claims: list[ClaimText], occasion: Occasion) -> Iterator[Finding]:
    """A follow-up may come back to what was said, but whoever approves it should know that it does."""
    said = plain("\n".join(item.text for item in occasion.thread if item.by == "us"))
    for claim in claims:
        if claim.text.strip() and plain(claim.text) in said:
            yield Finding("repeated-claim", "warning", f'We wrote "{claim.text[:120]}" before.')


def _speakable(occasion: Occasion) -> list[Evidence]:
    return [item for item in occasion.evidence if item.speakable]


def _words(subject: str, body: str, step: Step, house: House) -> Iterator[Finding]:
    whole = f"{subject}\n{body}"
    for match in PLACEHOLDER.finditer(whole):
        yield Finding("placeholder", "error", f"{match.group()!r} was never filled in.")
    text = plain(whole)
    for phrase in house.banned_phrases:
        if re.search(rf"(?<!\w){re.escape(plain(phrase))}(?!\w)", text):
            yield Finding("banned-phrase", "error", f"{phrase!r} is never said.")
    count = len(body.split())
    if count > step.max_words:
        severity = "error" if count > 1.5 * step.max_words else "warning"
        yield Finding("too-long", severity, f"{count} words; at most {step.max_words}.")
    if len(subject) > house.subject_characters:
        yield Finding(
            "subject-too-long", "error", f"At most {house.subject_characters} characters."
        )
    strange = {
        c for c in whole if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn") and c != "\n"
    }
    if strange:
        codes = ", ".join(f"U+{ord(c):04X}" for c in sorted(strange))
        yield Finding("hidden-character", "error", f"It holds {codes}, which nobody can see.")


def _links(body: str, occasion: Occasion, house: House, settings: Settings) -> Iterator[Finding]:
    """Links are chosen by code. The body may only repeat the booking link or use an allowed host."""
    booking = envelope(occasion, house, settings).booking_url
    for match in _LINK.finditer(body):
        link = match.group().rstrip(".,;:!?)\"'")
        host = re.sub(r"^https?://", "", link, flags=re.IGNORECASE).split("/")[0].lower()
        if link != booking and host not in house.allowed_link_hosts:
            yield Finding("link", "error", f"{link} is not a link that we chose.")
    for match in _ADDRESS.finditer(body):
        if match.group().strip("<>().,;:").lower() != occasion.sender.email:
            yield Finding("address", "error", f"{match.group()} does not belong in the body.")


def _compliance(
    subject: str, rendered: bytes, occasion: Occasion, house: House, settings: Settings
) -> Iterator[Finding]:
    """CAN-SPAM: who writes, from where, a working way out, and a subject that does not deceive."""
    message = read(rendered)
    for part in ("text", "html"):
        content = message[part].replace("&#x27;", "'").replace("&amp;", "&").replace("<br>", "\n")
        if occasion.sender.name not in content:
            yield Finding("sender-missing", "error", f"The {part} does not say who writes.")
        if house.company.postal_address not in content:
            yield Finding("postal-address-missing", "error", f"The {part} has no postal address.")
        if message["list_unsubscribe"] not in content:
            yield Finding("unsubscribe-missing", "error", f"The {part} has no unsubscribe link.")
    if not message["list_unsubscribe"].startswith(settings.public_url):
        yield Finding("unsubscribe-missing", "error", "The unsubscribe link leads elsewhere.")
    if re.match(r"\s*(re|fwd?|aw|wg)\s*:", subject, re.IGNORECASE) and not occasion.thread:
        yield Finding("deceptive-subject", "error", "A first message is no answer and no forward.")
