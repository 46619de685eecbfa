"""What the gate of `signal_ingestion` asks: schema, uniqueness, freshness and volume."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from baton.playbook import signals, thresholds
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

SIGNALS = """
    select source, natural_key, signal_type, domain, email, title,
           extract(epoch from occurred_at - %(now)s) / 3600 as hours_ahead,
           num_nonnulls(domain, email, company, title) as hints
    from landing.signal where run_id = any(%(run_ids)s)
"""

# The table's constraint has the time in it; the same thing dated anew would slip through.
COPIES = """
    select s.source, s.natural_key, count(*) as copies
    from landing.signal s
    where (s.source, s.natural_key) in (
        select source, natural_key from landing.signal where run_id = any(%(run_ids)s))
    group by s.source, s.natural_key
"""

# A source that was never read counts from when the first one was.
HEARD = """
    select n.source, min(case when not p.passing then p.problem end) as problem,
           extract(epoch from %(now)s - coalesce(
               max(i.at),
               (select min(at) from landing.intake where entity = 'signal'),
               %(now)s)) / 3600 as hours_silent
    from unnest(%(sources)s::text[]) as n (source)
    left join landing.intake i on i.source = n.source and i.entity = 'signal'
    left join ops.source_problem p on p.source = n.source
    group by n.source
"""

# Landing refuses such a batch for the one source; this holds whatever came in by another way.
VOLUME = """
    select b.source, b.received, b.accepted,
           case when b.received >= %(min_batch)s
                then b.quarantined::numeric / b.received else 0 end as quarantined_share,
           b.accepted::numeric / greatest(usual.most, %(min_batch)s) as times_usual
    from (
        select source, received, accepted, quarantined
        from landing.intake where run_id = any(%(run_ids)s) and entity = 'signal') b
    cross join lateral (
        -- Without a past, a batch is its own measure.
        select coalesce(max(i.accepted), b.accepted) as most from landing.intake i
        join ops.run r on r.id = i.run_id
        where i.source = b.source and i.entity = 'signal' and r.released_at is not null
          and i.run_id <> all(%(run_ids)s) and i.at > %(now)s - interval '30 days') usual
"""


def _schema(params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="signal_type",
            value_set=params["types"],
            description="each signal has a type that signal_types.yml knows",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="hours_ahead", max_value=0, description="no signal lies in the future"
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="domain",
            regex=r"^[a-z0-9.-]+\.[a-z0-9-]+$",
            description="a domain is a bare host name in lower case",
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="email", regex=r"^[^@\sA-Z]+@[^@\sA-Z]+$", description="an address is one"
        ),
        gxe.ExpectColumnValuesToNotMatchRegex(
            column="title", regex=r"<[a-zA-Z/!]", description="no title holds markup"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="hints", min_value=1, description="each signal says something about whom"
        ),
    ]


def _unique(_params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="copies", max_value=1, description="each signal is there once"
        )
    ]


def _fresh(params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="hours_silent",
            max_value=params["silent_hours"],
            description=f"each source was read in the last {params['silent_hours']} hours",
        ),
        gxe.ExpectColumnValuesToBeNull(
            column="problem", description="each source could be read, and most of it used"
        ),
    ]


def _volume(params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="quarantined_share",
            max_value=params["max_quarantined"],
            description="most of what a source gives can be read",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="times_usual",
            max_value=params["max_times_usual"],
            description="no source floods the motion",
        ),
    ]


def _playbook(run: Run) -> Params:
    known = signals.load(run.settings.playbook)
    return {
        "types": sorted(known.types),
        "sources": [source.name for source in known.polled(run.settings.environ)],
        **thresholds.load(run.settings.playbook).signals.model_dump(),
    }


SUITES = [
    Suite(
        name="each signal is well formed",
        query=SIGNALS,
        id_columns=("source", "natural_key"),
        expectations=_schema,
        empty_ok=True,
        params=_playbook,
        look="see landing.signal and the source's file in playbook/signals",
    ),
    Suite(
        name="each signal is there once",
        query=COPIES,
        id_columns=("source", "natural_key"),
        expectations=_unique,
        empty_ok=True,
        look="see landing.signal",
    ),
    Suite(
        name="each source is heard of",
        query=HEARD,
        id_columns=("source",),
        expectations=_fresh,
        empty_ok=True,
        params=_playbook,
        look="open the source's address, or set enabled: false in its file",
        stops=False,
    ),
    Suite(
        name="each source gives as usual",
        query=VOLUME,
        id_columns=("source",),
        expectations=_volume,
        empty_ok=True,
        params=_playbook,
        look="see landing.quarantine for the reasons",
    ),
]
