"""Every rule that a text can break, and what must not be taken for a breach."""

from dataclasses import replace

import pytest

from baton.writing.records import Sent
from tests.unit.writing.material import NOW, OCCASION, checked, rules


def test_a_sound_text_breaks_no_rule():
    assert checked("Hello Jonas,\n\nI read your news.").findings == ()


@pytest.mark.parametrize(
    ("claim", "evidence", "reason"),
    [
        pytest.param("You raised EUR 24 million", "sig_1", None, id="as the evidence says"),
        pytest.param("you raised EUR 24 MILLION", "sig_1", None, id="case does not count"),
        pytest.param("Cobalt Ridge Partners led the round", "sig_1", None, id="a name it has"),
        pytest.param("Congratulations on the Series B, Jonas", "sig_1", None, id="known names"),
        pytest.param("You raised EUR 42 million", "sig_1", "does not say 42", id="another number"),
        pytest.param("You raised 24 billion", "sig_1", "does not say billion", id="another order"),
        pytest.param(
            "You doubled your sites", "sig_1", "does not say double", id="a rate in words"
        ),
        pytest.param(
            "You cut stock by 24 percent", "sig_1", "does not say %", id="a made-up share"
        ),
        pytest.param("Led by Harbour Lane, you grow", "sig_1", "does not name", id="another name"),
        pytest.param("You raised EUR 24 million", "sig_2", "does not say", id="another evidence"),
        pytest.param("You raised EUR 24 million", "sig_9", "no evidence", id="unknown evidence"),
        pytest.param(
            "You read our pricing", "sig_3", "must not be mentioned", id="silent evidence"
        ),
    ],
)
def test_a_claim_rests_on_its_evidence(claim, evidence, reason):
    result = checked(f"Hello Jonas,\n\n{claim}.", {claim: evidence})
    if reason is None:
        assert result.errors == ()
    else:
        assert "ungrounded-claim" in rules(result)
        assert reason in result.claims[0].reason


def test_a_claim_stands_in_the_body():
    result = checked("Hello Jonas,\n\nyes?", {"You raised EUR 24 million": "sig_1"})
    assert "does not stand in the body" in result.claims[0].reason


def test_a_claim_that_was_made_before_is_a_warning():
    claim = "You raised EUR 24 million"
    sent = Sent("us", "Growth", f"Hello Jonas,\n\nI read it: {claim.lower()}.", NOW)
    body = f"Hello Jonas,\n\nOne more thing: {claim}."
    again = checked(body, {claim: "sig_1"}, occasion=replace(OCCASION, thread=(sent,)), step=2)
    assert [(f.rule, f.severity) for f in again.findings] == [("repeated-claim", "warning")]
    theirs = replace(OCCASION, thread=(replace(sent, by="them"),))
    assert checked(body, {claim: "sig_1"}, occasion=theirs, step=2).findings == ()


def test_quotes_and_spaces_do_not_hide_a_claim():
    result = checked(
        "Hello,\n\nThe “Series  B”\nof EUR 24 million.",
        {'The "Series B" of EUR 24 million': "sig_1"},
    )
    assert "ungrounded-claim" not in rules(result)


def test_a_text_without_any_claim_is_refused_from_a_model_only():
    assert rules(checked("Hello Jonas,\n\nyes?", {})) == {"no-claim"}
    assert rules(checked("Hello Jonas,\n\nyes?", {}, by_person=True)) == set()


@pytest.mark.parametrize(
    ("body", "figure"),
    [
        pytest.param("You could save 37%.", True, id="a promise"),
        pytest.param("We serve 4,000 companies.", True, id="a boast"),
        pytest.param("Do you have 20 minutes on it?", False, id="minutes asked for"),
        pytest.param("A 15-minute call?", False, id="minutes with a hyphen"),
        pytest.param("Your 24 million will help.", False, id="a figure of the evidence"),
    ],
)
def test_a_figure_stands_in_some_evidence(body, figure):
    assert ("ungrounded-figure" in rules(checked(body))) is figure
    edited = checked(body, by_person=True)
    assert ("ungrounded-figure" in {f.rule for f in edited.findings}) is figure
    assert "ungrounded-figure" not in rules(edited)


@pytest.mark.parametrize(
    "hole",
    ["Hi {first_name},", "Hi [Name],", "Hi , how are you", "Hello, you", "Dear !", "TODO: hook",
     "lorem ipsum", "for <company>", "XXX", "TBD"],
)  # fmt: skip
def test_a_placeholder_is_found(hole):
    assert "placeholder" in rules(checked(hole))


@pytest.mark.parametrize("text", ["Hi Jonas,", "Hello there,", "the todos", "a < b", "Hidden"])
def test_what_is_no_placeholder(text):
    assert "placeholder" not in rules(checked(text))


@pytest.mark.parametrize(
    ("text", "banned"),
    [
        ("I hope this email finds you well.", True),
        ("Just  checking\nin!", True),
        ("JUST CHECKING IN", True),
        ("A synergy.", True),
        ("Adjusting in time.", False),
        ("Synergyx.", False),
    ],
)
def test_banned_phrases(text, banned):
    assert ("banned-phrase" in rules(checked(text))) is banned


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        pytest.param("See https://evil.example/a?b", True, id="any link"),
        pytest.param("See www.evil.example", True, id="without a scheme"),
        pytest.param("See evil.example/path", True, id="a bare host with a path"),
        pytest.param("See https://newswire.example/1", True, id="the link of the evidence"),
        pytest.param("See https://meet.halden.example/clara.voss.", False, id="the booking link"),
        pytest.param("See https://meet.halden.example/clara.voss/x", True, id="a longer one"),
        pytest.param("and/or, 24/7?", False, id="slashes"),
    ],
)
def test_links_are_chosen_by_code(text, refused):
    assert ("link" in rules(checked(text, by_person=True))) is refused


def test_addresses_do_not_belong_in_the_body():
    assert "address" in rules(checked("Write to boss@evil.example."))
    assert "address" not in rules(checked("Write to clara.voss@halden.example."))


@pytest.mark.parametrize("subject", ["Re: hello", "RE : hello", "Fwd: hello", "fw: x", "AW: x"])
def test_a_first_message_is_no_answer(subject):
    assert "deceptive-subject" in rules(checked("Hello Jonas,", subject=subject))
    thread = (Sent("us", "hello", "Hello", NOW),)
    later = checked(
        "Hello Jonas,", subject=subject, occasion=replace(OCCASION, thread=thread), step=2
    )
    assert "deceptive-subject" not in rules(later)


@pytest.mark.parametrize(("words", "severity"), [(100, None), (130, "warning"), (200, "error")])
def test_length(words, severity):
    found = [f.severity for f in checked("word " * words).findings if f.rule == "too-long"]
    assert found == ([severity] if severity else [])


def test_hidden_characters_are_named():
    found = checked("Hello\u202e Jonas\u200b").errors
    assert [f.detail for f in found if f.rule == "hidden-character"] == [
        "It holds U+200B, U+202E, which nobody can see."
    ]


def test_a_name_with_markup_is_still_compliant():
    sender = replace(OCCASION.sender, name="Clara O'Voss & Sons")
    assert rules(checked("Hello Jonas,", occasion=replace(OCCASION, sender=sender))) == set()
