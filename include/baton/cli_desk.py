"""Commands for the people of the motion: what a rep reads before a meeting."""

import click

from baton.cli_output import as_table, found_settings, show, with_json
from baton.core.errors import InputError
from baton.warehouse.connect import connect


@click.command()
@click.argument("meeting", required=False)
@click.option("--rep", metavar="EMAIL", help="List this rep's next meetings instead.")
@with_json
def brief(meeting: str | None, rep: str | None, as_json: bool) -> None:
    """Show the brief of one MEETING (its id), or the next meetings of a rep."""
    from baton.handoff import coming, render

    if (meeting is None) == (rep is None):
        raise InputError("Name a meeting, such as mtg_..., or a rep with --rep EMAIL.")
    with connect(found_settings().database_url) as conn:
        if rep is not None:
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
