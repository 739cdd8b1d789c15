"""Pieces of the Markdown report: tables and lines out of escaped cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.costs.units_judged import target_percent
from finops_guard.outputs import _deltas
from finops_guard.outputs._budgets import shares_of, worst_first
from finops_guard.outputs._escape import markdown
from finops_guard.outputs._units import amount, ledger, percent
from finops_guard.outputs._view import blind, holes, incomplete, owner, place, short_name, total, why, without_price

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from finops_guard.model import Finding, Report
    from finops_guard.outputs._steps import Bundle
    from finops_guard.outputs._view import Hole, RuleGroup

LONGEST = 200
WHY = 500
SHOWN_GAPS, SHOWN_RULES, SHOWN_STEPS = 20, 60, 20


def text(words: str, longest: int = LONGEST) -> str:
    """Anybody's text in a cell or line: escaped, and shortened until that takes at most `longest` characters."""
    kept = min(len(words), longest)
    while True:
        escaped = markdown(words[:kept]) + ("…" if kept < len(words) else "")
        if len(escaped) <= longest:
            return escaped
        kept = min(kept - 1, kept * longest // len(escaped))


def row(cells: Iterable[str]) -> str:
    """One line of a table; cells are escaped already."""
    return f"| {' | '.join(cells)} |\n"


def heading(*columns: str) -> str:
    """The two lines above a table; a column that ends in `:` holds numbers."""
    return row(column.rstrip(":") for column in columns) + row(
        "---:" if column.endswith(":") else "---" for column in columns
    )


def money(report: Report) -> Iterator[str]:
    """What a plan adds, how budgets stand, the worst first, and what one of something costs."""
    if report.deltas:
        yield heading("A month", "Now:", "Change:", "Accelerators:")
        for delta in report.deltas[:SHOWN_RULES]:
            name = text(delta.name) or "**all of the plan**"
            yield row((name, _deltas.before(delta), _deltas.change(delta), _deltas.accelerators(delta)))
        if unsure := _deltas.doubts(report.deltas[0]):
            yield f"\nNot in it: {text(unsure, WHY)}.\n"
        yield "\n"
    if report.budgets:
        yield heading("Budget", "Period", "Limit:", "Billed:", "With accrued:", "Forecast:")
        for status in worst_first(report.budgets)[:SHOWN_RULES]:
            shares, _ = shares_of(status)
            told = ("unknown" if share is None else f"{share:.0f} %" for share in shares.values())
            limit = f"{amount(status.limit)} {status.budget.unit}"
            yield row((text(status.budget.name), status.period, limit, *told))
        doubtful = sum(bool(status.unknown) for status in report.budgets)
        yield f"\n{doubtful:,} of them at least: not everything could be counted.\n\n" if doubtful else "\n"
    if wholes := [cost for cost in report.units if not cost.key]:
        yield heading("Unit cost", "Of", "Cost of one:", "Of its target:", "Change:")
        for cost in wholes[:SHOWN_RULES]:
            each = "n/a" if cost.each is None else f"{amount(cost.each.amount)} {cost.each.currency}"
            share = target_percent(cost)
            target = percent(share, 0) if isinstance(share, float) else "–"
            change = "–" if cost.change is None else f"{cost.change * 100:+,.1f} %"
            yield row((text(cost.unit.name), text(cost.unit.of), each, target, change))
        yield "\n"


def alerts(report: Report) -> Iterator[str]:
    """What could not be looked at."""
    unread = sum(not gap.expected for gap in report.gaps)
    unjudged, _ = blind(report)
    if incomplete(report):
        yield "> [!CAUTION]\n> **Incomplete scan.** "
        if unread:
            cells = (
                "1 cell could not be read and never counts"
                if unread == 1
                else f"{unread:,} cells could not be read and never count"
            )
            yield f"{cells} as compliant."
        yield "\n"
        yield from _listed(list(holes(report, expected=False)), "> ")
        yield "\n"
    if unjudged:
        names = ", ".join(text(row_.rule) for row_ in unjudged[:SHOWN_GAPS])
        rest = f" and {len(unjudged) - SHOWN_GAPS} more" if len(unjudged) > SHOWN_GAPS else ""
        yield f"> [!WARNING]\n> **Judged nowhere**, all that they met is unknown: {names}{rest}\n\n"


def expected(report: Report) -> Iterator[str]:
    """Gaps the policy knows, folded away."""
    known = list(holes(report, expected=True))
    if known:
        count = sum(gap.expected for gap in report.gaps)
        yield f"<details><summary>{count:,} expected gap{'s' * (count != 1)}</summary>\n\n"
        yield from _listed(known, "")
        yield "\n</details>\n\n"


def _listed(found: list[Hole], prefix: str) -> Iterator[str]:
    for hole in found[:SHOWN_GAPS]:
        where = "all regions" if hole.regions == ("*",) else ", ".join(hole.regions)
        what = "everything" if hole.type == "*" else hole.type
        words = " · ".join(part for part in (f"{hole.cloud} {hole.account}", where, what, hole.reason) if part)
        yield f"{prefix}- {text(words)}\n"
    if len(found) > SHOWN_GAPS:
        yield f"{prefix}- and {len(found) - SHOWN_GAPS} more\n"


def summary(report: Report, groups: list[RuleGroup]) -> Iterator[str]:
    """A table row a rule, worst severity and most money first."""
    of = {group.rule: group for group in groups}
    _, unmet = blind(report)
    rows = [row_ for row_ in report.coverage if row_ not in unmet]
    order = {group.rule: number for number, group in enumerate(groups)}
    rows.sort(key=lambda row_: (order.get(row_.rule, len(order)), row_.rule))
    if rows:
        yield heading("Rule", "Severity", "Pass:", "Fail:", "Unknown:", "Exempt:", "Coverage:", "Cost a month:")
    for one in rows[:SHOWN_RULES]:
        group = of.get(one.rule)
        numbers = (one.passed, one.failed, one.unknown, one.exempt)
        covered = "–" if one.percent is None else f"{int(one.percent)} %"
        spent = total(group.month) if group else ""
        severity = group.severity if group else one.severity
        yield row([text(one.rule), severity, *(f"{number:,}" for number in numbers), covered, spent])
    if len(rows) > SHOWN_RULES:
        yield f"\n{len(rows) - SHOWN_RULES} more rules are not shown.\n"
    if unmet:
        yield f"\nMatched nothing: {text(', '.join(row_.rule for row_ in unmet))}\n"


def finding(one: Finding) -> str:
    """A finding's table row."""
    resource, month = one.resource, one.resource.month
    return row(
        [
            "❔" if one.verdict == "unknown" else "❌",
            text(short_name(resource)),
            text(owner(resource)),
            text(resource.kind),
            text(place(resource)),
            f"{ledger(month.amount)} {month.currency}" if month else without_price(resource),
            text("; ".join(why(one)), WHY),
        ]
    )


def steps(found: list[Bundle], *, dry: bool) -> Iterator[str]:
    """A table row for each verb, state and due time."""
    if not found:
        return
    title = "What would follow (dry-run: nothing was changed)" if dry else "What was done and what follows"
    yield f"### {title}\n\n"
    yield heading("Step", "When", "How many:", "Saves a month:", "Resources", "Because")
    for bundle in found[:SHOWN_STEPS]:
        notes = "; ".join(note for note in (bundle.because, bundle.warning) if note)
        yield row([bundle.do, bundle.when, f"{bundle.count:,}", bundle.saves, text(bundle.names), text(notes)])
    if len(found) > SHOWN_STEPS:
        left = sum(bundle.count for bundle in found[SHOWN_STEPS:])
        yield f"\n{left:,} more steps are not shown.\n"
    yield "\n"
