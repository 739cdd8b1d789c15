"""A file opened for DuckDB: its columns, their types, and the FROM clause that gives them as c0, c1 and so on."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.costs.formats._plan import RefusedError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST_RECORD = 8 * 1024 * 1024
_BUFFER = 4 * LONGEST_RECORD
_DELIMITERS = {",": "','", ";": "';'", "\t": r"e'\t'"}
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Scan:
    """One file's table. `clause` reads the file that the variable `source` names; types are DuckDB's own words."""

    path: Path
    names: tuple[str, ...]
    types: tuple[str, ...]
    clause: str

    @property
    def is_text(self) -> bool:
        """Whether it is a CSV file: all its columns are text."""
        return self.clause.startswith("read_csv")

    def point(self, base: DuckDBPyConnection) -> None:
        """Have the clause read this file."""
        base.execute("SET VARIABLE source = ?", [str(self.path)])


def opened(path: Path, work: Path, base: DuckDBPyConnection) -> Scan:
    """The table in a file, recognised by its first bytes. RefusedError where there is none; `work` is for copies."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == _PARQUET:
        return _parquet(path, base)
    if head == _ZIP:
        raise RefusedError("is a zip archive that cannot be opened, or one inside another")
    first = _first_character(path)
    if first in ("{", "["):
        return csv_scan(_flattened(path, work))
    return csv_scan(path)


def csv_scan(path: Path) -> Scan:
    """The table in a CSV file, also a compressed one. Its columns are all text."""
    names, delimiter, skip = _header(path)
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(names)))
    packed = "gzip" if _is_gzip(path) else "none"
    clause = (
        "read_csv(getvariable('source'), auto_detect = false, header = true, quote = '\"', escape = '\"',"
        f" buffer_size = {_BUFFER}, delim = {_DELIMITERS[delimiter]}, compression = '{packed}', skip = {skip},"
        f" max_line_size = {LONGEST_RECORD}, columns = {{{columns}}})"
    )
    return Scan(path, names, ("VARCHAR",) * len(names), clause)


def records(path: Path) -> Iterator[list[str]]:
    """The records of a CSV file, header first, as the standard library reads them; RefusedError says where it cannot.

    Records without any cell (blank lines) are left out.
    """
    names, delimiter, _ = _header(path)
    number = -1
    try:
        with _text(path, "surrogateescape") as file:
            for record in csv.reader(file, delimiter=delimiter, strict=True):
                if record:
                    number += 1
                    for cell, name in zip(record, names, strict=False):
                        _utf8(cell, number, name)
                    yield record
    except (csv.Error, EOFError, gzip.BadGzipFile) as wrong:
        raise RefusedError(f"is no CSV: {wrong}", number + 1) from None


def _utf8(cell: str, number: int, name: str) -> None:
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise RefusedError("is not UTF-8 text", number, name.strip()) from None


def _parquet(path: Path, base: DuckDBPyConnection) -> Scan:
    import duckdb

    base.execute("SET VARIABLE source = ?", [str(path)])
    try:
        rows = base.execute("DESCRIBE SELECT * FROM read_parquet(getvariable('source'))").fetchall()
    except duckdb.Error as wrong:
        raise RefusedError(f"is no Parquet file that can be read: {str(wrong).partition(chr(10))[0]}") from None
    aliases = ", ".join(f"c{place}" for place in range(len(rows)))
    clause = f"read_parquet(getvariable('source')) AS t({aliases})"
    return Scan(path, tuple(row[0] for row in rows), tuple(row[1] for row in rows), clause)


def _header(path: Path) -> tuple[tuple[str, ...], str, int]:
    """The first record that says anything, what separates its cells, and how many blank lines stand before it."""
    csv.field_size_limit(LONGEST_RECORD)
    try:
        # What is no UTF-8 behind the header is said with its record, by who reads that far.
        with _text(path, "surrogateescape") as file:
            skip, line = next(((before, line) for before, line in enumerate(file) if line.strip()), (0, ""))
            delimiter = max(_DELIMITERS, key=line.count)
            names = next(csv.reader(_from(line, file), delimiter=delimiter, strict=True), [])
    except (csv.Error, EOFError, gzip.BadGzipFile) as wrong:
        raise RefusedError(f"is no CSV: {wrong}") from None
    if not names:
        raise RefusedError("is empty")
    if not all(name.isprintable() for name in names):
        raise RefusedError("is not UTF-8 text, or its header spans lines")
    return tuple(names), delimiter, skip


def _from(line: str, file: io.TextIOWrapper) -> Iterator[str]:
    yield line
    yield from file


def _text(path: Path, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(unpacked(path), encoding="utf-8-sig", errors=errors, newline="")


def unpacked(path: Path) -> io.BufferedReader:
    """The bytes of a file that may be compressed."""
    raw: Any = gzip.open(path) if _is_gzip(path) else path.open("rb")  # noqa: SIM115 - closed by who asks
    return raw  # type: ignore[no-any-return] # both read bytes


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def _first_character(path: Path) -> str:
    try:
        with _text(path) as file:
            return file.read(64).lstrip()[:1]
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile):
        return ""


def _flattened(path: Path, work: Path) -> Path:
    """JSON lines as a CSV file of the keys of all its objects; numbers keep every digit, what is nested stays JSON."""
    names: dict[str, None] = {}
    for row in _objects(path):
        names |= dict.fromkeys(row)
    made = work / "flattened.csv"
    with made.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in _objects(path):
            writer.writerow([_cell(row.get(name)) for name in names])
    return made


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with _text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line, parse_float=str, parse_int=str)
            except ValueError:
                raise RefusedError("is no JSON object on one line: not JSON lines", number) from None
            if not isinstance(row, dict):
                raise RefusedError("is no JSON object on one line: not JSON lines", number)
            yield row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
