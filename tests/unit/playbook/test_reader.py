"""A mistake in a playbook file names the file, the line and the nearest right word."""

from pathlib import Path
from typing import Literal

import pytest

from baton.core.errors import PlaybookError
from baton.playbook.reader import Strict, read_csv_rows, read_yaml


class Item(Strict):
    kind: Literal["feed", "jobs_board"]
    weight: int = 1


class Book(Strict):
    items: dict[str, Item] = {}
    order: list[Item] = []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "itms: {}\n", "line 1: 'itms' is not known here; did you mean 'items'?", id="key"
        ),
        pytest.param(
            "items:\n  a:\n    kind: feed\n    wieght: 2\n",
            "line 4: 'wieght' is not known here; did you mean 'weight'?",
            id="nested key",
        ),
        pytest.param(
            "order:\n  - kind: feed\n  - kind: jobs_bord\n",
            "line 3: at 'order.1.kind', 'jobs_bord' is not known here; did you mean 'jobs_board'?",
            id="word",
        ),
        pytest.param(
            "items:\n  a: {weight: 1}\n", "line 2: 'items.a.kind' is missing", id="missing"
        ),
        pytest.param("items: {}\nitems: {}\n", "line 2: 'items' stands here twice", id="twice"),
        pytest.param("items: [\n", "line 2:", id="not yaml"),
        pytest.param("- 1\n", "line 1: expected `key: value` pairs", id="a list"),
        pytest.param("", "line 1: expected `key: value` pairs", id="empty"),
    ],
)
def test_a_mistake_names_line_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "book.yml"
    path.write_text(text)
    with pytest.raises(PlaybookError) as caught:
        read_yaml(path, Book)
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "book.yml"
    path.write_text("items:\n  a: {kind: fed}\n  b: {kind: feed, wait: 1}\n")
    with pytest.raises(PlaybookError) as caught:
        read_yaml(path, Book)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a,c\n1,2\n", "line 1: 'c' is not known here", id="unknown column"),
        pytest.param(b"a\n1\n", "line 1: the column b is missing", id="missing column"),
        pytest.param(b"a,b\n1,2\n3\n", "line 3: expected 2 cells", id="short row"),
        pytest.param(b"a,b\n1,\xff\n", "line 2: not UTF-8", id="bad utf-8"),
    ],
)
def test_a_table_names_line_and_column(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(PlaybookError, match=expected):
        list(read_csv_rows(path, ["a", "b"]))


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\n1, 2\n")
    assert list(read_csv_rows(path, ["a", "b"])) == [(2, {"a": "1", "b": "2"})]
