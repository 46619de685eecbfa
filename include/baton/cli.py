"""The `baton` command: each sub-command reads settings, calls one function, shows the answer."""

import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from baton import cli_desk, cli_doctor, motion
from baton.cli_output import answering, as_table, found_settings, show, who, with_json
from baton.core import clock
from baton.core.errors import BatonError, InputError
from baton.core.settings import Settings
from baton.warehouse.connect import connect
from baton.warehouse.run import open_run

# Reasons of quarantined rows that `baton import` names on the screen.
REASONS = 20


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """An AI sales motion, run as data orchestration.

    The services of `make up` are found by themselves; BATON_DATABASE_URL points elsewhere.
    """


@cli.command()
@click.argument("layer")
@click.option(
    "--interval",
    metavar="START/END",
    help="ISO 8601 interval, such as 2026-03-01T09:00Z/2026-03-01T10:00Z. Default: the last hour.",
)
@with_json
def run(layer: str, interval: str | None, as_json: bool) -> None:
    """Run a LAYER's DAGs, or one DAG by its id, without Airflow."""
    chains = motion.chains_of(layer) or [motion.MOTION[layer]] if layer in names() else None
    if chains is None:
        raise InputError(
            f"There is no layer or DAG {layer!r}; choose one of: {', '.join(names())}."
        )
    settings = found_settings()
    start, end = read_interval(settings, interval)
    answer: dict[str, Any] = {}
    failed: list[str] = []
    for chain in chains:
        # The same interval is the same run: a second time continues or repeats it.
        external = f"cli__{start.isoformat()}__{end.isoformat()}"
        opened = open_run(settings, chain.layer, chain.dag_id, external, start, end)
        try:
            for step in chain.steps:
                counts = motion.run_step(step, opened)
                answer.setdefault(chain.dag_id, {})[motion.task_id(step)] = counts
                if not as_json:
                    said = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items())
                    click.echo(f"{chain.dag_id} {motion.task_id(step)}: {said or 'done'}")
        except BatonError as error:
            # Under Airflow the layer's other DAGs run all the same.
            failed.append(f"{chain.dag_id} {motion.task_id(step)}: {error}")
    if as_json:
        show({**answer, "failed": failed}, as_json=True)
    for sentence in failed:
        click.echo(f"baton: {sentence}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def names() -> list[str]:
    """Return the layers and DAGs that `baton run` knows, in order."""
    layers = dict.fromkeys(chain.layer for chain in motion.MOTION.values())
    return [*layers, *motion.MOTION]


def read_interval(settings: Settings, text: str | None) -> tuple[datetime, datetime]:
    """Return the interval that START/END names, or the hour up to Baton's now."""
    if text is None:
        with connect(settings.database_url) as conn:
            end = clock.now(conn)
        return end - timedelta(hours=1), end
    try:
        first, last = (datetime.fromisoformat(part) for part in text.split("/"))
    except ValueError:
        raise InputError(
            f"--interval {text!r} is no interval; write START/END, "
            "such as 2026-03-01T09:00Z/2026-03-01T10:00Z."
        ) from None
    start, end = (m if m.tzinfo else m.replace(tzinfo=UTC) for m in (first, last))
    if start > end:
        raise InputError(f"--interval {text!r} ends before it starts; swap the two.")
    return start, end


@cli.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--mapping", required=True, type=click.Path(path_type=Path), help="Its columns, in YAML."
)
@with_json
def import_(folder: Path, mapping: Path, as_json: bool) -> None:
    """Bring your own funnel from the CSV exports in DIR."""
    from baton.signals.funnel import import_folder, reasons

    settings = found_settings()
    summary = import_folder(settings, folder, mapping)
    files = [asdict(entity) for entity in summary.entities]
    text = as_table(files)
    if summary.oddities:
        text = "\n".join([text, "", "Accepted, but worth a look:", *summary.oddities])
    if summary.quarantined and not as_json:
        said, told = reasons(settings, summary, REASONS)
        more = summary.quarantined - told
        rest = f"and {more:,} more; all of them stand in landing.quarantine" if more > 0 else ""
        text = "\n".join([text, "", "Quarantined:", *said, *filter(None, [rest])])
    answer = {"source": summary.source, "entities": files, "oddities": summary.oddities}
    show(answer, as_json, text)


