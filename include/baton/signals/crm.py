"""Reads the CRM into landing: companies, contacts, owners and deals, as they are now."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

import psycopg

from baton.clients.hubspot import HubSpot, Kind, Record
from baton.contactability import suppressions
from baton.core.errors import SettingsError
from baton.core.settings import Settings
from baton.playbook.signals import CrmSource
from baton.signals import hubspot_records as read
from baton.signals import text, versions
from baton.signals.hubspot_records import Landed
from baton.signals.landing import Counts
from baton.signals.records import Mark, Reject, fingerprint
from baton.signals.versions import Entity
from baton.warehouse import watermark
from baton.warehouse.run import Run

BLOCK = 2_000
# The vendor's search lags behind its data by some seconds; what is read twice changes nothing.
OVERLAP = timedelta(minutes=5)


def pull(run: Run, mapping: CrmSource, *, only_deals: bool = False) -> Counts:
    """Land what changed in the CRM since the last pull; the first one reads everything.

    Each block is a transaction of its own, and the watermark of a kind moves with its last one: a
    pull that breaks off reads that kind again. Raises what the client raises, and SettingsError
    where the connection is for a CRM that is not known here.
    """
    connection = run.settings.connection("baton_crm")
    if connection is None:
        return Counts()
    if connection.conn_type not in ("hubspot", "http", "https"):
        raise SettingsError(
            f"The connection baton_crm is of type '{connection.conn_type}'; set it to hubspot."
        )
    config = fingerprint([mapping.model_dump(), connection.id, connection.host])
    with HubSpot(connection) as client:
        owners = (read.owner(row, mapping) for row in client.owners())
        total = _land(run, mapping, "owner", owners)
        if not only_deals:
            total += _pull_kind(run, mapping, config, client, "companies", "account", read.company)
            total += _pull_kind(run, mapping, config, client, "contacts", "contact", read.contact)
        total += _pull_kind(run, mapping, config, client, "deals", "opportunity", read.deal)
    return total


def _pull_kind(
    run: Run,
    mapping: CrmSource,
    config: str,
    client: HubSpot,
    kind: Kind,
    entity: Entity,
    parse: Callable[[Record, CrmSource, read.Links], Landed],
) -> Counts:
    name = f"crm.{mapping.name}.{kind}"
    with run.connect() as conn:
        mark = Mark.read(watermark.get(conn, name), config)
    since = text.moment(mark.values.get("newest"))
    properties = read.properties(entity, mapping)
    found = (
        client.changed(kind, since - OVERLAP, properties) if since else client.all(kind, properties)
    )
    total, newest = Counts(), since
    for block in _blocks(found):
        links = _links(client, kind, block)
        total += _land(run, mapping, entity, (parse(r, mapping, links) for r in block))
        dates = [when for r in block if (when := text.moment(r.updated_at))]
        newest = max([*dates, *([newest] if newest else [])], default=None)
    if newest:
        with run.connect() as conn:
            kept = Mark(config, {"newest": newest.isoformat()})
            watermark.put(conn, name, kept.write(), run.id)
    return total


def _links(client: HubSpot, kind: Kind, block: Sequence[Record]) -> read.Links:
    if kind != "deals":
        return {}
    ids = [record.id for record in block]
    others: tuple[Kind, ...] = ("companies", "contacts")
    return {other: client.associated(kind, other, ids) for other in others}


def _land(run: Run, mapping: CrmSource, entity: Entity, parsed: Iterable[Landed]) -> Counts:
    found = list(parsed)
    with run.connect() as conn:
        return versions.land(
            conn,
            run.id,
            mapping.name,
            entity,
            [f for f in found if not isinstance(f, Reject)],
            [f for f in found if isinstance(f, Reject)],
        )


def _blocks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while block := list(islice(records, BLOCK)):
        yield block


def honour_opt_outs(conn: psycopg.Connection[Any], settings: Settings) -> int:
    """Suppress everybody whom a CRM or an import marks as opted out; return how many were new.

    The mark is the attribute `opted_out` of a landed contact. It is never taken back by itself.
    """
    found = conn.execute(
        """
        select distinct c.id from landing.contact l
        join ops.contact_alias a using (source, natural_key)
        join ops.contact c on c.id = a.contact_id
        where l.attributes ->> 'opted_out' = 'true' and c.address_key is not null
          and not exists (select from ops.suppression s
                          where s.address_key = c.address_key and s.kind = 'opt_out')
        order by c.id
        """
    ).fetchall()
    for (contact_id,) in found:
        suppressions.opt_out(conn, contact_id, "crm", settings.secret)
        conn.commit()  # one lock at a time: a claim may be waiting for it
    return len(found)
