"""The rules: may this message go now, and if not, why not.

One statement names, for each message that waits, the first rule that forbids it. It reads live rows
and changes nothing. Ask it twice: once for all messages, to know what to try, and once more for one
message under the lock on its contact, right before the attempt is made.
"""

from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from baton.contactability.policy import Policy
from baton.warehouse.connect import rows

Action = Literal["send", "wait", "hold", "cancel"]

# What follows from each reason. cancel: never. hold: until the cause is gone or a person lifts it.
# wait: the message stays in the queue, because time alone will let it go.
REASONS: dict[str, tuple[Action, str]] = {
    "erased": ("cancel", "The contact has no address any more."),
    "address_changed": ("cancel", "The contact's address is not the one that was approved."),
    "suppressed": ("cancel", "The address is suppressed."),
    "opted_out": ("cancel", "The contact asked not to be contacted."),
    "replied": ("cancel", "The contact replied; a person goes on from here."),
    "booked": ("cancel", "The contact booked a meeting."),
    "expired": ("cancel", "The approval is too old."),
    "sequence_ended": ("cancel", "An earlier step of the sequence did not arrive."),
    "already_sent": (
        "hold",
        "Events arrived for this message although it was never sent from here.",
    ),
    "manual_hold": ("hold", "A person holds this contact or account."),
    "protected": ("hold", "The contact or account is protected."),
    "open_opportunity": ("hold", "The account has an open new-business opportunity."),
    "out_of_office": ("hold", "The contact is out of office."),
    "account_paused": ("hold", "A colleague replied, booked or opted out lately."),
    "paused": ("hold", "The pause switch is on."),
    "shadow_mode": ("hold", "Shadow mode: nothing leaves."),
    "breaker_open": ("hold", "The sending domain is stopped."),
    "not_due": ("wait", "The message is not due yet."),
    "earlier_step": ("wait", "An earlier step of the sequence is still under way."),
    "reply_unread": ("wait", "Something came in from this address that was not read yet."),
    "booking_unread": ("wait", "A booking with this address came in that was not read yet."),
    "event_unread": (
        "wait",
        "A bounce or complaint of this address came in that was not read yet.",
    ),
    "quiet_hours": ("wait", "It is night, early, late or a weekend where the contact is."),
    "mailbox_cap": ("wait", "The mailbox sent all that it may today."),
    "domain_cap": ("wait", "The sending domain sent all that it may today."),
}


@dataclass(frozen=True)
class Verdict:
    """The answer for one message; `reason` is None where it may go."""

    message_id: str
    contact_id: str
    sending_domain: str
    mailbox: str
    reason: str | None

    @property
    def action(self) -> Action:
        """What follows from the reason."""
        return "send" if self.reason is None else REASONS[self.reason][0]

    @property
    def sentence(self) -> str:
        """The reason as a sentence; empty where the message may go."""
        return "" if self.reason is None else REASONS[self.reason][1]


