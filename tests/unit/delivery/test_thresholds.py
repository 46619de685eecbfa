"""The table of thresholds agrees with its sources and says where it is wrong."""

import math
from pathlib import Path

import pytest

from baton.core.errors import PlaybookError
from baton.playbook import thresholds

PLAYBOOK = Path(__file__).resolve().parents[3] / "include" / "playbook"
P = pytest.param


def test_the_figures_follow_from_their_sources() -> None:
    table = thresholds.load(PLAYBOOK)
    delivery, contact = table.delivery, table.contactability
    # So many sends without an event prove a rate below p (95 %): n = ln 0.05 / ln(1 - p).
    needed = math.ceil(math.log(0.05) / math.log(1 - delivery.bounces.max_rate))
    assert needed == 59
    assert delivery.bounces.min_events == math.floor(needed * delivery.bounces.max_rate) + 1
    assert delivery.complaints.max_rate == 0.003
    assert contact.domain_warm_up[0] == 20
    assert contact.domain_warm_up[-1] == 2222
    assert len(contact.domain_warm_up) == 15
    assert contact.domain_max_per_day < 5000
    assert 25 <= contact.mailbox_warm_per_day <= 50
    assert 20 <= contact.mailbox_new_per_day <= 30


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        P("undo_seconds", "undo_secnds", "did you mean 'undo_seconds'", id="typo"),
        P("max_rate: 0.05", "max_rate: 5", "less than or equal to 1", id="per cent for a fraction"),
        P('from: "08:00"', 'from: "19:00"', "must be earlier", id="hours the wrong way round"),
        P("Europe/Berlin", "Europe/Berln", "did you mean 'Europe/Berlin'", id="time zone"),
        P("workers: 4", "workers: 0", "greater than or equal to 1", id="no workers"),
        P("idle_days: 30", "", "'contactability.idle_days' is missing", id="missing"),
    ],
)
def test_a_mistake_names_file_line_and_remedy(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (PLAYBOOK / "thresholds.yml").read_text()
    assert old in text
    (tmp_path / "thresholds.yml").write_text(text.replace(old, new, 1))
    with pytest.raises(PlaybookError, match=message) as raised:
        thresholds.load(tmp_path)
    assert "thresholds.yml, line " in str(raised.value)
