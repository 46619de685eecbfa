"""Commands for what people do by hand: read a brief, settle a message, let sending go on."""

import click

from baton.cli_output import as_table, found_settings, show, who, with_json
from baton.core.errors import InputError
from baton.playbook.reader import nearest
from baton.warehouse.connect import connect


@click.command()
@click.argument("meeting", required=False)
@click.option("--rep", metavar="EMAIL", help="List this rep's next meetings instead.")
@with_json
def brief(meeting: str | None, rep: str | None, as_json: bool) -> None:
    """Show the brief of a MEETING, or the next meetings of a rep.

    MEETING is its id, as the list of next meetings shows it.
    """
    from baton.handoff import coming, render

    if (meeting is None) == (rep is None):
        raise InputError("Name a meeting, such as mtg_..., or a rep with --rep EMAIL.")
    with connect(found_settings().database_url) as conn:
        if rep is not None:
            reps = coming.rep_emails(conn)
            if rep.lower() not in reps:
                meant = nearest(rep, reps)
                hint = f"did you mean {meant}?" if meant else "the `owners` of an import make reps."
                raise InputError(f"There is no rep with the e-mail {rep}; {hint}")
            found = coming.coming(conn, rep)
            shown = [
                {"meeting": m["id"], "when": m["when"], "who": m["who"], "brief": m["brief"],
                 "missing": tuple(m["missing"]), "opened": m["opened"]}
                for m in found
            ]  # fmt: skip
            text = as_table(shown) if shown else f"No meeting of {rep} is planned."
            show({"rep": rep, "meetings": shown}, as_json, text)
            return
        assert meeting is not None
        known = coming.meeting(conn, meeting, None)
        found_brief = render.load(conn, meeting)
    if known is None:
        raise InputError(
            f"There is no meeting {meeting!r}; `baton brief --rep EMAIL` lists a rep's next ones."
        )
    if found_brief is None:
        raise InputError(f"The meeting {meeting} has no brief yet; `baton run handoff` writes it.")
    show(
        {**vars(found_brief), "when": found_brief.when, "is_complete": found_brief.is_complete},
        as_json,
        render.text(found_brief).rstrip("\n"),
    )


@click.command()
@click.argument("message")
@click.argument("answer", type=click.Choice(["sent", "not-sent"]))
@click.option("--reason", required=True, help="How you know; kept with the message.")
@with_json
def settle(message: str, answer: str, reason: str, as_json: bool) -> None:
    """Say whether an unknown MESSAGE was sent; nothing is sent again.

    MESSAGE is its id or its send key.
    """
    from baton.delivery.settle import settle as settle_message

    with connect(found_settings().database_url) as conn:
        state = settle_message(
            conn, message, was_sent=answer == "sent", by=who(), reason=reason.strip()
        )
    show(
        {"message": message, "state": state, "reason": reason.strip()},
        as_json,
        f"The message is {state}.",
    )


@click.command()
@click.option("--domain", help="Only this domain, which bounces or complaints had stopped.")
@click.option("--reason", help="What was done about the cause; needed with --domain.")
@with_json
def resume(domain: str | None, reason: str | None, as_json: bool) -> None:
    """Let sending go on after a pause, or for a stopped domain."""
    from baton.contactability import breakers, pause

    if domain is None and reason is not None:
        raise InputError("A reason is kept with a domain; add --domain, or leave --reason out.")
    with connect(found_settings().database_url) as conn:
        if domain is None:
            pause.resume(conn, by=who())
        else:
            breakers.resume(conn, domain, who(), (reason or "").strip())
    if domain is None:
        show({"paused": False}, as_json, "Sending goes on.")
    else:
        show(
            {"domain": domain, "stopped": False, "reason": reason},
            as_json,
            f"{domain} sends again.",
        )
