"""Any bytes below a header end as rows or rejects; none is lost and none raises."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.errors import InputError
from baton.signals.funnel import stream
from baton.signals.funnel.stream import Block, Reject, read_header, read_rows


def read(path: Path, content: bytes, width: int = 3) -> tuple[list[list[str]], list[Reject]]:
    path.write_bytes(content)
    rows: list[list[str]] = []
    rejects: list[Reject] = []
    for item in read_rows(path, width, ","):
        if isinstance(item, Block):
            found = list(csv.reader(io.StringIO(item.data.decode(), newline="")))
            assert len(found) == item.rows
            rows += found
        else:
            rejects.append(item)
    return rows, rejects


@pytest.mark.parametrize(
    ("content", "rows", "rejects"),
    [
        pytest.param(b"a,b,c\n1,2,3\n4,5,6", [2, 3], [], id="no newline at the end"),
        pytest.param(b"a,b,c\r\n1,2,3\r\n\r\n4,5,6\r\n", [2, 4], [], id="CRLF and a blank line"),
        pytest.param(b'a,b,c\n1,"x\ny",3\n4,5,6\n', [2, 4], [], id="a cell over two lines"),
        pytest.param(b'a,b,c\n1,5" disk,3\n', [2], [], id="a quote inside a plain cell"),
        pytest.param(b"a,b,c\n1,2\n4,5,6\n", [3], [(2, "2 cells where")], id="short row"),
        pytest.param(b"a,b,c\n1,2,3,4\n", [], [(2, "4 cells where")], id="long row"),
        pytest.param(b"a,b,c\n1,\xff,3\n4,5,6\n", [3], [(2, "not UTF-8")], id="bad UTF-8"),
        pytest.param(b"a,b,c\n1,\0,3\n4,5,6\n", [3], [(2, "NUL byte")], id="NUL byte"),
        pytest.param(
            b'a,b,c\n1,"open,3\n4,5,6\n7,8,9\n',
            [3, 4],
            [(2, "never closed")],
            id="an unclosed quote costs its own line only",
        ),
        pytest.param(b'a,b,c\n1,"x"y,3\n', [], [(2, "not a CSV record")], id="text after a quote"),
    ],
)
def test_rows_and_rejects(
    tmp_path: Path, content: bytes, rows: list[int], rejects: list[tuple[int, str]]
) -> None:
    found, refused = read(tmp_path / "file.csv", content)
    assert [int(row[0]) for row in found] == rows
    assert [reject.line for reject in refused] == [line for line, _ in rejects]
    for reject, (_, reason) in zip(refused, rejects, strict=True):
        assert reason in reject.reason


def test_a_cell_of_ten_megabytes_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    content = b"a,b,c\n1," + b"x" * 10_000_000 + b",3\n4,5,6\n"
    rows, rejects = read(tmp_path / "file.csv", content)
    assert [row[1:] for row in rows] == [["4", "5", "6"]]
    assert "longer than 1,000,000 characters" in rejects[0].reason
    assert len(rejects[0].text) <= stream.KEPT_BYTES


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            min_size=3,
            max_size=3,
        ),
        max_size=20,
    ),
    st.integers(20, 200),
)
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], chunk: int
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(table)
    before = stream.CHUNK_BYTES
    stream.CHUNK_BYTES = chunk  # so that records cross the ends of chunks
    try:
        content = b"a,b,c\n" + out.getvalue().encode()
        rows, rejects = read(tmp_path_factory.mktemp("csv") / "file.csv", content)
    finally:
        stream.CHUNK_BYTES = before
    assert rejects == []
    assert [row[1:] for row in rows] == table


@given(st.binary(max_size=400), st.integers(5, 100))
def test_any_bytes_end_as_rows_or_rejects(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, chunk: int
) -> None:
    before = stream.CHUNK_BYTES
    stream.CHUNK_BYTES = chunk
    try:
        rows, rejects = read(tmp_path_factory.mktemp("csv") / "file.csv", b"a,b,c\n" + content)
    finally:
        stream.CHUNK_BYTES = before
    assert all(len(row) == 4 for row in rows)
    lines = [int(row[0]) for row in rows] + [reject.line for reject in rejects]
    assert len(set(lines)) == len(lines)
    assert bool(lines) == bool(content.replace(b"\r", b"").replace(b"\n", b""))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\xff\xfea\0", "UTF-16", id="UTF-16"),
        pytest.param(b"a,\xff\n", "not UTF-8", id="bad UTF-8"),
        pytest.param(b"a,b,a\n", "two columns are named 'a'", id="a name twice"),
    ],
)
def test_a_header_that_cannot_be_used(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_header(path, ",")


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"\xef\xbb\xbfid, name \n")
    assert read_header(path, ",") == ["id", "name"]
