"""Drafting without a model: what is due is written once, grounded, in the rep's voice."""

import json

from baton.drafting.steps import draft
from baton.quality import gate


def test_a_first_touch_is_written_with_its_evidence(funnel):
    lead = funnel.lead()
    run = funnel.run("drafting", "draft_generation")

    counts = draft(run)

    assert counts["drafted"] == 1
    subject, body, rendered, author = funnel.execute(
        "select subject, body, rendered, author from ops.revision v join ops.draft d "
        "on d.id = v.draft_id where d.lead_id = %s",
        (lead.id,),
    )[0]
    print(subject, body, sep="\n")
    message = json.loads(rendered)
    print(message["text"])
    assert message["to"] == f"Jonas Keller <{lead.email}>"
    assert gate.check(run, "draft_generation")["released_runs"] == 1