@cli.command()
@click.option(
    "--format", "form", type=click.Choice(["table", "html", "json", "csv"]), default="table"
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file."
)
@click.option("--changes", is_flag=True, help="Show what changed since the report before.")
@click.option(
    "--since",
    metavar="WHEN",
    help="With --changes: since the newest report as of this date or time.",
)
@with_json
def report(form: str, output: Path | None, changes: bool, since: str | None, as_json: bool) -> None:
    """Show the stage report, or what changed in it."""
    from baton.reports import render, render_changes

    form = "json" if as_json else form
    if since is not None and not changes:
        raise InputError("--since goes with --changes: `baton report --changes --since WHEN`.")
    settings = found_settings()
    text = render_changes(settings, form, since) if changes else render(settings, form)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"Cannot write {output}: {error.strerror}.") from None
    click.echo(f"Written to {output}.")


@cli.command(
    "dbt", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]}
)
@click.argument(
    "arguments", metavar="COMMAND [OPTIONS]...", nargs=-1, required=True, type=click.UNPROCESSED
)
@with_json
def dbt_(arguments: tuple[str, ...], as_json: bool) -> None:
    """Run dbt here, such as `baton dbt build --select opportunity+`."""
    from baton.warehouse import dbt

    silent = ("--log-level", "none") if as_json else ()
    results = dbt.invoke(found_settings(), [*arguments, *silent])
    lines = [
        # What was wrong, dbt has said at length.
        f"{each.status:<8} {each.seconds:6.2f} s  {each.name}  {'' if each.is_bad else each.message}"
        for each in results
    ]
    if lines or as_json:
        answer = {"nodes": [asdict(each) for each in results]}
        show(answer, as_json, "\n".join(line.rstrip() for line in lines))
    if any(result.is_bad for result in results):
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("id_", metavar="ID")
@with_json
def why(id_: str, as_json: bool) -> None:
    """Tell the whole story of one message or opportunity.

    ID is a message's id or send key, or an opportunity's id or its key in the source, such as a CRM.
    """
    from baton.reports.why import story_of
    from baton.reports.why_opportunity import opportunity_of
    from baton.reports.why_opportunity_text import told_opportunity
    from baton.reports.why_text import told

    with connect(found_settings().database_url) as conn:
        if deal := opportunity_of(conn, id_):
            show(deal, as_json, told_opportunity(deal))
            return
        story = story_of(conn, id_)
    show(story, as_json, told(story))


@cli.command()
@with_json
def doctor(as_json: bool) -> None:
    """Check database, playbook and connections; say what to mend."""
    findings = cli_doctor.examine(os.environ)
    bad = [finding for finding in findings if not finding.ok]
    answer = {"ok": not bad, "checks": [vars(finding) for finding in findings]}
    show(answer, as_json, "\n".join(str(finding) for finding in findings))
    if bad:
        raise click.exceptions.Exit(1)


@cli.command()
@click.option("--reason", required=True, help="Shown until sending resumes.")
@with_json
def pause(reason: str, as_json: bool) -> None:
    """Stop all sending at once."""
    from baton.contactability.pause import pause as switch_on

    with connect(found_settings().database_url) as conn:
        switch_on(conn, by=who(), reason=reason)
    show({"paused": True, "reason": reason}, as_json, "Sending is paused.")


for command in (cli_desk.brief, cli_desk.settle, cli_desk.resume):
    cli.add_command(command)


@answering
def _main() -> None:
    # Where click does not stand alone, it returns the status of an Exit instead of raising it.
    if status := cli.main(prog_name="baton", standalone_mode=False):
        raise click.exceptions.Exit(status)


def main() -> int:
    """Run the command line and return its exit status."""
    return _main()


if __name__ == "__main__":
    sys.exit(main())
