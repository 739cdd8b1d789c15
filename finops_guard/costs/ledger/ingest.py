"""One file of cost rows into the store: read whole, or refused whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.costs.formats._plan import AMOUNTS, TEXTS, TIMES, Plan, RefusedError
from finops_guard.costs.ledger import scan as scans
from finops_guard.costs.ledger.database import connect
from finops_guard.costs.ledger.lines import agrees, lines, rewritten
from finops_guard.costs.ledger.quality import notes, refusals
from finops_guard.costs.ledger.read import FileRead, exact
from finops_guard.costs.ledger.recognise import planned, recognised
from finops_guard.costs.ledger.rows import LENIENCIES, Rows
from finops_guard.costs.ledger.scan import Scan
from finops_guard.costs.ledger.store import Store, Table
from finops_guard.costs.ledger.tagsets import LINES, Counts, Reader, load
from finops_guard.errors import InputError
from finops_guard.model import canonical

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PAGE = 2_000
_METRICS = ("effective", "billed", "list", "contracted")


@dataclass(frozen=True, slots=True)
class Job:
    """A file on its way in."""

    base: DuckDBPyConnection
    store: Store
    plan: Plan
    work: Path


def ingest(path: Path, named: str, sha256: str, store: Store, keys: Collection[str]) -> Table:
    """The table of a file that the store does not have yet. `named`: what it is called in what is said about it."""
    read = FileRead(named, "", sha256, 0)
    with store.work() as work:
        base = connect(store.folder)
        try:
            scan = scans.opened(path, work, base)
            name, module = recognised(scan.names)
            read = replace(read, format=name)
            job = Job(base, store, planned(module, scan.names, store.currency), work)
            return store.keep(*_read(job, scan, read, keys))
        except RefusedError as wrong:
            return store.keep(Table(replace(read, refused=(wrong.said,))), None)
        finally:
            base.close()


def _read(job: Job, scan: Scan, read: FileRead, keys: Collection[str]) -> tuple[Table, Path | None]:
    import duckdb

    try:
        return _read_text(job, scan, read, keys) if scan.is_text else _copied(job, scan, read, keys)
    except duckdb.OutOfRangeException:
        raise RefusedError("adds up to more than 20 digits before the point") from None
    except duckdb.OutOfMemoryException as wrong:
        raise InputError(f"costs {read.path}: {_line(wrong)}") from None
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException) as wrong:
        raise RefusedError(f"cannot be read: {_line(wrong)}") from None


def _read_text(job: Job, scan: Scan, read: FileRead, keys: Collection[str]) -> tuple[Table, Path | None]:
    """As DuckDB reads it, where that is all of it; else as the standard library does, which says what is wrong."""
    import duckdb

    said = lines(scan.path)
    if said is not None and said.alike:
        try:
            table, made = _copied(job, scan, read, keys)
        except (duckdb.InvalidInputException, duckdb.IOException):
            pass
        else:
            if agrees(scan, said, table.read.rows):
                return table, made
    anew, rows = rewritten(scan, job.work)
    table, made = _copied(job, anew, read, keys)
    if table.read.rows != rows:
        raise RefusedError(f"has {rows} records, of which {table.read.rows} could be read")
    return table, made


def _line(wrong: Exception) -> str:
    return str(wrong).partition("\n")[0]


def _copied(job: Job, scan: Scan, read: FileRead, keys: Collection[str]) -> tuple[Table, Path | None]:
    """The table made in the work folder; without one where no row counts."""
    rows = Rows(job.plan, scan, job.store.currency)
    scan.point(job.base)
    counts = _tagsets(job, rows)
    promoted = counts.promoted(keys)
    load(job.base, job.work, promoted)
    made = job.work / "made.parquet"
    job.base.execute("SET VARIABLE made = ?", [str(made)])
    copy = f"COPY ({rows.ours(promoted)}) TO (getvariable('made')) (FORMAT parquet, COMPRESSION zstd)"
    job.base.execute(copy)
    met = _met(job.base)
    if met["errors"]:
        said = refusals(job.work, scan, job.plan, met["errors"])
        return Table(replace(read, rows=met["rows"], refused=tuple(said))), None
    told = replace(
        read, rows=met["rows"], total=_control(job.base, job.plan), notes=tuple(notes(scan, job.plan, counts, met))
    )
    table = Table(
        told,
        lacks=tuple(name for name in (*AMOUNTS, *TIMES, *TEXTS, "marketplace") if name not in job.plan.cells),
        tagged=bool(job.plan.tags or job.plan.allocated),
        knows=_knows(job),
        promoted=promoted,
        conflicting=tuple(sorted(counts.conflicting)),
        spellings=counts.spellings,
    )
    return table, made if told.rows else None


def _knows(job: Job) -> tuple[str, ...] | None:
    if not job.plan.only:
        return None
    return tuple(sorted({canonical(job.plan.key_of(name), job.store.aliases) for name in job.plan.tag_names}))


def _tagsets(job: Job, rows: Rows) -> Counts:
    """Every distinct text of tags, read, into a file of JSON lines."""
    reader = Reader(job.store.aliases, job.plan)
    with (job.work / LINES).open("w", encoding="utf-8") as file:
        if job.plan.tags or job.plan.allocated:
            found = job.base.execute(rows.tags())
            while page := found.fetchmany(_PAGE):
                for text, allocated, count in page:
                    read = reader.read(text, allocated, count)
                    line = {"t": text, "a": allocated, "tags": dict(read.values), "conflicts": read.conflicts}
                    json.dump(line | {"tags_wrong": read.wrong is not None}, file)
                    file.write("\n")
    return reader.counts


def _met(base: DuckDBPyConnection) -> Mapping[str, int]:
    """How many rows there are, which checks failed somewhere (bits), and how often each leniency was needed."""
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in LENIENCIES)
    query = f"SELECT count(*), coalesce(bit_or(errors), 0), {sums} FROM read_parquet(getvariable('made'))"
    found = base.execute(query).fetchone() or ()
    return dict(zip(("rows", "errors", *LENIENCIES), map(int, found), strict=True))


def _control(base: DuckDBPyConnection, plan: Plan) -> dict[str, dict[str, Decimal]]:
    """Sums by metric and currency of what the file can tell."""
    metrics = [name for name in _METRICS if name in plan.cells]
    sums = ", ".join(f'sum("{name}")' for name in metrics)
    query = f"SELECT currency, {sums} FROM read_parquet(getvariable('made')) GROUP BY currency ORDER BY currency"
    found = base.execute(query).fetchall()
    return {
        name: {row[0]: exact(row[place]) for row in found if row[place] is not None}
        for place, name in enumerate(metrics, 1)
    }
