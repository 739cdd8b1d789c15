"""Findings as CSV (RFC 4180), a row each, dearest resource first: for spreadsheets, which run nothing of it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from finops_guard.outputs._code import shortened
from finops_guard.outputs._escape import cell, encoding_of, fitted
from finops_guard.outputs._units import cents, utc
from finops_guard.outputs._view import owner, why
from finops_guard.state.shelf import ordered

if TYPE_CHECKING:
    from typing import TextIO

    from finops_guard.model import Finding, Report

COLUMNS = (
    *("rule", "severity", "verdict", "kind", "type", "cloud", "account", "region", "id", "name"),
    *("owner", "why", "since", "cost_month", "currency", "exempt", "tags"),
)

LARGEST = 32_767
"""Characters of a cell of Excel's; other readers take some more (Python's 131,072)."""


def render(report: Report, out: TextIO) -> None:
    """Write a heading and a row a finding; an unknown price is an empty cell, tags are `key=value; …` as spelt."""
    encoding = encoding_of(out)
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for finding in ordered(report.findings):
        writer.writerow(fitted(shortened(cell(text), LARGEST), encoding) for text in row(finding))


def row(finding: Finding) -> list[str]:
    """A finding's cells in the order of COLUMNS, before anything is escaped."""
    resource = finding.resource
    month = resource.month
    return [
        finding.rule.id,
        finding.severity,
        finding.verdict,
        *(resource.text(name) for name in ("kind", "type", "cloud", "account", "region", "id", "name")),
        owner(resource),
        "; ".join(why(finding)),
        utc(finding.since) if finding.since else "",
        cents(month.amount) if month else "",
        month.currency if month else "",
        finding.exempt or "",
        "; ".join(f"{key}={value}" for key, value in sorted(resource.tags.raw.items())),
    ]
