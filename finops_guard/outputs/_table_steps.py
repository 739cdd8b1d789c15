"""Steps on a terminal: what would follow, when, how many, what it saves, and what is refused because of what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.outputs._screen import WIDE
from finops_guard.outputs._steps import bundles

if TYPE_CHECKING:
    from finops_guard.model import Report
    from finops_guard.outputs._screen import Screen
    from finops_guard.outputs._steps import Bundle

_STATES = {"due": "bold", "done": "green", "failed": "bold red", "refused": "yellow", "skipped": "dim"}
_WORD, _NUMBER = 13, 6
SHOWN = 20


def steps(report: Report, screen: Screen) -> None:
    """A line for each verb, state and due time, the first resources under it."""
    found = bundles(report)
    if not found:
        return
    if report.mode == "dry-run":
        screen.title("What would follow", "dry-run: nothing was changed")
    else:
        screen.title("What was done and what follows")
    time = max(len(bundle.when) for bundle in found)
    paid = max(len(bundle.saves) for bundle in found)
    for bundle in found[:SHOWN]:
        _line(bundle, time, paid, screen)
    left = sum(bundle.count for bundle in found[SHOWN:])
    if left:
        screen.say((f"+{left:,} more, -f json for all", "dim"))


def _line(bundle: Bundle, time: int, paid: int, screen: Screen) -> None:
    saves = f"  saves {bundle.saves:>{paid}}" if bundle.saves else ""
    beside = ""
    if screen.width >= WIDE:
        column = _WORD + 2 + time + _NUMBER + (paid + len("  saves ") if paid else 0)
        beside = " " * (column - _WORD - 2 - time - _NUMBER - len(saves) + 2)
        beside += screen.cell(bundle.names, screen.width - column - 2)
    screen.say(
        (screen.cell(bundle.do, _WORD), "bold"),
        ("  " + screen.cell(bundle.when, time), _STATES.get(bundle.state, "")),
        f"{bundle.count:>{_NUMBER},}",
        (saves, "green"),
        (beside, "dim"),
    )
    if bundle.because:
        screen.indented(bundle.because, _WORD + 2, "yellow", lines=3)
    if bundle.warning:
        screen.indented(bundle.warning, _WORD + 2, "yellow", lines=2)
    if not beside:
        screen.indented(bundle.names, _WORD + 2, lines=2)
