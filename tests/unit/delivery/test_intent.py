"""What replies mean. The wording is that of real answers, in four languages."""

import pytest

from baton.delivery import intent
from baton.delivery.intent import Reading

P = pytest.param
REPLIES = [
    P("Please remove me from your list.", "opt_out", id="remove me"),
    P("Not interested. Please take me off your mailing list.", "opt_out", id="no and off the list"),
    P("STOP", "opt_out", id="stop, alone"),
    P("Please stop emailing me", "opt_out", id="stop emailing"),
    P("Sounds good, but please do not contact me again.", "opt_out", id="opt-out wins"),
    P("Bitte keine weiteren E-Mails.", "opt_out", id="German opt-out"),
    P("Merci de me désinscrire.", "opt_out", id="French opt-out"),
    P("Quiero darme de baja", "opt_out", id="Spanish opt-out"),
    P("Happy to take a look next week.", "positive", id="happy to"),
    P("Yes, let's talk. Half an hour would be useful.", "positive", id="let's talk"),
    P("Klingt gut, sehr gerne.", "positive", id="German yes"),
    P("Your pricing looks too expensive. What would it cost?", "price", id="price"),
    P("We already use another tool, and it costs less.", "price", id="price and objection"),
    P("Was kostet das?", "price", id="German price"),
    P("We already use a module of our ERP.", "objection", id="already have one"),
    P("I'm not interested.", "objection", id="a plain no"),
    P("Kein Bedarf, danke.", "objection", id="German no"),
    P("Please don\u2019t contact me again.", "opt_out", id="a telephone's apostrophe"),
    P("We aren\u2019t interested.", "unclear", id="a no with it is no yes"),
    P("Not a priority this quarter. Try again after the summer.", "not_now", id="later"),
    P("Derzeit nicht, danke.", "not_now", id="German later"),
    P(
        "I am not the right person for this. Write to our head of logistics.",
        "referral",
        id="other",
    ),
    P("Does this connect to our ERP, and where is the data kept?", "question", id="question"),
    P("Who are you?", "question", id="who are you"),
    P("Thanks.", "unclear", id="thanks"),
    P("", "unclear", id="nothing"),
    P("Happy to talk, but we already use something.", "unclear", id="yes and no"),
    P("Don't stop it, we like this to go on", "unclear", id="don't stop"),
]


@pytest.mark.parametrize(("text", "meaning"), REPLIES)
def test_reading(text: str, meaning: str) -> None:
    reading = intent.read(text, 0.7)
    assert reading.intent == meaning
    assert reading.quote is None or reading.quote in text


def test_the_model_is_asked_only_where_the_rules_are_unsure() -> None:
    asked: list[str] = []

    def model(text: str) -> Reading:
        asked.append(text)
        return Reading("positive", 0.9, text[:5])

    assert intent.read("Was kostet das?", 0.7, model).intent == "price"
    assert intent.read("Thanks a lot.", 0.7, model).intent == "positive"
    assert asked == ["Thanks a lot."]


@pytest.mark.parametrize(
    "answer",
    [
        P(None, id="it fails"),
        P(Reading("positive", 0.5, "Thanks"), id="it is unsure"),
        P(Reading("positive", 0.99, "made up"), id="its quote is made up"),
    ],
)
def test_without_a_sure_answer_it_is_unclear(answer: Reading | None) -> None:
    reading = intent.read("Thanks a lot.", 0.7, lambda _text: answer)
    assert (reading.intent, reading.quote) == ("unclear", None)