# `to` in what was approved is a bare address or "Name <address>".
STATEMENT = """
with waiting as (
    select m.id, m.contact_id, m.person_id, m.sequence, m.step, m.sending_domain, m.mailbox,
           m.not_before, m.queued_at,
           c.account_id, c.email, c.address_key, c.protected_reason as contact_protected,
           a.protected_reason as account_protected, d.expires_at,
           lower(convert_from(r.rendered, 'UTF8')::json ->> 'to') as approved_to,
           coalesce(ops.local_time(ops.now(), c.timezone),
                    ops.local_time(ops.now(), a.timezone)) as their_time,
           ops.local_time(ops.now(), coalesce(rep.timezone, %(sender_timezone)s)) as our_time
    from ops.message m
    join ops.contact c on c.id = m.contact_id
    join ops.account a on a.id = c.account_id
    join ops.draft d on d.id = m.draft_id
    join ops.revision r on r.draft_id = m.draft_id and r.revision = m.revision
    left join ops.rep rep on rep.email = m.mailbox
    where m.state in ('queued', 'held')
      and (%(ids)s::text[] is null or m.id = any(%(ids)s::text[]))
), judged as (
    select w.*, case
        when w.email is null then 'erased'
        when w.approved_to is distinct from w.email
             and right(w.approved_to, length(w.email) + 2) <> '<' || w.email || '>'
            then 'address_changed'
        when exists (select from ops.suppression s where s.address_key = w.address_key)
            then 'suppressed'
        when held.kinds && array['contact:opt_out'] then 'opted_out'
        when held.kinds && array['contact:reply'] then 'replied'
        when held.kinds && array['contact:booking'] then 'booked'
        when w.expires_at <= ops.now() then 'expired'
        when earlier.ended then 'sequence_ended'
        when exists (select from ops.message_event e where e.message_id = w.id) then 'already_sent'
        when held.kinds && array['contact:manual', 'account:manual'] then 'manual_hold'
        when held.kinds && array['contact:protected', 'account:protected'] then 'protected'
        when (w.contact_protected is not null or w.account_protected is not null)
             and w.sequence <> all (%(exempt_protected)s::text[])
             and not lifted.protection then 'protected'
        when held.kinds && array['account:open_opportunity', 'contact:open_opportunity']
             and w.sequence <> all (%(exempt_open_opportunity)s::text[]) then 'open_opportunity'
        when held.kinds && array['contact:out_of_office', 'account:out_of_office']
            then 'out_of_office'
        when held.kinds && array['account:reply', 'account:booking', 'account:opt_out']
            then 'account_paused'
        when (select is_on from ops.pause_switch) then 'paused'
        when %(shadow)s then 'shadow_mode'
        when exists (select from ops.breaker b where b.domain = w.sending_domain and b.is_open)
            then 'breaker_open'
        when w.not_before > ops.now() then 'not_due'
        when earlier.under_way then 'earlier_step'
        when exists (
            select from landing.inbound_message i
            where i.xact >= coalesce((select value from ops.watermark where name = 'reply_triage'),
                                     '0')::xid8
              and position(w.email in lower(i.sender)) > 0) then 'reply_unread'
        when exists (
            select from landing.booking_event b
            where b.xact >= coalesce((select value from ops.watermark
                                      where name = 'scheduling.booking_event'), '0')::xid8
              and position(w.email in lower(b.payload::text)) > 0) then 'booking_unread'
        when exists (
            select from landing.email_event e
            where e.xact >= coalesce((select value from ops.watermark where name = 'email_events'),
                                     '0')::xid8
              and e.event_type in ('bounce', 'dropped', 'spamreport', 'unsubscribe',
                                   'group_unsubscribe')
              and lower(e.email) = w.email) then 'event_unread'
        when case when w.their_time is null
             then extract(isodow from w.our_time) > 5 or w.our_time::time < %(unknown_from)s
                  or w.our_time::time >= %(unknown_to)s
             else extract(isodow from w.their_time) > 5 or w.their_time::time < %(from)s
                  or w.their_time::time >= %(to)s end then 'quiet_hours'
        end as reason
    from waiting w
    left join lateral (
        -- All contact records of the person count: who replied from one address has replied.
        select coalesce(array_agg(distinct h.scope || ':' || h.kind), '{}') as kinds
        from ops.hold h
        where h.lifted_at is null and (h.until is null or h.until > ops.now())
          and (h.scope = 'account' and h.subject_id = w.account_id
               or h.scope = 'contact' and h.subject_id in (
                   select id from ops.contact where person_id = w.person_id))
          and not (h.kind = 'protected' and w.sequence = any (%(exempt_protected)s::text[]))
    ) held on true
    left join lateral (
        select (w.contact_protected is null or exists (
                   select from ops.hold h where h.scope = 'contact' and h.kind = 'protected'
                   and h.subject_id = w.contact_id and h.cause_id = w.contact_protected
                   and h.lifted_at is not null))
           and (w.account_protected is null or exists (
                   select from ops.hold h where h.scope = 'account' and h.kind = 'protected'
                   and h.subject_id = w.account_id and h.cause_id = w.account_protected
                   and h.lifted_at is not null)) as protection
    ) lifted on true
    left join lateral (
        select coalesce(bool_or(b.state in ('cancelled', 'failed', 'bounced', 'dropped',
                                            'complained')), false) as ended,
               coalesce(bool_or(b.state in ('queued', 'held', 'dispatching', 'unknown')),
                        false) as under_way
        from ops.message b
        where b.person_id = w.person_id and b.sequence = w.sequence and b.step < w.step
    ) earlier on true
), in_mailbox as (
    -- Rank within the room that is left. A mailbox or domain without a grant for today has none.
    select j.*, row_number() over (partition by mailbox, reason is null
                                   order by not_before, queued_at, id) as place_in_mailbox
    from judged j
), by_mailbox as (
    select m.*, case when reason is null and place_in_mailbox > coalesce(b.granted - b.used, 0)
                     then 'mailbox_cap' else reason end as reason_then
    from in_mailbox m
    left join ops.budget b on b.scope = 'mailbox' and b.name = m.mailbox
         and b.day = (ops.now() at time zone 'UTC')::date
), in_domain as (
    select m.*, row_number() over (partition by sending_domain, reason_then is null
                                   order by not_before, queued_at, id) as place_in_domain
    from by_mailbox m
)
select d.id as message_id, d.contact_id, d.sending_domain, d.mailbox,
       case when reason_then is null and place_in_domain > coalesce(b.granted - b.used, 0)
            then 'domain_cap' else reason_then end as reason
from in_domain d
left join ops.budget b on b.scope = 'domain' and b.name = d.sending_domain
     and b.day = (ops.now() at time zone 'UTC')::date
order by d.not_before, d.queued_at, d.id
"""


def judge(
    conn: psycopg.Connection[Any], policy: Policy, message_ids: list[str] | None = None
) -> list[Verdict]:
    """Judge these messages (None: all that are queued or held), in the order in which they may go.

    Caps count too: no more messages may go than the mailbox's and the domain's room of today.
    """
    found = rows(conn, STATEMENT, {**policy.params(), "ids": message_ids})
    return [Verdict(**row) for row in found]
