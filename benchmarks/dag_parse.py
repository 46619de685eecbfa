"""What importing all of `dags/` costs beside Airflow itself.

Each sample is a fresh interpreter: first one that imports `airflow.sdk` and nothing else, then one
that imports it and every DAG file. They alternate, so that a machine that slows down slows both, and
the medians are compared.

    make bench BENCH=dag_parse
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import verdict

PROJECT = Path(__file__).resolve().parents[1]
MAX_RATIO = 1.5
SAMPLES = 7

_BARE = "import airflow.sdk"
_ALL = f"""
import airflow.sdk, runpy
from pathlib import Path
for path in sorted(Path({str(PROJECT / "dags")!r}).glob("*.py")):
    runpy.run_path(str(path))
"""
# Import and start-up are measured inside, so that the interpreter's own start does not dilute them.
_TIMED = """
import time
_started = time.perf_counter()
{code}
print(time.perf_counter() - _started)
"""


def seconds(code: str) -> float:
    """Run `code` in a fresh interpreter and return how long it took there."""
    path = os.pathsep.join([str(PROJECT / "include"), str(PROJECT / "plugins")])
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(code=code)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, print, and say by the exit status whether the bar was met."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    seconds(_ALL)  # compiles what is new, and fills the disk cache
    bare, everything = [], []
    for number in range(samples):
        bare.append(seconds(_BARE))
        everything.append(seconds(_ALL))
        print(f"{number + 1}: airflow.sdk {bare[-1]:.2f} s, with dags/ {everything[-1]:.2f} s")
    figures = {
        "ratio": statistics.median(everything) / statistics.median(bare),
        "airflow_sdk_s": statistics.median(bare),
        "with_dags_s": statistics.median(everything),
        "dags": float(len(list((PROJECT / "dags").glob("*.py")))),
    }
    verdict.close("dag_parse", figures, {"ratio": ("<=", MAX_RATIO)}, "import airflow.sdk")


if __name__ == "__main__":
    main()
