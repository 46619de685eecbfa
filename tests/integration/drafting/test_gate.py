"""The gate of drafting, fed with drafts that code should never have written: each stops the batch."""

import pytest

from baton.core.errors import GateFailed
from baton.drafting.steps import draft
from baton.quality import gate
from tests.integration.drafting.funnel import Funnel


@pytest.fixture
def batch(funnel: Funnel):
    """Two drafts behind the gate; returns the run and the first draft's id."""
    funnel.execute("update ops.draft set state = 'expired'")
    funnel.execute("update ops.run set released_at = ops.now() where dag_id = 'draft_generation'")
    lead = funnel.lead("Gate Cargo")
    funnel.lead("Gate Freight")
    run = funnel.run("drafting", "draft_generation")
    draft(run)
    draft_id = funnel.execute("select id from ops.draft where lead_id = %s", (lead.id,))[0][0]
    return run, draft_id, lead


def tamper(funnel: Funnel, draft_id: str, assignment: str) -> None:
    funnel.execute("alter table ops.revision disable trigger user")
    funnel.execute(f"update ops.revision set {assignment} where draft_id = %s", (draft_id,))
    funnel.execute("alter table ops.revision enable trigger user")


def rendered(key: str, value: str) -> str:
    """Change one field of the message as it would be sent."""
    return (
        "rendered = convert_to(jsonb_set(convert_from(rendered, 'UTF8')::jsonb, "
        f"'{{{key}}}', to_jsonb({value}))::text, 'UTF8')"
    )


TEXT = "convert_from(rendered, 'UTF8')::jsonb ->> 'text'"


def test_a_sound_batch_is_released(funnel: Funnel, batch):
    run, _, _ = batch
    gate.check(run, "draft_generation")
    assert funnel.execute(
        "select released_at is not null from ops.run where id = %s", (run.id,)
    ) == [(True,)]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        pytest.param("body = 'Hi {first_name}, ' || body", "no placeholder", id="a placeholder"),
        pytest.param("body = body || ' [COMPANY]'", "no placeholder", id="a bracket"),
        pytest.param("body = 'Hi , ' || body", "no placeholder", id="an empty greeting"),
        pytest.param("body = body || ' Act   now!'", "no banned phrase", id="a banned phrase"),
        pytest.param("body = 'Hello'", "every claim stands in the body", id="a lost claim"),
        pytest.param(
            rendered("text", f"replace({TEXT}, 'Speicherweg 4', 'nowhere')"),
            "postal address", id="no postal address",
        ),
        pytest.param(
            rendered("list_unsubscribe", "'https://evil.example/u/x'::text"),
            "unsubscribe link", id="another unsubscribe link",
        ),
        pytest.param(
            rendered("to", "'Eve <eve@evil.example>'::text"),
            "goes to the contact", id="another recipient",
        ),
        pytest.param(
            rendered("from", "'The Boss <boss@halden.example>'::text"),
            "says who writes", id="another sender",
        ),
        pytest.param(
            "subject = 'Re: hello', " + rendered("subject", "'Re: hello'::text"),
            "does not deceive", id="a false answer",
        ),
        pytest.param("subject = 'Another one'", "is the one reviewed", id="another subject"),
    ],
)  # fmt: skip
def test_a_bad_draft_stops_the_batch_and_is_named(funnel: Funnel, batch, what, said):
    run, draft_id, _ = batch
    tamper(funnel, draft_id, what)
    with pytest.raises(GateFailed, match=said) as caught:
        gate.check(run, "draft_generation")
    assert draft_id in str(caught.value)
    assert funnel.execute("select released_at from ops.run where id = %s", (run.id,)) == [(None,)]
    failures = funnel.execute(
        "select failures from ops.gate_result where run_id = %s and not passed", (run.id,)
    )
    assert draft_id in str(failures)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("grounded = false", id="not grounded"),
        pytest.param("evidence_id = null", id="no evidence"),
        pytest.param("evidence_text = null", id="no text of the evidence"),
    ],
)
def test_an_ungrounded_claim_stops_the_batch(funnel: Funnel, batch, what):
    run, draft_id, _ = batch
    funnel.execute(f"update ops.claim set {what} where draft_id = %s", (draft_id,))
    with pytest.raises(GateFailed, match="rests on its evidence"):
        gate.check(run, "draft_generation")


def test_a_draft_without_any_claim_stops_the_batch(funnel: Funnel, batch):
    run, draft_id, _ = batch
    funnel.execute("delete from ops.claim where draft_id = %s", (draft_id,))
    with pytest.raises(GateFailed, match="rests on its evidence"):
        gate.check(run, "draft_generation")


def test_a_cleared_run_takes_the_bad_draft_back_and_writes_it_anew(funnel: Funnel, batch):
    run, draft_id, lead = batch
    tamper(funnel, draft_id, "body = 'Hi {first_name}, ' || body")
    with pytest.raises(GateFailed):
        gate.check(run, "draft_generation")

    counts = draft(run)

    assert counts["withdrawn"] == 1
    gate.check(run, "draft_generation")
    states = funnel.execute(
        "select state from ops.draft where lead_id = %s order by created_at", (lead.id,)
    )
    assert states == [("expired",), ("pending",)]
