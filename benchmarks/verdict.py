"""How every benchmark ends: one JSON object on the last line, and an exit status that agrees."""

import json
import sys
from typing import NoReturn


def close(
    name: str, figures: dict[str, float], bars: dict[str, tuple[str, float]], peer: str
) -> NoReturn:
    """Compare figures with bars, print the verdict and exit 0 if every bar is met, else 1.

    `bars` gives for a figure ("<=" or ">=", limit); `peer` says what the figures were compared with.
    """
    meets = {
        key: figures[key] <= limit if sign == "<=" else figures[key] >= limit
        for key, (sign, limit) in bars.items()
    }
    verdict = {
        "name": name,
        "ok": all(meets.values()),
        "figures": {key: round(value, 3) for key, value in figures.items()},
        "bars": {key: f"{sign} {limit:g}" for key, (sign, limit) in bars.items()},
        "peer": peer,
    }
    print(json.dumps(verdict), flush=True)
    sys.exit(0 if verdict["ok"] else 1)
