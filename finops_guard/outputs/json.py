"""The report as JSON, `schema/report.json`: for programs; one finding, step or gap a line, ASCII only.

Findings and steps come with the dearest resource first, those of a resource together; coverage and gaps as the run made
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from math import isfinite
from typing import TYPE_CHECKING

from finops_guard.model import Money
from finops_guard.outputs._deltas import delta_row
from finops_guard.outputs._money_rows import budget_row, unit_row
from finops_guard.outputs._units import cents, utc
from finops_guard.outputs._view import unpriced, why
from finops_guard.state.shelf import ordered

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import TextIO

    from finops_guard.model import Coverage, Finding, Gap, Report, Resource, Step

SCHEMA = "finops-guard/report/1"


def render(report: Report, out: TextIO) -> None:
    """Write one document; findings are made and written one at a time."""
    out.write('{"schema": ' + _text(SCHEMA))
    _member(out, "run", _run(report))
    _member(out, "totals", _totals(report))
    _rows(out, "findings", (_finding(finding) for finding in ordered(report.findings)))
    _rows(out, "steps", (_step(step) for step in report.steps))
    _rows(out, "coverage", (_coverage(row) for row in report.coverage))
    _rows(out, "budgets", (budget_row(status) for status in report.budgets))
    _rows(out, "units", (unit_row(cost) for cost in report.units))
    _rows(out, "deltas", (delta_row(delta) for delta in report.deltas))
    _rows(out, "gaps", (_gap(gap) for gap in report.gaps))
    _member(out, "calls", _calls(report))
    out.write("}\n")


def _text(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _member(out: TextIO, name: str, value: object) -> None:
    out.write(f",\n{_text(name)}: {_text(value)}")


def _rows(out: TextIO, name: str, rows: Iterable[object]) -> None:
    out.write(f",\n{_text(name)}: [")
    separator = "\n "
    for row in rows:
        out.write(separator + _text(row))
        separator = ",\n "
    out.write("]")


def _run(report: Report) -> object:
    return {
        "id": report.run_id,
        "started": utc(report.started),
        "finished": utc(report.finished),
        "version": report.version,
        "mode": report.mode,
        "policy": {"name": report.policy_name, "sha256": report.policy_sha256, "git": report.policy_git},
        "packs": [
            {"name": pack.name, "version": pack.version, "sha256": pack.sha256, "from": pack.origin}
            for pack in report.packs
        ],
        "identities": [
            {"cloud": who.cloud, "account": who.account, "principal": who.principal} for who in report.identities
        ],
        "remarks": list(report.remarks),
        "journal": report.journal_head,
    }


def _totals(report: Report) -> object:
    return {
        "resources": report.resources,
        "findings": {verdict: report.counts.get(verdict, 0) for verdict in ("pass", "fail", "unknown", "exempt")},
        "cost_month": _money(report.cost_month),
        "cost_month_unknown": report.cost_month_unknown,
        "saves_month": _money(report.saves_month),
    }


def _money(by_currency: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: cents(amount) for currency, amount in sorted(by_currency.items())}


def _finding(finding: Finding) -> object:
    return {
        "id": finding.id,
        "rule": finding.rule.id,
        "severity": finding.severity,
        "verdict": finding.verdict,
        "exempt": finding.exempt,
        "resource": _resource(finding.resource),
        "why": why(finding),
        "since": utc(finding.since) if finding.since else None,
        "cost": _cost(finding.resource),
    }


def _resource(resource: Resource) -> object:
    names = ("id", "kind", "type", "cloud", "account", "region", "name")
    at = resource.at
    return {
        **{name: resource.text(name) for name in names},
        "tags": resource.tags.raw,
        "location": {"file": at.file, "line": at.line} if at else None,
    }


def _cost(resource: Resource) -> object:
    """The price of a month; an unknown one is null with `because`, never 0."""
    month, price = resource.month, resource.price
    known = {
        "month": cents(month.amount) if month else None,
        "currency": month.currency if month else None,
        "source": price.source if month and price else None,
        "as_of": price.as_of if month and price else None,
    }
    return known if month else known | {"because": unpriced(resource)}


def _step(step: Step) -> object:
    """A tag write that several rules ask for names them all, separated by commas."""
    return {
        "id": step.id,
        "do": step.do,
        "resource": step.resource.id,
        "rule": ",".join(step.rules),
        "due": utc(step.due) if step.due else None,
        "reversible": step.reversible,
        "loses": list(step.loses),
        "state": step.state,
        "because": step.because,
        "before": _plain(step.before),
        "after": _plain(step.after),
        "saves_month": cents(step.saves_month.amount) if step.saves_month else None,
        "approved": list(step.approved),
    }


def _coverage(row: Coverage) -> object:
    return {
        "rule": row.rule,
        "pass": row.passed,
        "fail": row.failed,
        "unknown": row.unknown,
        "exempt": row.exempt,
        "percent": None if row.percent is None else round(row.percent, 2),
    }


def _gap(gap: Gap) -> object:
    names = ("cloud", "account", "region", "type", "reason", "expected", "wrong")
    return {name: getattr(gap, name) for name in names}


def _calls(report: Report) -> object:
    return {
        cloud: {"requests": calls.requests, "retries": calls.retries, "usd": _usd(calls.usd)}
        for cloud, calls in sorted(report.calls.items())
    }


def _usd(amount: Decimal) -> str:
    """Requests cost fractions of a cent: every digit, at least two decimals."""
    exponent = amount.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent < -2  # noqa: PLR2004
    return f"{amount:f}" if fine else cents(amount)


def _plain(value: object) -> object:
    """What a verb read or would leave, in JSON's own types."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    return _leaf(value)


def _leaf(value: object) -> object:
    match value:
        case float() if isfinite(value):
            return value
        case Money():
            return {"amount": str(value.amount), "currency": value.currency}
        case datetime():
            return utc(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)
