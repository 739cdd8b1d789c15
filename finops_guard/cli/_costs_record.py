"""What `costs` says as JSON (schema/costs.json): amounts are decimal strings with every digit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops_guard.costs.allocation import share
from finops_guard.costs.ledger.read import exact

if TYPE_CHECKING:
    from finops_guard.cli._costs_told import Told
    from finops_guard.costs.allocation import Line, Spending
    from finops_guard.costs.ledger import FileRead

SCHEMA = "finops-guard/costs/1"
_DIGITS = 4


def record(told: Told) -> dict[str, object]:
    """The whole answer."""
    found = told.spending
    wanted = found.wanted
    return {
        "schema": SCHEMA,
        "metric": wanted.metric,
        "period": {
            "since": _time(wanted.since),
            "until": _time(wanted.until),
            "first": _day(found.first),
            "last": _day(found.last),
            "complete": _day(found.complete),
        },
        "files": [_file(file) for file in told.files],
        "total": money(found.total),
        "rows": found.rows,
        "rows_untold": found.untold,
        "by": [_line(line, "key", dict(zip(wanted.by, line.key, strict=True))) for line in found.by],
        "charges": [_line(line, "charge_category", line.key[0]) for line in found.charges],
        "services": [_line(line, "service", line.key[0]) for line in found.services],
        "usage": money(found.usage),
        "allocation": _allocation(found),
        "untagged": _untagged(found),
        "network": [
            {"path": path.path, "cost": money(path.cost), "elsewhere": money(path.elsewhere), "rows": path.rows}
            for path in found.network
        ],
        "marketplace": {
            "by": [_keyed(("publisher", "service", "charge_category"), line) for line in found.marketplace],
            "rows_unknown": found.marketplace_unknown,
        },
        "allocated": [
            {"method": line.key[0], **_line(line, "key", dict(zip(wanted.by, line.key[1:], strict=True)))}
            for line in found.shared
        ],
        "showback": [
            {"team": each.team, "own": money(each.own), "shared": money(each.shared)} for each in told.showback
        ],
        "unusual": {
            "days": [
                {
                    "day": each.day.isoformat(),
                    "account": each.group.account,
                    "team": each.group.team,
                    "service": each.group.service,
                    "cost": money({each.currency: each.cost}),
                    "usual": money({each.currency: each.usual}),
                    "cause": each.cause,
                }
                for each in told.unusual.days
            ],
            "unknown": told.unusual.unknown,
        },
        "tags": [{"key": key, "spellings": dict(spelt)} for key, spelt in found.spellings.items()],
        "tag_variants": [list(keys) for keys in found.variants],
    }


def money(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Amounts by currency; no digit is lost, none is added."""
    return {currency: f"{exact(amount):f}" for currency, amount in sorted(amounts.items())}


def _file(file: FileRead) -> dict[str, object]:
    metrics = ("effective", "billed", "list", "contracted")
    return {
        "path": file.path,
        "format": file.format or None,
        "sha256": file.sha256,
        "rows": file.rows,
        "refused": list(file.refused),
        "total": {metric: money(file.total.get(metric, {})) for metric in metrics},
        "notes": list(file.notes),
    }


def _allocation(found: Spending) -> dict[str, object]:
    return {
        "rule": found.wanted.rule,
        "valid": money(found.valid),
        "share": _share(found.valid, found.usage),
        "present": [
            {"key": key, "cost": money(cost), "share": _share(cost, found.usage)} for key, cost in found.present.items()
        ],
        "teams": [
            {
                "team": each.team,
                "cost": money(each.cost),
                "valid": money(each.valid),
                "unknown": money(each.unknown),
                "share": _share(each.valid, each.cost),
            }
            for each in found.allocation
        ],
    }


def _untagged(found: Spending) -> dict[str, object]:
    return {
        "cost": money(found.nobodys),
        "share": _share(found.nobodys, found.usage),
        "by": [_keyed(("account", "account_name", "service"), line) for line in found.untagged],
    }


def _keyed(names: tuple[str, ...], line: Line) -> dict[str, object]:
    return {**dict(zip(names, line.key, strict=True)), "cost": money(line.cost), "rows": line.rows}


def _line(line: Line, name: str, key: Any) -> dict[str, object]:  # noqa: ANN401 - text, null or a map
    return {name: key, "cost": money(line.cost), "rows": line.rows}


def _share(part: Mapping[str, Decimal], whole: Mapping[str, Decimal]) -> float | None:
    found = share(part, whole)
    return None if found is None else round(float(found), _DIGITS)


def _time(moment: datetime | None) -> str | None:
    from finops_guard.outputs._units import utc

    return None if moment is None else utc(moment)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
