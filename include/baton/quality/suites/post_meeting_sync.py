"""The gate of post_meeting_sync: every CRM write has evidence that was really said."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from baton.playbook import crm_fields
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# As baton.post_meeting.transcript.normalised does it, in SQL and on its own, so that a mistake there
# is caught here.
NORMALISED = (
    """
    trim(trim('"' from trim(regexp_replace(translate(normalize({text}, NFKC),
        '“”„‟«»‘’‚‛‐‑‒–—', '"""
    """''''''''-----'), '\\s+', ' ', 'g'))))
"""
)


def _allowed(run: Run) -> Params:
    fields = crm_fields.load(run.settings.playbook).fields.values()
    return {"allowed": [field.property for field in fields]}


def _proven(_params: Params) -> "Sequence[Expectation]":
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(column="quotes", min_value=1),
        gxe.ExpectColumnValuesToBeInSet(column="quotes_not_said", value_set=[0]),
        gxe.ExpectColumnValuesToBeInSet(column="is_allowed", value_set=[True]),
    ]


def _once(_params: Params) -> "Sequence[Expectation]":
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column="outcome_is_set", value_set=[True]),
        gxe.ExpectColumnValuesToBeInSet(column="overdue_at_birth", value_set=[0]),
    ]


SUITES = [
    Suite(
        name="every CRM write has its evidence in the transcript",
        query=f"""
            with said as (
                select w.id, w.kind, w.field, w.quote, w.evidence,
                    {NORMALISED.format(text="coalesce(s.words, '')")} as words
                from ops.crm_write w
                left join lateral (
                    select coalesce(string_agg(x ->> 'text', ' ' order by n),
                                    t.payload ->> 'text') as words
                    from landing.transcript t
                    left join lateral jsonb_array_elements(
                        case jsonb_typeof(t.payload -> 'segments')
                            when 'array' then t.payload -> 'segments' else '[]' end
                    ) with ordinality as g (x, n) on true
                    where t.source = w.evidence -> 'transcript' ->> 'source'
                        and t.natural_key = w.evidence -> 'transcript' ->> 'natural_key'
                    group by t.source, t.natural_key, t.occurred_at, t.payload
                    limit 1
                ) s on true
                where w.run_id = any(%(run_ids)s) and w.layer = 'post_meeting'
                    and w.state <> 'withdrawn'
            )
            select id, kind, field, left(quote, 200) as quote,
                case jsonb_typeof(evidence -> 'quotes') when 'array'
                    then jsonb_array_length(evidence -> 'quotes') else 0 end as quotes,
                (select count(*) from jsonb_array_elements_text(
                    case jsonb_typeof(evidence -> 'quotes')
                        when 'array' then evidence -> 'quotes' else '[]' end) q
                 where position({NORMALISED.format(text="q")} in said.words) = 0
                     or length(trim(q)) < 3) as quotes_not_said,
                kind <> 'field' or field = any(%(allowed)s) as is_allowed
            from said
        """,
        id_columns=("id", "kind", "quote"),
        expectations=_proven,
        empty_ok=True,
        params=_allowed,
        look="see ops.crm_write; withdraw what was not said",
    ),
    Suite(
        name="what was digested has an outcome and no step due before it was promised",
        query="""
            select o.meeting_id, o.outcome is not null as outcome_is_set,
                (select count(*) from ops.next_step s join ops.meeting m on m.id = s.meeting_id
                 where s.meeting_id = o.meeting_id
                     and s.due_on < (m.starts_at - interval '2 days')::date) as overdue_at_birth
            from ops.meeting_outcome o
            where o.run_id = any(%(run_ids)s)
        """,
        id_columns=("meeting_id",),
        expectations=_once,
        empty_ok=True,
        look="see ops.next_step",
    ),
]
