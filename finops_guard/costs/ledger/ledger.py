"""What can be asked of cost rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from finops_guard.costs.asks import DIMENSIONS, Ask, Total
from finops_guard.costs.ledger.ai import is_accelerated
from finops_guard.costs.ledger.read import FileRead, exact
from finops_guard.costs.ledger.shapes import Shape, shapes
from finops_guard.costs.ledger.store import Table
from finops_guard.costs.ledger.where import Parameters, Where
from finops_guard.costs.reach import LAGS
from finops_guard.errors import InputError
from finops_guard.evaluate.fold import bounded
from finops_guard.evaluate.operations import after_now
from finops_guard.model.money import Metric

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_OTHER_LAG = 2
_USAGE = "(charge_category = 'Usage' AND NOT correction)"
# A month's fee ends in the future: it says nothing about which hours are complete.
_ENDED = """(CASE WHEN "end" - "start" <= INTERVAL 1 DAY THEN "end" ELSE "start" END)"""


class Ledger:
    """Cost rows of every file that counts. A context manager: it holds a DuckDB connection."""

    def __init__(
        self, base: DuckDBPyConnection, tables: tuple[Table, ...], again: tuple[FileRead, ...], now: datetime
    ) -> None:
        self.files = (*(table.read for table in tables), *again)
        self._base = base
        self._tables = tables
        self._shapes = shapes(tables)
        self._now = now
        self._meters: list[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._base.close()

    def totals(self, ask: Ask) -> list[Total]:
        """The groups of an answer, sorted by key, currency and decided (True first).

        Rows whose metric their file does not tell are groups that are not decided, with what is told of them (0).
        """
        if ask.where is not None:
            bounded(ask.where, of="what selects cost rows")
        parameters = Parameters()
        parts = [self._part(shape, ask, parameters) for shape in self._shapes]
        if not parts:
            return []
        keys = ", ".join(f"k{place}" for place in range(len(ask.by)))
        groups = f"{keys}, currency, decided" if keys else "currency, decided"
        query = (
            f"SELECT {groups}, coalesce(sum(amount), 0), count(*), sum(quantity) FROM ({' UNION ALL '.join(parts)})"
            f" GROUP BY {groups}"
        )
        width = len(ask.by)
        found = [
            Total(
                row[:width], row[width], exact(row[width + 2]), row[width + 3], _maybe(row[width + 4]), row[width + 1]
            )
            for row in self._rows(query, parameters.values)
        ]
        return sorted(found, key=_order)

    def complete_until(self, lags: Mapping[str, int] | None = None) -> Mapping[tuple[str, str], datetime]:
        """(cloud, account) -> start of the first hour that is not completely billed; empty text where rows do not say.

        `lags`: cloud -> days by which its bills are late (aws 2, azure 2, gcp 3, others 2).
        """
        late = {**LAGS, **(lags or {})}
        newest = (
            f"SELECT coalesce(cloud, ''), coalesce(account, ''), max({_ENDED}) FROM {{}}"
            f" WHERE {_USAGE} AND {_ENDED} <= $now GROUP BY ALL"
        )
        found: dict[tuple[str, str], datetime] = {}
        for cloud, account, end in self._each(newest, {"now": _naive(self._now)}):
            known = _utc(end).replace(hour=0, minute=0, second=0, microsecond=0)
            until = known - timedelta(days=late.get(cloud, _OTHER_LAG))
            found[cloud, account] = max(until, found.get((cloud, account), until))
        return dict(sorted(found.items()))

    def billed_after(
        self, when: Mapping[tuple[str, str], datetime], metric: Metric = "effective"
    ) -> Mapping[str, dict[str, Decimal]]:
        """ResourceId -> currency -> amount of usage at or after the boundary of its account."""
        query = f"""SELECT id, currency, sum("{_metric(metric)}") FROM {{}} AS rows
            JOIN (SELECT unnest($clouds) AS of_cloud, unnest($accounts) AS of_account, unnest($froms) AS of_from)
            ON coalesce(cloud, '') = of_cloud AND coalesce(account, '') = of_account AND "start" >= of_from
            WHERE id IS NOT NULL AND {_USAGE} GROUP BY ALL"""
        given = {
            "clouds": [cloud for cloud, _ in when],
            "accounts": [account for _, account in when],
            "froms": [_naive(at) for at in when.values()],
        }
        found: dict[str, dict[str, Decimal]] = {}
        for name, currency, amount in self._each(query, given) if when else ():
            if amount is not None:
                found.setdefault(name, {})[currency] = exact(amount)
        return found

    def effective_rates(self, since: datetime) -> Mapping[str, tuple[Decimal, str, date]]:
        """ResourceId -> what an hour of it was billed (EffectiveCost), the currency, and the last day seen.

        Of its last day: the cost of everything metered by the hour, by the hours of the meter that ran longest, so that
        a second meter beside the machine (a licence) adds to the rate and not to the hours.
        """
        query = f"""WITH metered AS (
            SELECT id, currency, CAST("start" AS DATE) AS day, coalesce(usage, sku, '') AS meter,
            sum(effective) AS cost, sum(hours) AS ran FROM {{}}
            WHERE id IS NOT NULL AND hours > 0 AND effective IS NOT NULL AND {_USAGE} AND "start" >= $since
            GROUP BY ALL)
            SELECT id, currency, day, sum(cost), max(ran) FROM metered
            GROUP BY id, currency, day QUALIFY row_number() OVER (PARTITION BY id ORDER BY day DESC, currency) = 1"""
        found: dict[str, tuple[Decimal, str, date]] = {}
        for name, currency, day, cost, ran in self._each(query, {"since": _naive(since)}):
            if name not in found or found[name][2] < day:
                found[name] = (cost / ran, currency, day)
        return found

    def tag_keys(self) -> Mapping[str, Mapping[str, int]]:
        """Canonical key -> raw spelling -> rows that carry it."""
        found: dict[str, Counter[str]] = {}
        for table in self._tables:
            for key, spelt in table.spellings.items():
                found.setdefault(key, Counter()).update(spelt)
        return {key: dict(sorted(found[key].items())) for key in sorted(found)}

    def newest(self) -> datetime | None:
        """The newest ChargePeriodEnd of a usage row of at most a day, None without one."""
        ends = [end for (end,) in self._each(f"SELECT max({_ENDED}) FROM {{}} WHERE {_USAGE}", {}) if end is not None]
        return _utc(max(ends)) if ends else None

    def days(self) -> tuple[date, date] | None:
        """The first and the last UTC day on which a charge period starts, None without rows."""
        found = [
            row
            for row in self._each('SELECT min(CAST("start" AS DATE)), max(CAST("start" AS DATE)) FROM {}', {})
            if row[0] is not None
        ]
        return (min(row[0] for row in found), max(row[1] for row in found)) if found else None

    def _each(self, query: str, parameters: dict[str, object]) -> list[tuple[Any, ...]]:
        """The rows that a query gives over all tables."""
        files = [file for shape in self._shapes for file in shape.files]
        if not files:
            return []
        return self._rows(query.format("read_parquet($files)"), parameters | {"files": files})

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self._base.execute(query, parameters).fetchall()
        except duckdb.OutOfRangeException:
            raise InputError("cost rows add up to more than 20 digits before the point") from None

    def _part(self, shape: Shape, ask: Ask, parameters: Parameters) -> str:
        """The rows of one shape that an ask selects, or may."""
        where = Where(shape.table, parameters, self)
        keys = "".join(f"{_dimension(name, where)} AS k{place}, " for place, name in enumerate(ask.by))
        metric = _metric(ask.metric)
        selected = "TRUE" if ask.where is None else where.sql(ask.where)
        bounds = [
            f'"start" {sign} {parameters.put(_naive(at))}' for sign, at in ((">=", ask.start), ("<", ask.end)) if at
        ]
        limits = [*bounds, *([_USAGE] if ask.usage_only else [])]
        return (
            f'SELECT {keys}currency, "{metric}" AS amount, quantity,'
            f' ({selected}) IS NOT NULL AND "{metric}" IS NOT NULL AS decided'
            f" FROM ({_source(shape, parameters)}) WHERE {' AND '.join([f'({selected}) IS NOT FALSE', *limits])}"
        )

    def after_now(self, key: str, *, wanted: bool) -> list[str]:
        """The values of a tag that are dates after now, or dates that are not."""
        texts: set[str] = set()
        for shape in self._shapes:
            parameters = Parameters()
            sql = Where(shape.table, parameters, self).tag(key)
            query = f"SELECT DISTINCT {sql} FROM ({_source(shape, parameters)})"
            found = self._rows(query, parameters.values)
            texts.update(text for (text,) in found if text is not None)
        return sorted(text for text in texts if after_now(text, self._now) is wanted)

    def accelerated(self) -> list[str]:
        """The meters of machines with accelerators."""
        if self._meters is None:
            found = self._each("SELECT DISTINCT cloud, usage FROM {} WHERE usage IS NOT NULL", {})
            self._meters = sorted({usage for cloud, usage in found if is_accelerated(cloud, usage)})
        return self._meters


def _source(shape: Shape, parameters: Parameters) -> str:
    """The rows of a shape, with the file they came from as it was given."""
    stored, given = parameters.put(list(shape.files)), parameters.put(list(shape.files.values()))
    file = f"map_extract_value(MAP({stored}, {given}), filename)"
    return f"SELECT *, {file} AS file FROM read_parquet({stored}, filename = true)"


def _metric(name: str) -> str:
    if name not in ("effective", "billed", "list"):
        raise InputError(f"{name!r} is no metric: effective, billed or list")
    return name


def _dimension(name: str, where: Where) -> str:
    """The expression of what rows are grouped by."""
    if name.startswith("tags."):
        return where.tag(name.removeprefix("tags."))
    if name not in DIMENSIONS:
        raise InputError(f"rows are not grouped by {name!r}: {', '.join(DIMENSIONS)} or tags.KEY")
    if name == "day":
        return "strftime(\"start\", '%Y-%m-%d')"
    if name == "month":
        return "strftime(\"start\", '%Y-%m')"
    return f'"{name}"'


def _order(total: Total) -> tuple[object, ...]:
    return ([(value is not None, value or "") for value in total.key], total.currency, not total.decided)


def _maybe(quantity: Decimal | None) -> Decimal | None:
    return None if quantity is None else exact(quantity)


def _naive(at: datetime) -> datetime:
    """In UTC, as the store's TIMESTAMP has it."""
    return at.astimezone(UTC).replace(tzinfo=None)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
