"""The gate of drafting: what was checked in Python when it was written is checked again in SQL.

It reads the rows that reviewers would see, so a draft that was tampered with, or written by code
that forgot a check, stops the batch here.
"""

from collections.abc import Sequence
from typing import Any

from baton.playbook import voices
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

DRAFTS = """
    select d.id as draft_id, d.contact_id, d.lead_id, d.step, d.current_revision as revision,
        v.subject, v.body,
        convert_from(v.rendered, 'UTF8')::jsonb as message
    from ops.draft d
    join ops.revision v on v.draft_id = d.id and v.revision = d.current_revision
    where d.run_id = any(%(run_ids)s) and d.state in ('pending', 'approved')
"""

CLAIMS = f"""
    with drafts as ({DRAFTS})
    select d.draft_id, coalesce(c.position, 0) as position,
        coalesce(c.grounded and c.evidence_id is not null and c.evidence_text is not null, false)
            as is_grounded,
        coalesce(position(ops.plain_text(c.text) in ops.plain_text(d.body)) > 0, false)
            as stands_in_body
    from drafts d
    left join ops.claim c on c.draft_id = d.draft_id and c.revision = d.revision
"""

# The patterns of baton.writing.checks.PLACEHOLDER, in the notation of Postgres.
PLACEHOLDER = (
    r"\{[^{}\n]*\}|\[[^]\n]*\]|<[^<>\n]+>|\y(todo|tbd|xxx|lorem ipsum)\y"
    r"|\y(hi|hello|hey|dear)\s*[,!]"
)

WORDS = f"""
    with drafts as ({DRAFTS})
    select d.draft_id,
        d.subject || E'\\n' || d.body ~* %(placeholder)s as has_placeholder,
        (
            select count(*) from unnest(%(banned)s::text[]) phrase
            where position(ops.plain_text(phrase) in ops.plain_text(d.subject || ' ' || d.body)) > 0
        ) as banned_phrases,
        (
            select count(*) from ops.lint_finding f
            where f.draft_id = d.draft_id and f.revision = d.revision and f.severity = 'error'
        ) as errors_found_when_written
    from drafts d
"""

COMPLIANCE = f"""
    with drafts as ({DRAFTS}), facts as (
        select d.draft_id, d.step, d.subject, d.message, c.email as contact_email,
            r.email as owner_email, r.name as owner_name
        from drafts d
        join ops.contact c on c.id = d.contact_id
        join ops.lead_owner o on o.lead_id = d.lead_id
        left join ops.rep r on r.id = o.rep_id
    )
    select draft_id,
        position(owner_name in message ->> 'text') > 0
            and message ->> 'from' like '%%<' || owner_email || '>' as says_who_writes,
        position(%(address)s in message ->> 'text') > 0 as has_postal_address,
        message ->> 'list_unsubscribe' like %(public_url)s || '/u/%%'
            and position(message ->> 'list_unsubscribe' in message ->> 'text') > 0
            and position(message ->> 'list_unsubscribe' in message ->> 'html') > 0
            as has_unsubscribe,
        message ->> 'to' = contact_email or message ->> 'to' like '%%<' || contact_email || '>'
            as goes_to_the_contact,
        message ->> 'subject' = subject and message ->> 'subject' !~ '[\\r\\n]'
            and (step > 1 or message ->> 'subject' !~* '^\\s*(re|fwd?|aw|wg)\\s*:')
            as has_an_honest_subject
    from facts
"""


def _claims(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="is_grounded", value_set=[True], description="every claim rests on its evidence"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="stands_in_body", value_set=[True], description="every claim stands in the body"
        ),
    ]


def _words(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="has_placeholder", value_set=[False], description="no placeholder is left"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="banned_phrases", max_value=0, description="no banned phrase"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="errors_found_when_written",
            max_value=0,
            description="no error found when it was written",
        ),
    ]


def _compliance(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    sentences = {
        "says_who_writes": "the message says who writes, and that is the lead's owner",
        "has_postal_address": "the message has our postal address",
        "has_unsubscribe": "the message has a working unsubscribe link",
        "goes_to_the_contact": "the message goes to the contact of its draft",
        "has_an_honest_subject": "the subject is the one reviewed and does not deceive",
    }
    return [
        expectation
        for column, sentence in sentences.items()
        for expectation in (
            gxe.ExpectColumnValuesToNotBeNull(column=column, description=sentence),
            gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[True], description=sentence),
        )
    ]


def _rules(run: Run) -> Params:
    house = voices.load(run.settings.playbook).house
    return {
        "placeholder": PLACEHOLDER,
        "banned": house.banned_phrases,
        "address": house.company.postal_address,
        "public_url": run.settings.public_url,
    }


LOOK = "kill the drafts named, or mend the playbook and clear the run: what fails is written anew"

SUITES = [
    Suite(
        name="claims are grounded",
        query=CLAIMS,
        id_columns=("draft_id", "position"),
        expectations=_claims,
        empty_ok=True,
        look=LOOK,
    ),
    Suite(
        name="words are clean",
        query=WORDS,
        id_columns=("draft_id",),
        expectations=_words,
        empty_ok=True,
        params=_rules,
        look=LOOK,
    ),
    Suite(
        name="messages are compliant",
        query=COMPLIANCE,
        id_columns=("draft_id",),
        expectations=_compliance,
        empty_ok=True,
        params=_rules,
        look=LOOK,
    ),
]
