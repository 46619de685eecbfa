"""The playbook as rows for dbt: what `baton.warehouse.playbook_sync` writes into `ops.playbook_*`."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.playbook import costs, icp, routing, segments, signals, targets
from baton.playbook.icp import BandPoints, Icp, ValuePoints, WordPoints

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class PlaybookTables:
    """Rows by table of the schema `ops`; `icp_hash` names the rules by which accounts are scored."""

    rows: dict[str, Rows]
    icp_hash: str

    @property
    def content_hash(self) -> str:
        """The SHA-256 (hex) of everything in the tables."""
        return _hash(self.rows)


def load(folder: Path) -> PlaybookTables:
    """Read what dbt needs of the playbook. Raises PlaybookError naming file and line."""
    policy = icp.load(folder)
    due = routing.load(folder).speed_to_lead_hours
    known = signals.load(folder)
    tables = {
        "playbook_icp_rule": _rules(policy),
        "playbook_setting": _settings(policy, due, segments.load(folder).otherwise),
        "playbook_signal_type": [
            {
                "signal_type": name,
                "weight": kind.weight,
                "half_life_days": kind.half_life_days,
                "description": kind.description,
            }
            for name, kind in known.types.items()
        ],
        "playbook_signal_source": [
            {"source": name, "trusted": source.trusted} for name, source in known.sources.items()
        ],
        "playbook_segment": [
            {"position": position, **segment.model_dump()}
            for position, segment in enumerate(segments.load(folder).segments, start=1)
        ],
        "playbook_cost": _costs(folder),
        "playbook_target": [
            {
                "quarter_start": f"{t.quarter[:4]}-{3 * int(t.quarter[-1]) - 2:02d}-01",
                "region": t.region,
                "target": str(t.target),
                "currency": t.currency,
            }
            for t in targets.load(folder)
        ],
    }
    account_rules = [rule for rule in tables["playbook_icp_rule"] if rule["subject"] == "account"]
    return PlaybookTables(tables, _hash(account_rules))


def _rules(policy: Icp) -> Rows:
    parts: list[tuple[str, str, ValuePoints | WordPoints | BandPoints]] = [
        ("account", "industry", policy.account.industry),
        ("account", "employees", policy.account.employees),
        ("account", "region", policy.account.region),
        ("contact", "title", policy.contact.title),
        ("contact", "seniority", policy.contact.seniority),
    ]
    return [rule for part in parts for rule in _attribute(*part)]


def _attribute(subject: str, attribute: str, part: ValuePoints | WordPoints | BandPoints) -> Rows:
    every = {"subject": subject, "attribute": attribute, "weight": part.weight}
    if isinstance(part, BandPoints):
        ends = [band.from_ for band in part.bands[1:]] + [None]
        return [
            {**every, "kind": "band", "low": band.from_, "high": end, "points": band.points}
            for band, end in zip(part.bands, ends, strict=True)
        ]
    words = isinstance(part, WordPoints)
    known = part.words if isinstance(part, WordPoints) else part.values
    listed = [
        {**every, "kind": "word" if words else "value", "match": name.lower(), "points": points}
        for name, points in known.items()
    ]
    return [*listed, {**every, "kind": "otherwise", "points": part.otherwise}]


def _settings(policy: Icp, due: dict[int, float], otherwise: str) -> Rows:
    numbers: dict[str, float] = {
        "minimum_population": policy.quartiles.minimum_population,
        **{f"default_cut_{n}": cut for n, cut in enumerate(policy.quartiles.default_cuts, 1)},
        **policy.model.model_dump(exclude={"version"}),
        **policy.leads.model_dump(exclude={"sequence"}),
        **{f"due_hours_{quartile}": hours for quartile, hours in due.items()},
    }
    texts = {
        "icp_version": policy.version,
        "model_version": policy.model.version,
        "sequence": policy.leads.sequence,
        "experiment": policy.holdout.experiment,
        "segment_otherwise": otherwise,
    }
    return [{"name": name, "number": number} for name, number in numbers.items()] + [
        {"name": name, "text": text} for name, text in texts.items()
    ]


def _costs(folder: Path) -> Rows:
    known = costs.load(folder)
    return [
        {
            "name": cost.name,
            "layer": cost.layer,
            "signal_source": cost.signal_source,
            "first_month": f"{cost.from_}-01",
            "last_month": f"{cost.to}-01" if cost.to else None,
            "monthly": cost.monthly,
            "currency": known.currency,
        }
        for cost in known.costs
    ]


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
