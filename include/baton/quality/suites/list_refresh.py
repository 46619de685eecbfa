"""What the gate of `list_refresh` asks: names, domains, people at companies, a list that stays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from baton.playbook import thresholds, watchlist
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

WATCHED = "each watched account is there"

ACCOUNTS = """
    select a.id, a.name, a.domain, a.employees, a.timezone,
           (select count(*) from ops.account other where lower(other.domain) = lower(a.domain))
               as same_domain,
           z.name is not null or a.timezone is null as timezone_known
    from ops.account a
    left join pg_timezone_names z on z.name = a.timezone
    where a.run_id = any(%(run_ids)s)
"""

CONTACTS = """
    select c.id, a.id as account_id, c.email, p.id as person_id,
           z.name is not null or c.timezone is null as timezone_known
    from ops.contact c
    left join ops.account a on a.id = c.account_id
    left join ops.person p on p.id = c.person_id
    left join pg_timezone_names z on z.name = c.timezone
    where c.run_id = any(%(run_ids)s)
"""

LIST = """
    select w.domain, a.id as account_id
    from unnest(%(domains)s::text[]) as w (domain)
    left join ops.account_alias l on l.source = 'watchlist' and l.natural_key = w.domain
    left join ops.account a on a.id = l.account_id and a.on_watchlist
"""

# The suite above has a row per line of the watchlist, and gates keep how many rows they saw.
SIZE = f"""
    select 'watchlist' as list, now.accounts, before.accounts as accounts_before,
           now.accounts::numeric / greatest(before.accounts, 1) as share_left
    from (select count(*) as accounts from ops.account where on_watchlist) now
    cross join lateral (
        select row_count as accounts from ops.gate_result
        where dag_id = %(dag_id)s and suite = '{WATCHED}' and passed
        order by checked_at desc limit 1) before
"""


def _accounts(_params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToMatchRegex(
            column="name", regex=r"\S", description="each account has a name"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="same_domain", max_value=1, description="no two accounts share a domain"
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="domain",
            regex=r"^[a-z0-9.-]+\.[a-z0-9-]+$",
            description="a domain is a bare host name in lower case",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="employees", min_value=0, description="nobody has fewer than no employees"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="timezone_known", value_set=[True], description="time zones exist"
        ),
    ]


def _contacts(_params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(
            column="account_id", description="each contact belongs to an account"
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="person_id", description="behind each contact is a person"
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="email",
            regex=r"^[^@\sA-Z]+@[^@\sA-Z]+\.[^@\sA-Z.]+$",
            description="an address is one that mail could reach",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="timezone_known", value_set=[True], description="time zones exist"
        ),
    ]


def _watched(_params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(
            column="account_id", description="each line of watchlist.csv is a watched account"
        )
    ]


def _size(params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="share_left",
            min_value=1 - params["max_watchlist_drop"],
            description="the watchlist did not collapse since the last refresh",
        )
    ]


def _list(run: Run) -> Params:
    return {"domains": [a.domain for a in watchlist.load(run.settings.playbook)]}


def _drop(run: Run) -> Params:
    return thresholds.load(run.settings.playbook).signals.model_dump()


SUITES = [
    Suite(
        name="each account is complete and unique",
        query=ACCOUNTS,
        id_columns=("id", "domain"),
        expectations=_accounts,
        empty_ok=True,
        look="see the record in the CRM",
    ),
    Suite(
        name="each contact belongs to somebody",
        query=CONTACTS,
        id_columns=("id",),
        expectations=_contacts,
        empty_ok=True,
        look="see the record in the CRM",
    ),
    Suite(
        name=WATCHED,
        query=LIST,
        id_columns=("domain",),
        expectations=_watched,
        empty_ok=False,
        params=_list,
        look="see playbook/watchlist.csv",
    ),
    Suite(
        name="the watchlist keeps its size",
        query=SIZE,
        id_columns=("list",),
        expectations=_size,
        empty_ok=True,
        params=_drop,
        look="if you mean it, set signals.max_watchlist_drop to 1 for this refresh",
    ),
]
