"""The report as GitHub-flavoured Markdown, for a pull-request comment or a job summary; at most 60,000 characters."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from finops_guard.model import SEVERITIES
from finops_guard.outputs._deltas import change
from finops_guard.outputs._escape import encoding_of, fitted
from finops_guard.outputs._hints import hints
from finops_guard.outputs._markdown import alerts, expected, finding, heading, money, steps, summary, text
from finops_guard.outputs._steps import bundles
from finops_guard.outputs._units import when
from finops_guard.outputs._view import by_rule, failing_on, incomplete, total

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from finops_guard.model import Report
    from finops_guard.outputs._view import RuleGroup

LIMIT = 60_000
"""GitHub refuses a comment of more than 65,536 characters."""
SHOWN = 50
MARKER = "<!-- finops-guard report -->"
"""First line, by which a comment is found again and updated in place."""
_NOTE = 400
"""Room for the note that says what was left out."""


def render(report: Report, out: TextIO) -> None:
    """Write the report; what does not fit is left out from the least severe rule up, and counted."""
    groups = sorted(by_rule(report, SHOWN), key=lambda group: -SEVERITIES.index(group.severity))
    head = "".join(_head(report, groups))
    tail = "".join(_tail(report, groups))
    room = LIMIT - len(head) - len(tail) - _NOTE
    details = "".join(_details([group for group in groups if group.count], room))
    encoding = encoding_of(out)
    out.writelines(fitted(part, encoding, "xmlcharrefreplace") for part in (head, details, tail))


def _head(report: Report, groups: list[RuleGroup]) -> Iterator[str]:
    yield f"{MARKER}\n## finops-guard: {_headline(report)}\n\n"
    facts = [f"Policy {text(report.policy_name)}", report.mode, when(report.at)]
    facts += [f"{report.counts[word]:,} {word}" for word in ("unknown", "exempt") if report.counts.get(word)]
    if report.cost_month_unknown:
        facts.append(f"{report.cost_month_unknown:,} failing without a known price")
    yield " · ".join(facts) + "\n\n"
    yield from alerts(report)
    yield from summary(report, groups)
    yield "\n"
    yield from money(report)


def _headline(report: Report) -> str:
    return _verdict(report) + (f"; the plan adds {change(report.deltas[0])} a month" if report.deltas else "")


def _verdict(report: Report) -> str:
    fail = report.counts.get("fail", 0)
    if fail:
        cost = f", {total(report.cost_month)} a month" if report.cost_month else ""
        return f"{fail:,} failing on {failing_on(report, f'{report.resources:,} resources')}{cost}"
    if not report.counts.get("pass") and not report.counts.get("exempt"):
        return "nothing was judged"
    return f"nothing failing on {report.resources:,} resources" + (" that could be read" if incomplete(report) else "")


def _details(groups: list[RuleGroup], room: int) -> Iterator[str]:
    """A folded table for each rule as long as there is room; at the end what was left out, by severity."""
    hidden: Counter[str] = Counter()
    for group in groups:
        part = _rule(group, room)
        if not part:
            hidden[group.severity] += group.count
            continue
        room -= len(part)
        yield part
    if hidden:
        counts = ", ".join(f"{hidden[severity]:,} {severity}" for severity in reversed(SEVERITIES) if hidden[severity])
        yield f"**Left out for want of room:** {counts}. `-f json` has every finding.\n\n"


def _rule(group: RuleGroup, room: int) -> str:
    """One rule, its most expensive findings first; empty when not even one of them fits."""
    tally = [f"{n:,} {word}" for n, word in ((group.failing, "failing"), (group.unknown, "unknown")) if n]
    facts = [group.severity, *tally, *([f"{total(group.month)} a month"] if group.month else [])]
    top = f"<details><summary><b>{text(group.rule)}</b> · {' · '.join(facts)}</summary>\n\n{text(group.title)}\n\n"
    top += heading("", "Resource", "Owner", "Kind", "Where", "Cost a month:", "Why")
    end = "\n</details>\n\n"
    left = room - len(top) - len(end) - len(_more(group.count))
    rows: list[str] = []
    for one in group.findings:
        row = finding(one)
        if len(row) > left:
            break
        left -= len(row)
        rows.append(row)
    hidden = group.count - len(rows)
    return top + "".join(rows) + (_more(hidden) if hidden else "") + end if rows else ""


def _more(hidden: int) -> str:
    return f"\n{hidden:,} more of this rule are not shown; `-f json` has every finding.\n"


def _tail(report: Report, groups: list[RuleGroup]) -> Iterator[str]:
    yield from steps(bundles(report), dry=report.mode == "dry-run")
    if report.saves_month:
        would = "would save" if report.mode == "dry-run" else "save"
        yield f"The steps {would} **{total(report.saves_month)}** a month.\n\n"
    yield from expected(report)
    for remark in report.remarks[:20]:
        yield f"Note: {text(remark)}\n\n"
    for command, good_for in hints(report, groups):
        yield f"- Next: <code>{text(command)}</code> {good_for}\n"
