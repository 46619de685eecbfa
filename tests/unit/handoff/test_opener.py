"""The paragraph with which a rep opens: only what is known, in their voice."""

from pathlib import Path

import pytest

from baton.handoff.opener import faults, plain
from baton.handoff.sources import Sources
from baton.playbook import sequences, voices

PLAYBOOK = Path(__file__).parents[3] / "include" / "playbook"
VOICES = voices.load(PLAYBOOK)
VOICE = VOICES.by_name["default"]
SEQUENCE = sequences.load(PLAYBOOK).by_name["signal-first-touch"]
SIGNAL = {"id": "s1", "type": "hiring", "title": "Head of Planning in Lyon",
          "text": "Acme Works is looking for a Head of Planning in Lyon.", "speakable": True,
          "at": "2026-11-01T00:00:00+00:00", "url": None, "weight": 20.0, "source": "jobs"}  # fmt: skip
MEETING = {"id": "m1", "guest_name": "Ada Lopez", "guest_title": "Head of Planning",
           "account_name": "Acme Works", "industry": "Retail", "owner_name": "Clara Voss"}  # fmt: skip
REPLY = {"at": "2026-11-02T00:00:00+00:00", "by": "them", "kind": "they replied", "subject": "Re: x",
         "text": "We lose 3 days a month on this."}  # fmt: skip


def sources(signals=(SIGNAL,), thread=(REPLY,), **meeting):
    return Sources({**MEETING, **meeting}, list(signals), list(thread))


def found(text, given=None, words=110):
    return faults(text, given or sources(), VOICE, VOICES.house, SEQUENCE, words)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(sources(), id="signal and reply"),
        pytest.param(sources(thread=()), id="signal alone"),
        pytest.param(sources(signals=()), id="reply alone"),
        pytest.param(
            sources(signals=(), thread=(), guest_name="", account_name=None), id="a stranger"
        ),
    ],
)
@pytest.mark.parametrize("voice", VOICES.by_name.values(), ids=VOICES.by_name)
def test_the_plain_paragraph_always_holds(given, voice):
    text = plain(given, voice, SEQUENCE)
    assert faults(text, given, voice, VOICES.house, SEQUENCE, 110) == []
    assert "{" not in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("Ada, I saw that you hire 12 people.", "No source says 12", id="a figure"),
        pytest.param("Ada, how is your office in Paris?", "No source names paris", id="a place"),
        pytest.param("Ada, I spoke with Boris about it.", "No source names boris", id="a person"),
        pytest.param("Ada, look at https://x.example first.", "does not belong", id="a link"),
        pytest.param("Hi {first_name}, thanks.", "does not belong", id="a hole"),
        pytest.param("", "empty", id="nothing"),
        pytest.param("word " * 200, "more than 110", id="a speech"),
        pytest.param("Ada, just checking in.", "banned", id="a banned phrase"),
    ],
)
def test_what_no_source_says_is_refused(text, reason):
    assert any(reason in sentence for sentence in found(text)), found(text)


def test_what_the_sources_say_is_taken():
    assert found("Ada, you lose 3 days a month, and you look for a Head of Planning in Lyon.") == []


@pytest.mark.parametrize("sequence", [None, SEQUENCE], ids=["no sequence", "no line for its type"])
def test_the_plain_paragraph_never_gives_a_bare_job_title_for_news(sequence):
    bare = {**SIGNAL, "type": "vacancy", "title": "Inventory Manager",
            "text": "Acme Works is looking for an [Inventory Manager] in Lyon."}  # fmt: skip
    given = sources(signals=(bare,))
    text = plain(given, VOICE, sequence)
    assert '"Acme Works is looking for an (Inventory Manager) in Lyon".' in text
    assert faults(text, given, VOICE, VOICES.house, sequence, 110) == []


def test_the_plain_paragraph_stays_short_however_long_the_summary():
    long = {**SIGNAL, "type": "vacancy", "text": "planning " * 80}
    given = sources(signals=(long,))
    assert faults(plain(given, VOICE, None), given, VOICE, VOICES.house, None, 110) == []


def test_a_signal_that_must_stay_silent_is_not_spoken_of():
    silent = {**SIGNAL, "type": "site_visit_pricing", "title": "Visited the Pricing page",
              "text": "Visited the Pricing page", "speakable": False}  # fmt: skip
    given = sources(signals=(silent,), thread=())
    assert "Pricing" not in plain(given, VOICE, SEQUENCE)
    assert found("Ada, you visited our Pricing page.", given)
