"""Import of 1,000,000 opportunities and 1,000,000 touches against what Postgres itself can do.

The peer is a bare COPY of the same files into text tables, kept, plus one INSERT ... SELECT into
tables with the same columns, constraints and indexes as ours. Both run on the same server, one after
the other, in turns; the fastest turn of each counts.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import verdict

from baton.core import settings
from baton.signals.funnel import import_folder
from baton.warehouse import embedded, migrate
from baton.warehouse.connect import connect, sql

ROWS = int(os.environ.get("BATON_BENCH_ROWS", "1000000"))
TURNS = 2
HEADERS = {
    "opportunities": "id,account,agent,product,stage,engaged,closed,amount,segment",
    "touches": "id,account,contact,opportunity,agent,channel,kind,campaign,at",
}
MAPPING = """
source: bench
description: made for the benchmark
currency: EUR
dates: "%Y-%m-%d"
opportunity:
  file: opportunities.csv
  key: id
  columns: {account_key: account, owner_key: agent, product_key: product, stage: stage,
            outcome: stage, opened_at: engaged, closed_at: closed, amount: amount}
  values: {outcome: {Won: won, Lost: lost, Engaging: open}}
  known_before_outcome: [segment]
touch:
  file: touches.csv
  key: id
  columns: {account_key: account, contact_key: contact, opportunity_key: opportunity,
            owner_key: agent, channel: channel, touch_type: kind, campaign: campaign,
            occurred_at: at}
"""


def main() -> None:
    """Make the files, run both sides in turns, print the verdict."""
    # The embedded server's account must be able to reach its data, but not these files.
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    try:
        make_files(folder)
        server = embedded.start(folder / "home")
        try:
            bare, ours, memory = [], [], 0.0
            for turn in range(TURNS):
                bare.append(run_bare(server, folder, turn))
                seconds, memory = run_ours(server, folder, turn, memory)
                ours.append(seconds)
                print(
                    f"turn {turn + 1}: bare {bare[-1]:.1f} s, import {ours[-1]:.1f} s", flush=True
                )
        finally:
            embedded.destroy(folder / "home")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures = {
        "ratio": min(bare) / min(ours),
        "import_seconds": min(ours),
        "bare_seconds": min(bare),
        "memory_mb": memory,
        "rows": 2.0 * ROWS,
    }
    verdict.close(
        "import",
        figures,
        {"ratio": (">=", 0.4), "memory_mb": ("<=", 500)},
        "bare COPY into text tables + INSERT ... SELECT into the same targets, same server",
    )


def make_files(folder: Path) -> None:
    """Write the two CSV files and the mapping; seeded, so that every run has the same."""
    rng = random.Random(20)
    started = time.perf_counter()
    with (folder / "opportunities.csv").open("w") as file:
        file.write(HEADERS["opportunities"] + "\n")
        for n in range(ROWS):
            stage = ("Won", "Lost", "Engaging")[n % 3]
            closed = f"2025-{rng.randint(7, 12):02}-{rng.randint(1, 28):02}" if n % 3 < 2 else ""
            file.write(
                f"OPP{n:08},Account {n % 40000},Agent {n % 300},Product {n % 50},{stage},"
                f"2025-0{rng.randint(1, 6)}-{rng.randint(1, 28):02},{closed},"
                f"{rng.randint(100, 90000)}.{n % 100:02},Segment {n % 7}\n"
            )
    with (folder / "touches.csv").open("w") as file:
        file.write(HEADERS["touches"] + "\n")
        for n in range(ROWS):
            file.write(
                f"TCH{n:08},Account {n % 40000},person{n % 200000}@a{n % 40000}.example,"
                f"OPP{n % ROWS:08},Agent {n % 300},email,first_touch,Campaign {n % 90},"
                f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}\n"
            )
    (folder / "mapping.yml").write_text(MAPPING)
    print(f"made {2 * ROWS:,} rows in {time.perf_counter() - started:.0f} s", flush=True)


def run_bare(server: embedded.PostgresServer, folder: Path, turn: int) -> float:
    """Return the seconds that Postgres needs by itself."""
    url = server.create_database(f"bare_{turn}")
    migrate.upgrade(url)
    with connect(url) as conn:
        for name, header in HEADERS.items():
            columns = ", ".join(f'"{column}" text' for column in header.split(","))
            conn.execute(sql(f"create table landing.raw_{name} ({columns})"))
    started = time.perf_counter()
    with connect(url) as conn:
        for name in HEADERS:
            options = "format csv, header true"
            with (
                (folder / f"{name}.csv").open("rb") as file,
                conn.cursor().copy(sql(f"copy landing.raw_{name} from stdin ({options})")) as copy,
            ):
                while chunk := file.read(1 << 20):
                    copy.write(chunk)
            conn.execute(sql(INSERTS[name]))
    seconds = time.perf_counter() - started
    server.drop_database(f"bare_{turn}")
    return seconds


def run_ours(
    server: embedded.PostgresServer, folder: Path, turn: int, memory: float
) -> tuple[float, float]:
    """Return the seconds of the import, start of its process left out, and its peak memory in MB."""
    url = server.create_database(f"ours_{turn}")
    migrate.upgrade(url)
    environment = {**os.environ, "BATON_DATABASE_URL": url, "BATON_SECRET": "only for benchmarks"}
    process = subprocess.run(
        [sys.executable, __file__, "--import", str(folder)],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, peak = map(float, process.stdout.split())
    with connect(url) as conn:
        for table in ("opportunity", "touch"):
            row = conn.execute(sql(f"select count(*) from landing.{table}")).fetchone()
            if row != (ROWS,):
                sys.exit(f"landing.{table} has {row} rows, expected {ROWS}: the figure is void.")
    server.drop_database(f"ours_{turn}")
    return seconds, max(memory, peak)


def import_only(folder: Path) -> None:
    """Run the import in a process of its own and print its seconds and peak memory."""
    started = time.perf_counter()
    import_folder(settings.load(), folder, folder / "mapping.yml")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.perf_counter() - started, peak)


INSERTS = {
    "opportunities": """
        insert into landing.opportunity (source, natural_key, content_hash, received_at, intake_id,
            account_key, owner_key, product_key, stage, outcome, opened_at, closed_at, amount,
            currency, attributes)
        select 'bench', id, md5(raw::text), transaction_timestamp(), 'bare', account, agent,
            product, stage, case stage when 'Won' then 'won' when 'Lost' then 'lost' else 'open' end,
            engaged::timestamptz, nullif(closed, '')::timestamptz, amount::numeric, 'EUR',
            jsonb_build_object('segment', segment)
        from landing.raw_opportunities as raw
    """,
    "touches": """
        insert into landing.touch (source, natural_key, content_hash, received_at, intake_id,
            account_key, contact_key, opportunity_key, owner_key, channel, touch_type, campaign,
            occurred_at)
        select 'bench', id, md5(raw::text), transaction_timestamp(), 'bare', account, contact,
            opportunity, agent, channel, kind, campaign, at::timestamptz
        from landing.raw_touches as raw
    """,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--import"]:
        import_only(Path(sys.argv[2]))
    else:
        main()
