"""Versions of resources in one Parquet file, through DuckDB: sorted by resource and time, a row a version.

`resource` is the line of the snapshot, to the byte; the columns before it are its fields and tags, for whoever asks
with SQL. `since`, `until` and `unseen` count the runs of the fold from 0; `valid_from` and `valid_to` are their times
(UTC), null where the version still is at the last of them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.errors import ActError, InputError
from finops_guard.state.versions import Version

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PROMOTED = ("id", "cloud", "account", "region", "kind", "type", "name", "state")
_COLUMNS = {
    **dict.fromkeys(_PROMOTED, "VARCHAR"),
    "tags": "MAP(VARCHAR, VARCHAR)",
    "valid_from": "TIMESTAMP",
    "valid_to": "TIMESTAMP",
    "since": "INTEGER",
    "until": "INTEGER",
    "unseen": "INTEGER[]",
    "resource": "VARCHAR",
}
_TYPES = ", ".join(f"\"{name}\": '{type_}'" for name, type_ in _COLUMNS.items())
_LONGEST = 64 << 20  # bytes of one row
_READ_ROWS = (
    "SELECT * FROM read_json(?, format = 'newline_delimited', records = 'true', "  # noqa: S608 - of our own constants
    "compression = 'uncompressed', "
    f"maximum_object_size = {_LONGEST}, columns = {{{_TYPES}}})"
)
_OF_RUN = """
    SELECT resource FROM read_parquet($2)
    WHERE since <= $1 AND (until IS NULL OR until > $1) AND NOT list_contains(unseen, $1)
"""
_ALL = "SELECT resource, since, until, unseen FROM read_parquet(?)"
_MEMORY = "512MiB"
_SOME = 1000
_NO_TEXT = re.compile("[\\x00\ud800-\udfff]")  # what a Parquet text cannot hold; `resource` has it escaped


@contextmanager
def database(folder: Path) -> Iterator[DuckDBPyConnection]:
    """A DuckDB that keeps the order of rows, spills into `folder` and loads nothing. InputError without DuckDB."""
    try:
        import duckdb
    except ImportError:
        raise InputError(
            "folded snapshots are read and written with DuckDB, which is not installed",
            help="pip install 'finops-guard-engine[costs]'",
        ) from None
    base = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": _MEMORY,
            "threads": str(min(4, os.cpu_count() or 1)),
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": "true",
        }
    )
    try:
        base.execute("SET enable_progress_bar = false")
        base.execute("SET lock_configuration = true")
        yield base
    finally:
        base.close()


def write(base: DuckDBPyConnection, versions: Iterable[Version], times: Sequence[datetime], path: Path) -> None:
    """Write versions, in their order, of runs at these times."""
    rows = path.with_suffix(".rows")
    with rows.open("w", encoding="ascii") as out:
        out.writelines(json.dumps(_row(version, times)) + "\n" for version in versions)
    to = str(path).replace("'", "''")  # COPY takes no parameter here
    base.execute(f"COPY ({_READ_ROWS}) TO '{to}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)", [str(rows)])
    rows.unlink()


def versions(base: DuckDBPyConnection, path: Path) -> Iterator[Version]:
    """Every version, in the order written. ActError where it is no such file."""
    return (Version(*row) for row in _rows(base, path, _ALL, [str(path)]))


def lines(base: DuckDBPyConnection, path: Path, run: int) -> Iterator[str]:
    """The lines of one run, sorted by resource. ActError as above."""
    return (line for (line,) in _rows(base, path, _OF_RUN, [run, str(path)]))


def _rows(base: DuckDBPyConnection, path: Path, query: str, bound: list[object]) -> Iterator[tuple[Any, ...]]:
    import duckdb

    cursor = base.cursor()
    try:
        cursor.execute(query, bound)
        while some := cursor.fetchmany(_SOME):
            yield from some
    except duckdb.Error as wrong:
        told = str(wrong).partition("\n")[0].replace(str(path), "its rows")
        raise ActError(f"the state is damaged: folded snapshots cannot be read: {told}") from None
    finally:
        cursor.close()


def _row(version: Version, times: Sequence[datetime]) -> dict[str, object]:
    told = json.loads(version.line)
    fields, tags = told["fields"], told.get("tags") or {}
    return {
        **{name: _text(fields.get(name)) for name in _PROMOTED},
        "tags": {_NO_TEXT.sub("\ufffd", key): _text(value) for key, value in tags.items()},
        "valid_from": _time(times[version.since]),
        "valid_to": None if version.until is None else _time(times[version.until]),
        "since": version.since,
        "until": version.until,
        "unseen": version.unseen,
        "resource": version.line,
    }


def _text(value: object) -> str | None:
    return _NO_TEXT.sub("\ufffd", value) if isinstance(value, str) else None


def _time(when: datetime) -> str:
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
