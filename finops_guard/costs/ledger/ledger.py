"""What can be asked of cost rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType

from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.ledger.read import FileRead
from finops_guard.model.money import Metric


class Ledger:
    """Cost rows of every file that counts. A context manager: it holds a DuckDB connection."""

    files: tuple[FileRead, ...]

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""

    def totals(self, ask: Ask) -> list[Total]:
        """The groups of an answer, sorted by key, currency and decided (True first)."""
        raise NotImplementedError(ask)

    def complete_until(self, lags: Mapping[str, int] | None = None) -> Mapping[tuple[str, str], datetime]:
        """(cloud, account) -> start of the first hour that is not completely billed.

        `lags`: cloud -> days by which its bills are late (aws 2, azure 2, gcp 3, others 2).
        """
        raise NotImplementedError(lags)

    def billed_after(
        self, when: Mapping[tuple[str, str], datetime], metric: Metric = "effective"
    ) -> Mapping[str, dict[str, Decimal]]:
        """ResourceId -> currency -> amount of usage at or after the boundary of its account."""
        raise NotImplementedError(when, metric)

    def effective_rates(self, since: datetime) -> Mapping[str, tuple[Decimal, str, date]]:
        """ResourceId -> what an hour of it was billed (EffectiveCost), the currency, and the last day seen."""
        raise NotImplementedError(since)

    def tag_keys(self) -> Mapping[str, Mapping[str, int]]:
        """Canonical key -> raw spelling -> rows that carry it."""
        raise NotImplementedError

    def newest(self) -> datetime | None:
        """The newest ChargePeriodEnd of a usage row, None without one."""
        raise NotImplementedError

    def days(self) -> tuple[date, date] | None:
        """The first and the last UTC day on which a charge period starts, None without rows."""
        raise NotImplementedError
