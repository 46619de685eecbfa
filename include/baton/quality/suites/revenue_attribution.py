"""The gate of attribution: credits add up to revenue to the cent, and no join multiplied rows.

Queries give only what is wrong, beside one line of totals per check: a million opportunities that
are right need not travel.
"""

from collections.abc import Sequence
from typing import Any

from baton.quality.suite import Params, Suite

CREDITS = """
    with models (credit_model) as (values ('first_touch'), ('last_touch'), ('linear')),
    summed as (
        select opportunity_id, credit_model, sum(credit) as credit
        from marts.attribution_credit group by opportunity_id, credit_model
    ), compared as (
        select o.opportunity_id, m.credit_model, o.amount, s.credit,
            coalesce(s.credit, 0) - o.amount as difference,
            s.credit is not null as is_credited
        from marts.opportunity o
        cross join models m
        left join summed s
            on s.opportunity_id = o.opportunity_id and s.credit_model = m.credit_model
        where o.amount is not null
    )
    select opportunity_id, credit_model, amount, difference, is_credited
    from compared where difference <> 0 or not is_credited
    union all
    select 'all', credit_model, coalesce(sum(amount), 0), coalesce(sum(difference), 0), true
    from compared group by credit_model
    union all
    select c.opportunity_id, c.credit_model, null, c.credit, false
    from marts.attribution_credit c
    where not exists (
        select from marts.opportunity o
        where o.opportunity_id = c.opportunity_id and o.amount is not null
    )
"""

# The newest version of each landed opportunity, counted and summed without any join.
FAN_OUT = """
    with landed as (
        select distinct on (source, natural_key) source, natural_key, outcome, amount
        from landing.opportunity
        order by source, natural_key, coalesce(source_updated_at, received_at) desc,
            received_at desc, ctid desc
    ), truth as (
        select source, count(*) as opportunities, count(*) filter (where outcome = 'won') as won,
            coalesce(sum(amount) filter (where outcome = 'won'), 0) as revenue
        from landed group by source
    ), built as (
        select source, count(*) as opportunities, count(*) filter (where is_won) as won,
            sum(won_amount) as revenue
        from marts.opportunity group by source
    )
    select coalesce(t.source, b.source) as source,
        coalesce(b.opportunities, 0) - coalesce(t.opportunities, 0) as extra_opportunities,
        coalesce(b.won, 0) - coalesce(t.won, 0) as extra_won,
        coalesce(b.revenue, 0) - coalesce(t.revenue, 0) as extra_revenue
    from truth t full join built b on b.source = t.source
"""

ORIGINS = """
    select 'all' as part, count(*)
        - count(*) filter (where origin = 'sourced')
        - count(*) filter (where origin = 'influenced')
        - count(*) filter (where origin = 'untouched') as outside,
        count(*) filter (where (origin = 'untouched') <> (touches = 0)) as contradictions
    from marts.opportunity
"""


def _credits(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="difference", min_value=0, max_value=0,
            description="credits sum to the opportunity's amount exactly",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="is_credited", value_set=[True],
            description="every amount is credited by every model, or stands as unattributed",
        ),
    ]  # fmt: skip


def _fan_out(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=column, min_value=0, max_value=0, description="no join multiplied or lost rows"
        )
        for column in ("extra_opportunities", "extra_won", "extra_revenue")
    ]


def _origins(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=column, min_value=0, max_value=0,
            description="sourced, influenced and untouched add up to all",
        )
        for column in ("outside", "contradictions")
    ]  # fmt: skip


SUITES = [
    Suite(
        name="credits add up to revenue",
        query=CREDITS,
        id_columns=("opportunity_id", "credit_model"),
        expectations=_credits,
        empty_ok=True,
        look="see int_attribution__credits",
    ),
    Suite(
        name="no fan-out",
        query=FAN_OUT,
        id_columns=("source",),
        expectations=_fan_out,
        empty_ok=True,
        look="see int_attribution__opportunities",
    ),
    Suite(
        name="three parts add up",
        query=ORIGINS,
        id_columns=("part",),
        expectations=_origins,
        empty_ok=False,
        look="see int_attribution__origins",
    ),
]
