"""Reads a CSV file as a stream of COPY blocks and rejects, in constant memory.

Most chunks of most files are plain: valid UTF-8, no quotes, the right number of cells in each line.
They go to Postgres as they are, with the line number in front. Only chunks that are not plain are
parsed record by record; a record that cannot be one becomes a reject and the rest goes on.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import BinaryIO

from baton.core.errors import InputError

CHUNK_BYTES = 4 << 20
LINE_BYTES = 32 << 20  # a longer line is dropped while it is read, so that memory stays bounded
CELL_CHARACTERS = 1_000_000
KEPT_BYTES = 2_000  # of a reject, for the quarantine


@dataclass(frozen=True)
class Block:
    """`rows` rows as CSV bytes; each starts with the number of the line it began on."""

    data: bytes
    rows: int


@dataclass(frozen=True)
class Reject:
    """One record that cannot be read, and why, in a sentence."""

    line: int
    reason: str
    text: str


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the column names of a CSV file. Raises InputError if it has none, or one twice."""
    with _open(path) as file:
        first = file.readline(LINE_BYTES)
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path} is UTF-16; save it as CSV in UTF-8.")
    try:
        text = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            f"{path}, line 1: the header is not UTF-8; save the file as UTF-8."
        ) from None
    try:
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
    except csv.Error:  # a lone carriage return, as spreadsheets on old Macs end their lines
        raise InputError(
            f"{path}, line 1: the header cannot be read as CSV; save the file with line ends of "
            "Windows or Unix."
        ) from None
    if not any(names):
        raise InputError(f"{path} is empty; its first line must name the columns.")
    if "\0" in text:
        raise InputError(f"{path}, line 1: the header holds a NUL byte; export the file again.")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}, line 1: two columns are named '{name}'; rename one.")
    return names


def read_rows(path: Path, width: int, delimiter: str) -> Iterator[Block | Reject]:
    """Yield the rows below the header, each with `width` cells, in the order of the file."""
    with _open(path) as file:
        file.readline(LINE_BYTES)
        yield from _Reader(file, width, delimiter).run()


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


class _Reader:
    def __init__(self, file: BinaryIO, width: int, delimiter: str) -> None:
        self.file = file
        self.width = width
        self.delimiter = delimiter
        self.line = 2  # the number of the next line; the header is line 1
        self.pending: deque[bytes] = deque()
        self.taken: list[bytes] = []  # lines of the record that is being read
        self.overlong = False
        # The limit is global to the csv module; 10 MB cells must reach our own sentence instead.
        csv.field_size_limit(CELL_CHARACTERS)

    def run(self) -> Iterator[Block | Reject]:
        while chunk := self._next_chunk():
            if block := self._plain(chunk):
                yield block
            else:
                self.pending.extend(chunk.splitlines(keepends=True))
                yield from self._parse_pending()

    def _next_chunk(self) -> bytes:
        chunk = self.file.read(CHUNK_BYTES)
        if chunk and not chunk.endswith(b"\n"):
            chunk += self.file.readline(LINE_BYTES)
            if len(chunk) > LINE_BYTES and not chunk.endswith(b"\n"):
                self._skip_rest_of_line()
                self.overlong = True
        return chunk

    def _skip_rest_of_line(self) -> None:
        while (rest := self.file.readline(CHUNK_BYTES)) and not rest.endswith(b"\n"):
            pass

    def _plain(self, chunk: bytes) -> Block | None:
        """Return the chunk as a block if nothing in it needs parsing."""
        if b'"' in chunk or b"\0" in chunk or self.overlong:
            return None
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n")
            if b"\r" in chunk:
                return None
        lines = chunk.split(b"\n")
        if not lines[-1]:
            lines.pop()
        separator = self.delimiter.encode()
        if set(map(bytes.count, lines, repeat(separator))) != {self.width - 1}:
            return None
        if not all(lines) or max(map(len, lines)) > CELL_CHARACTERS:
            return None
        try:
            chunk.decode()
        except UnicodeDecodeError:
            return None
        form = b"%d" + separator + b"%b\n"
        data = b"".join(map(form.__mod__, enumerate(lines, self.line)))
        self.line += len(lines)
        return Block(data, len(lines))

    def _parse_pending(self) -> Iterator[Block | Reject]:
        out, rows = io.StringIO(), 0
        # All cells quoted: some Python releases leave a carriage return bare, which ends a row.
        writer = csv.writer(
            out, delimiter=self.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
        )
        records = self._records()
        while self.pending:
            start, self.taken = self.line, []
            cells: list[str] = []
            try:
                cells = next(records, [])
                reason = self._fault(cells)
            except csv.Error as error:
                reason = _explain(error)
                # An unclosed quote swallows the lines after it; they are records of their own.
                self.pending.extendleft(reversed(self.taken[1:]))
                self.taken = self.taken[:1]
                records = self._records()
            if reason is not None:
                text = b"".join(self.taken)[:KEPT_BYTES].decode("utf-8", "backslashreplace")
                yield Reject(start, reason, text.replace("\0", "\\0"))
            elif cells:  # a blank line is no row
                writer.writerow([start, *cells])
                rows += 1
            self.line = start + len(self.taken)
        if rows:
            yield Block(out.getvalue().encode(), rows)

    def _records(self) -> Iterator[list[str]]:
        return csv.reader(self._lines(), delimiter=self.delimiter, strict=True)

    def _lines(self) -> Iterator[str]:
        while True:
            if not self.pending and self.taken:  # a record goes on in the next chunk
                self.pending.extend(self._next_chunk().splitlines(keepends=True))
            if not self.pending:
                return
            line = self.pending.popleft()
            self.taken.append(line)
            yield line.decode("utf-8", "surrogateescape")

    def _fault(self, cells: list[str]) -> str | None:
        record = b"".join(self.taken)
        if self.overlong and len(record) >= LINE_BYTES:
            self.overlong = False
            return f"the line is longer than {LINE_BYTES >> 20} MB"
        if b"\0" in record:
            return "a cell holds a NUL byte"
        try:
            record.decode()
        except UnicodeDecodeError:
            return "not UTF-8; save the file as UTF-8"
        if cells and len(cells) != self.width:
            return f"{len(cells)} cells where the header has {self.width}"
        return None


def _explain(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell is longer than {CELL_CHARACTERS:,} characters, or a quote is never closed"
    if "unexpected end" in str(error):
        return "a quote is opened and never closed"
    return f"not a CSV record: {error}"
