"""The top of the terminal report: who and what, the gaps, the numbers, the coverage."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from finops_guard.outputs._units import when
from finops_guard.outputs._view import blind, failing_on, holes, incomplete, total

if TYPE_CHECKING:
    from finops_guard.model import Coverage, Report
    from finops_guard.outputs._screen import Part, Screen
    from finops_guard.outputs._view import Hole

SHOWN_GAPS = 8
SHOWN_IDENTITIES = 3
GOOD, POOR = 90.0, 60.0
_COUNTS = (("pass", 7, ""), ("fail", 6, "red"), ("unknown", 9, "yellow"), ("exempt", 8, "dim"))


def header(report: Report, screen: Screen) -> None:
    """Policy, mode, time; under it the principals the clouds were asked as."""
    mode = "bold yellow" if report.mode == "enforce" else "bold green"
    screen.say(
        (f"finops-guard {report.version}", "bold"),
        f" · policy {report.policy_name} · ",
        (report.mode, mode),
        f" · {when(report.at)}",
    )
    for who in report.identities[:SHOWN_IDENTITIES]:
        screen.say((screen.cell(f"{who.cloud} {who.account} as {who.principal}", screen.width), "dim"))
    if len(report.identities) > SHOWN_IDENTITIES:
        screen.say((f"+{len(report.identities) - SHOWN_IDENTITIES} more accounts", "dim"))


def gaps(report: Report, screen: Screen) -> None:
    """What could not be looked at. Nothing here ever looks like compliance."""
    unread = sum(not gap.expected for gap in report.gaps)
    unjudged, _ = blind(report)
    if incomplete(report):
        cells = (
            "1 cell could not be read and never counts"
            if unread == 1
            else f"{unread:,} cells could not be read and never count"
        )
        said = f"{cells} as compliant" if unread else "the scan did not finish"
        screen.say()
        screen.say(("▲ INCOMPLETE ", "bold red"), (f"{said} (exit {2 if report.wrong else 3})", "red"))
        _holes(list(holes(report, expected=False)), screen, "red")
    if unjudged:
        screen.say()
        screen.say(("▲ JUDGED NOWHERE ", "bold yellow"), ("all that these rules met is unknown", "yellow"))
        for row in unjudged:
            screen.say("  ", (row.rule, "bold"), f"  {row.unknown} unknown")
    known = list(holes(report, expected=True))
    if known:
        screen.say()
        count = len(report.gaps) - unread
        screen.say((f"{count} expected gap{'s' * (count != 1)}, known to the policy", "dim"))
        _holes(known, screen, "dim")


def headline(report: Report, screen: Screen) -> None:
    """The numbers that matter."""
    counts = report.counts
    fail = counts.get("fail", 0)
    screen.say()
    parts: list[Part] = [(f"{report.resources:,}", "bold"), " resources"]
    if fail:
        parts += [" · ", (f"{fail:,} failing", "bold red"), f" on {failing_on(report, 'them')}"]
    elif counts.get("pass") or counts.get("exempt"):
        parts += [" · ", ("none failing", "bold" if incomplete(report) else "bold green")]
    else:
        parts += [" · ", ("nothing was judged", "bold yellow")]
    for word, style in (("unknown", "yellow"), ("exempt", "")):
        if counts.get(word):
            parts += [" · ", (f"{counts[word]:,} {word}", style)]
    screen.say(*parts)
    if report.cost_month:
        screen.say("The failing resources cost ", (total(report.cost_month), "bold"), " a month")
    if report.cost_month_unknown:
        count = report.cost_month_unknown
        rest = "failing resource has no known price" if count == 1 else "failing resources have no known price"
        screen.say((f"{count:,}", "bold yellow"), f" {rest} and {'is' if count == 1 else 'are'} not in it")
    if report.saves_month:
        verb = "would save" if report.mode == "dry-run" else "save"
        screen.say(f"The steps below {verb} ", (total(report.saves_month), "bold green"), " a month")


def coverage(report: Report, screen: Screen) -> None:
    """A bar a rule, the worst first; rules that matched nothing only by name."""
    _, unmet = blind(report)
    rows = sorted(
        (row for row in report.coverage if row not in unmet),
        key=lambda row: (row.percent is None, row.percent or 0.0, row.rule),
    )
    if rows:
        screen.title("Coverage")
        counted = sum(width for _, width, _ in _COUNTS)
        longest = max(screen.length(row.rule) for row in rows)
        name = min(longest, screen.width - counted - 6 - 2 - 12)
        bar = min(screen.width - counted - 6 - 2 - name, 50)
        screen.say(" " * (name + 2 + bar + 6), *((f"{word:>{width}}", "dim") for word, width, _ in _COUNTS))
        for row in rows:
            _bar(row, name, bar, screen)
    if unmet:
        names = ", ".join(row.rule for row in unmet)
        screen.indented(f"matched nothing: {names}", 0, lines=3)


def _bar(row: Coverage, name: int, width: int, screen: Screen) -> None:
    percent = row.percent
    if percent is None:
        drawn: list[Part] = [("░" * width, "dim"), ("     –", "dim")]
    else:
        full = int(percent * width / 100)
        style = "green" if percent >= GOOD else "yellow" if percent >= POOR else "red"
        drawn = [("█" * full, style), ("░" * (width - full), "dim"), f"{int(percent):>4} %"]
    numbers = (row.passed, row.failed, row.unknown, row.exempt)
    screen.say(
        screen.cell(row.rule, name),
        "  ",
        *drawn,
        *(
            (f"{number or '·':>{size}}", style if number else "dim")
            for number, (_, size, style) in zip(numbers, _COUNTS, strict=True)
        ),
    )


def _holes(found: list[Hole], screen: Screen, style: str) -> None:
    for hole in islice(found, SHOWN_GAPS):
        where = "all regions" if hole.regions == ("*",) else ", ".join(hole.regions)
        what = "everything" if hole.type == "*" else hole.type
        cell = " · ".join(part for part in (f"{hole.cloud} {hole.account}", where, what) if part)
        screen.indented(f"{cell} · {hole.reason}", 2, style, lines=2)
    if len(found) > SHOWN_GAPS:
        screen.say(f"  +{len(found) - SHOWN_GAPS} more, -f json for all")
