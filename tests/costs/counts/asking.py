"""What the tests of counts ask."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.costs.counts import Asked, Counted
from finops_guard.costs.reach import Reach
from finops_guard.model import Count

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 5)


def asked(
    source: str,
    settings: Mapping[str, object],
    *,
    by: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path = Path(),
    aws: Any = None,
    **more: Any,
) -> Asked:
    """Five days of November."""
    outside = {"aws": aws} if aws is not None else {}
    reach = Reach(NOW, folder, folder, environ or {}, **outside)
    count = Count(source, settings, more.pop("match", None))
    return Asked(count, more.pop("first", FIRST), more.pop("last", LAST), by, reach, **more)


def told(counted: Counted) -> dict[int, dict[tuple[str | None, ...], Decimal]]:
    """Amounts by day of the month."""
    return {day.day: dict(amounts) for day, amounts in sorted(counted.amounts.items())}
