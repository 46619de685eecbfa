"""Reading transcripts from outside, and finding what was said."""

import pytest

from baton.post_meeting.transcript import Unreadable, read

SAID = {
    "booking_uid": "u1",
    "segments": [
        {"speaker": "Clara", "email": "Clara@Seller.example", "text": "What is  the\nbudget?"},
        {"speaker": "Ada", "text": "We have a budget of EUR 40,000 for this year."},
        {"speaker": "Ada", "text": "It’s “our” plan — for 2027."},
        {"speaker": "Clara", "text": "I will send it by Friday."},
    ],
}


@pytest.mark.parametrize(
    ("quote", "speaker"),
    [
        pytest.param("We have a budget of EUR 40,000", "Ada", id="letter for letter"),
        pytest.param("What is the budget?", "Clara", id="spaces do not count"),
        pytest.param('It\'s "our" plan - for 2027.', "Ada", id="forms of quotes and dashes"),
        pytest.param('"I will send it by Friday."', "Clara", id="quotation marks around it"),
        pytest.param("this year. It's", "Ada", id="across two lines of one speaker"),
        pytest.param("for 2027. I will send it", None, id="across two speakers"),
        pytest.param("We have a budget of EUR 40,00", None, id="cut inside a figure"),
        pytest.param("We have a budget of EUR 50,000", None, id="another figure"),
        pytest.param("we have a budget", None, id="case counts"),
        pytest.param("by Friday", None, id="too short to prove anything"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_quote_is_found_word_for_word_or_not_at_all(quote, speaker):
    found = read(SAID).find(quote, least_words=3)
    assert (found.speaker if found else None) == speaker


def test_plain_lines_are_read_too():
    said = read({"uid": "u1", "text": "Clara: Hello.\nAda: We run 4 sites.\nand plan by hand"})
    assert [(s.speaker, s.text) for s in said.segments] == [
        ("Clara", "Hello."), ("Ada", "We run 4 sites."), ("Ada", "and plan by hand")]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param([], "no object", id="a list"),
        pytest.param({"uid": "u"}, "neither words", id="nothing said"),
        pytest.param(
            {"uid": "u", "segments": [{"speaker": "A"}]}, "no text", id="a silent segment"
        ),
        pytest.param({"uid": "u", "segments": [5]}, "no text", id="a number for a segment"),
        pytest.param({"text": "A: hello there"}, "names no booking", id="whose meeting?"),
        pytest.param({"uid": "u", "segments": [{"text": "x"}] * 20_001}, "the most", id="endless"),
    ],
)
def test_what_is_no_transcript_is_refused_with_a_reason(payload, reason):
    with pytest.raises(Unreadable, match=reason):
        read(payload)


def test_a_recording_without_words_is_one_to_be_transcribed():
    assert read({"uid": "u", "audio_url": "https://rec.example/1.wav"}).audio_url
    assert read({"uid": "u", "audio_url": "https://x.example", "text": "A: b c"}).audio_url is None
