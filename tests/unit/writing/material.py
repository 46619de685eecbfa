"""One occasion to write about, with the playbook as it is shipped."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from baton.core import settings as core_settings
from baton.core.settings import PROJECT
from baton.playbook import sequences, voices
from baton.writing.checks import check
from baton.writing.records import Account, Checked, ClaimText, Contact, Evidence, Occasion, Sender

PLAYBOOK = PROJECT / "include" / "playbook"
VOICES = voices.load(PLAYBOOK)
SEQUENCE = sequences.load(PLAYBOOK).get("signal-first-touch")
HOUSE = VOICES.house
SETTINGS = core_settings.load(
    {
        "BATON_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "BATON_SECRET": "a secret that only tests use",
        "BATON_HOME": str(Path("/nonexistent")),
        "BATON_PUBLIC_URL": "https://baton.halden.example",
    }
)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FUNDING = Evidence(
    id="sig_1",
    kind="funding",
    text="Nordwind Freight raises EUR 24 million Series B. Nordwind Freight GmbH has raised EUR 24 "
    "million led by Cobalt Ridge Partners.",
    headline="Nordwind Freight raises EUR 24 million Series B",
    url="https://newswire.example/1",
    at=NOW,
)
HIRING = Evidence("sig_2", "hiring", "Demand Planner in Hamburg", "Demand Planner", None, NOW)
VISIT = Evidence("sig_3", "site_visit_pricing", "Visit to /pricing", "Visit", None, NOW, False)

OCCASION = Occasion(
    lead_id="led_1",
    person_id="per_1",
    sequence="signal-first-touch",
    step=1,
    due_at=NOW,
    contact=Contact("con_1", "jonas.keller@nordwind.example", "Jonas Keller", "VP Supply Chain"),
    account=Account("acc_1", "Nordwind Freight", "nordwind.example", "Logistics", 320, "DE"),
    sender=Sender("rep_1", "Clara Voss", "clara.voss@halden.example"),
    evidence=(FUNDING, HIRING, VISIT),
)


def checked(
    body: str,
    claims: dict[str, str] | None = None,
    *,
    subject: str = "A thought on planning",
    occasion: Occasion = OCCASION,
    step: int = 1,
    by_person: bool = False,
) -> Checked:
    """Check a body with claims (text: evidence id); without claims one sound claim is added."""
    if claims is None:
        body += "\n\nNordwind Freight raises EUR 24 million Series B."
        claims = {"Nordwind Freight raises EUR 24 million Series B": "sig_1"}
    return check(
        replace(occasion, step=step),
        subject,
        body,
        [ClaimText(text=text, evidence_id=id_) for text, id_ in claims.items()],
        sequence=SEQUENCE,
        step=SEQUENCE.touch(step),
        voice=VOICES.of(occasion.sender.email),
        house=HOUSE,
        settings=SETTINGS,
        by_person=by_person,
    )


def rules(result: Checked) -> set[str]:
    """The ids of the rules that a text breaks with an error."""
    return {finding.rule for finding in result.errors}
