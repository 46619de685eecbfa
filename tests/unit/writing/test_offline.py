"""The offline writer: every sequence, step, voice and kind of news gives a text that passes its checks."""

from dataclasses import replace

import pytest

from baton.playbook import sequences
from baton.writing import offline
from baton.writing.checks import check
from baton.writing.records import Evidence, Sent
from tests.unit.writing.material import (
    FUNDING,
    HIRING,
    HOUSE,
    NOW,
    OCCASION,
    PLAYBOOK,
    SEQUENCE,
    SETTINGS,
    VISIT,
    VOICES,
)  # fmt: skip

KINDS = sorted({kind for s in sequences.load(PLAYBOOK).by_name.values() for kind in s.signal_words})


@pytest.mark.parametrize("voice", sorted(VOICES.by_name))
@pytest.mark.parametrize("kind", [*KINDS, "something_new"])
@pytest.mark.parametrize(
    "headline", ["Nordwind opens 3 sites", 'A "quoted" {odd} one!', "Ünïcode AG"]
)
def test_whatever_the_playbook_allows_passes(voice, kind, headline):
    for sequence in sequences.load(PLAYBOOK).by_name.values():
        for step in sequence.steps:
            item = Evidence("sig_x", kind, headline, headline, None, NOW)
            occasion = replace(OCCASION, evidence=(item,), step=step.step, sequence=sequence.name)
            written = offline.write(occasion, sequence, step, VOICES.by_name[voice], HOUSE)
            found = check(
                occasion, written.subject, written.body, written.claims, sequence=sequence,
                step=step, voice=VOICES.by_name[voice], house=HOUSE, settings=SETTINGS,
            ).findings  # fmt: skip
            assert found == ()


def test_the_same_occasion_gives_the_same_text():
    voice = VOICES.of("clara.voss@halden.example")
    first = offline.write(OCCASION, SEQUENCE, SEQUENCE.touch(1), voice, HOUSE)
    assert first == offline.write(OCCASION, SEQUENCE, SEQUENCE.touch(1), voice, HOUSE)


@pytest.mark.parametrize(
    ("evidence", "thread", "chosen"),
    [
        pytest.param((HIRING, FUNDING), (), "sig_1", id="the kind that is worth more"),
        pytest.param(
            (HIRING, FUNDING), (Sent("us", "s", f'I read "{FUNDING.headline}".', NOW),), "sig_2",
            id="what was not said yet",
        ),
        pytest.param(
            (FUNDING,), (Sent("us", "s", f'I read "{FUNDING.headline}".', NOW),), "sig_1",
            id="the old one where there is no other",
        ),
        pytest.param((VISIT,), (), None, id="silent only"),
        pytest.param((), (), None, id="nothing"),
    ],
)  # fmt: skip
def test_what_is_written_about(evidence, thread, chosen):
    found = offline.choose(replace(OCCASION, evidence=evidence, thread=thread), SEQUENCE)
    assert (found.id if found else None) == chosen


def test_nobody_is_greeted_with_a_hole():
    contact = replace(OCCASION.contact, full_name="")
    voice = VOICES.of(None)
    written = offline.write(
        replace(OCCASION, contact=contact), SEQUENCE, SEQUENCE.touch(1), voice, HOUSE
    )
    assert written.body.startswith("Hi Nordwind Freight team,")
