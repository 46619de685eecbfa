"""`python -m sandbox`: serve the market, print its keys, run its calendar, export its lists."""

from __future__ import annotations

import csv
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import uvicorn

from sandbox import keys as sandbox_keys
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError
from sandbox.market import DEFAULT_SEED, build_market
from sandbox.market.build import REPS
from sandbox.vendors import caldav

HOME = click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder for keys and state; its files are readable by you alone.",
)  # fmt: skip
SEED = click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True)
SCALE = click.option("--scale", type=click.FloatRange(min=0.05), default=1.0, show_default=True)


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("give an ISO time such as 2026-03-02T08:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group()
def main() -> None:
    """Run a simulated market and stand-ins for the vendors' APIs."""


@main.command()
@HOME
@SEED
@SCALE
@click.option("--port", type=int, default=8090, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--receiver-url", help="Base URL of the webhook receiver; without it none is told.")
@click.option("--start", callback=_moment, help="Simulated time to begin at; default: now.")
@click.option(
    "--ticking/--still", default=True, show_default=True,
    help="The clock runs on with real time, or moves only when it is advanced.",
)  # fmt: skip
@click.option("--no-storyline", is_flag=True, help="Everybody follows the true probabilities.")
def serve(
    home: Path,
    seed: int,
    scale: float,
    port: int,
    host: str,
    receiver_url: str | None,
    start: datetime | None,
    ticking: bool,
    no_storyline: bool,
) -> None:
    """Serve the market and the stand-ins until SIGTERM; the state is kept in the home."""
    config = SandboxConfig(
        keys=sandbox_keys.load(home),
        receiver_url=receiver_url,
        seed=seed,
        scale=scale,
        start=start,
        ticking=ticking,
        storyline=not no_storyline,
        home=home,
        public_url=f"http://{host}:{port}",
    )
    uvicorn.run(
        create_app(config), host=host, port=port, log_level="warning", access_log=False,
        proxy_headers=False, server_header=False,
    )  # fmt: skip


@main.command()
@HOME
def keys(home: Path) -> None:
    """Print NAME=value lines for the receiver and the clients; the private key stays in the home."""
    for name, value in sandbox_keys.load(home).environment().items():
        click.echo(f"{name}={value}")


@main.command()
@HOME
@click.option("--port", type=int, default=caldav.DEFAULT_PORT, show_default=True)
def calendar(home: Path, port: int) -> None:
    """Run the reps' CalDAV server in place of this process."""
    server = caldav.prepare(home, REPS, sandbox_keys.load(home), port)
    os.execv(server.command[0], server.command)  # noqa: S606 (our own interpreter)


@main.command()
@click.argument("what", type=click.Choice(["watchlist", "contacts", "reps"]))
@SEED
@SCALE
def export(what: str, seed: int, scale: float) -> None:
    """Print what a seller would know of the market, as CSV. Holds no truth."""
    market = build_market(seed, datetime(2026, 1, 5, tzinfo=UTC), scale)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if what == "watchlist":
        writer.writerow(["name", "domain", "industry", "employees", "country", "timezone"])
        writer.writerows(
            (a.name, a.domain, a.industry, a.employees, a.country, a.timezone)
            for a in market.targets
        )
    elif what == "reps":
        writer.writerow(["name", "email", "region", "timezone", "manager"])
        writer.writerows(
            (r.name, r.email, r.region, r.timezone, r.manager_name) for r in market.reps
        )
    else:
        targets = {a.id: a for a in market.targets}
        writer.writerow(["email", "name", "title", "seniority", "domain", "timezone"])
        writer.writerows(
            (p.email, p.name, p.title, p.seniority, targets[p.account_id].domain, p.timezone)
            for p in market.people
            if p.account_id in targets
        )


if __name__ == "__main__":
    try:
        main()
    except SandboxError as problem:
        sys.exit(f"sandbox: {problem}")
