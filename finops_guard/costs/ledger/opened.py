"""Opening a ledger: every file of every source into the store, or refused."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from finops_guard.costs.ledger.bucket import bucket_files
from finops_guard.costs.ledger.database import connect
from finops_guard.costs.ledger.find import FILES, Found, found, inside
from finops_guard.costs.ledger.ingest import ingest
from finops_guard.costs.ledger.ledger import Ledger
from finops_guard.costs.ledger.read import FileRead
from finops_guard.costs.ledger.rows import CURRENCY
from finops_guard.costs.ledger.store import Store, Table
from finops_guard.costs.reach import COSTS, Reach
from finops_guard.errors import InputError, ScanError
from finops_guard.model import Gap
from finops_guard.model.money import CostSource


def open_ledger(
    sources: Sequence[CostSource],
    reach: Reach,
    *,
    aliases: Mapping[str, str] | None = None,
    keys: Collection[str] = (),
    default_currency: str | None = None,
) -> Ledger:
    """A ledger of all sources; a file that is refused does not count, and `Ledger.files` says why.

    A billing API that refuses or is too dear does not count either: it is a gap in `reach.notes`.

    `aliases`: folded spelling -> canonical tag key. `keys`: canonical tag keys that will be asked for.
    `default_currency`: of rows that name none, where their source states no `currency` either. InputError without
    DuckDB, or where a source cannot be reached.
    """
    if default_currency is not None and not CURRENCY.fullmatch(default_currency):
        raise InputError(f"{default_currency!r} is no currency: write its three letters, such as EUR")
    folder = reach.cache / "ledger"
    base = connect(folder)
    try:
        tables: dict[str, Table] = {}
        again: list[FileRead] = []
        for source in sources:
            store = Store(folder, aliases or {}, _currency(source, default_currency))
            for file in _files(source, reach):
                table = _table(file, store, keys)
                first = tables.setdefault(table.read.sha256, table)
                if first is not table:
                    again.append(_twice(table.read, first.read))
        return Ledger(base, tuple(tables.values()), tuple(again), reach.now)
    except BaseException:
        base.close()
        raise


def _currency(source: CostSource, default: str | None) -> str | None:
    """Of rows that name none: as the policy says it of the source, else the default."""
    stated = source.settings.get("currency")
    return stated if isinstance(stated, str) else default


def _twice(read: FileRead, first: FileRead) -> FileRead:
    """A file that is named twice, or lies there under two names, counts once."""
    return replace(read, rows=0, total={}, notes=(f"the same content as {first.path}: it counts once, there",))


def _files(source: CostSource, reach: Reach) -> Iterator[Found]:
    if source.source in FILES:
        return found(source, reach, lambda uri: bucket_files(uri, reach.cache / "ledger" / "objects"))
    name = f"finops_guard.costs.live.{source.source.replace('-', '_')}"
    try:
        live = importlib.import_module(name)
    except ModuleNotFoundError as wrong:
        if wrong.name is None or not name.startswith(wrong.name):
            raise
        raise InputError(f"costs from {source.source} are not available in this version") from None
    try:
        # All or nothing: usage without its credits would look like a bill.
        paths = list(live.fetch(source, reach))
    except ScanError as wrong:
        reach.notes.gaps.append(Gap(COSTS, "*", "*", source.source, wrong.what))
        paths = []
    return (each for path in paths for each in inside(path, _named(source, path)))


def _named(source: CostSource, path: Path) -> str:
    return f"{source.source}/{path.name}"


def _table(file: Found, store: Store, keys: Collection[str]) -> Table:
    """The file's table; one that cannot be opened is refused, and the others still count."""
    try:
        sha256 = file.sha256()
        known = store.find(sha256, file.named)
        if known is not None:
            if not any(key in known.spellings and key not in known.promoted for key in keys):
                return known
            keys = {*keys, *known.promoted}
        with store.work() as work:
            return ingest(file.open_in(work), file.named, sha256, store, keys)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as wrong:
        said = getattr(wrong, "strerror", None) or wrong
        return Table(FileRead(file.named, "", file.named, 0, (f"{file.named}: cannot be opened: {said}",)))
