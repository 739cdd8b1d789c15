"""Findings on a terminal: by rule, then owner, a ledger with the most money on top."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from finops_guard.outputs._screen import WIDE
from finops_guard.outputs._units import ledger as paid
from finops_guard.outputs._view import owner, place, short_name, why, without_price

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from finops_guard.model import Finding, Resource
    from finops_guard.outputs._screen import Part, Screen
    from finops_guard.outputs._view import RuleGroup, Share

INDENT = 4
GAP = 2
NAME, KIND, PLACE, WHY = 40, 17, 34, 44
LEAST = 12
"""Columns a name gets even where everything is long."""
WHY_LINES = 3
SEVERITY = {"critical": "bold magenta", "high": "bold red", "medium": "yellow", "low": "cyan"}
_MARKS = {"fail": ("✗", "red"), "unknown": ("?", "yellow")}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Column widths; `why` is 0 where reasons stand under the row. `currency` is the only one there is, or empty."""

    name: int
    kind: int
    place: int
    money: int
    why: int
    currency: str

    @property
    def left(self) -> int:
        """Columns before the money."""
        return INDENT + self.name + self.kind + self.place + 3 * GAP

    def price(self, month: dict[str, Decimal]) -> list[str]:
        """Amounts of a month, the largest first, their currencies only where the report has several."""
        amounts = sorted(month.items(), key=lambda item: (-item[1], item[0]))
        return [paid(value) if self.currency else f"{paid(value)} {currency}" for currency, value in amounts]


def findings(groups: list[RuleGroup], screen: Screen) -> None:
    """Every rule with failing or unknown findings, and of each those that were kept."""
    if not groups:
        return
    ledger = _fit([finding.resource for group in groups for finding in group.findings], groups, screen)
    screen.title("Findings", f"{ledger.currency} a month" if ledger.currency else "")
    for number, group in enumerate(groups):
        if number:
            screen.say()
        _rule(group, ledger, screen)
        by_owner = {name: list(some) for name, some in _by_owner(group)}
        for name, some in by_owner.items():
            _sum(name, group.owners[name], ledger, screen)
            for said, same in groupby(some, _why):
                _rows(list(same), said, ledger, screen)
        _hidden(group, by_owner, screen)


def _by_owner(group: RuleGroup) -> Iterator[tuple[str, Iterator[Finding]]]:
    """The shown findings of each owner, owners with the most money first."""
    rank = {name: number for number, name in enumerate(group.owners)}
    return groupby(sorted(group.findings, key=lambda f: rank[owner(f.resource)]), lambda f: owner(f.resource))


def _hidden(group: RuleGroup, shown: Mapping[str, list[Finding]], screen: Screen) -> None:
    """How many are not shown, and whose they are."""
    left = {name: share.count - len(shown.get(name, ())) for name, share in group.owners.items()}
    whose = ", ".join(f"{name} {count:,}" for name, count in left.items() if count)
    if whose:
        line = f"+{sum(left.values()):,} more, -f json for all: {whose}"
        screen.indented(line, INDENT, lines=1)


def _fit(resources: list[Resource], groups: list[RuleGroup], screen: Screen) -> Ledger:
    currencies = {currency for group in groups for currency in group.month}
    currencies |= {resource.month.currency for resource in resources if resource.month}
    currency = currencies.pop() if len(currencies) == 1 else ""
    bare = Ledger(0, 0, 0, 0, 0, currency)
    months = [share.month for group in groups for share in (group, *group.owners.values())]
    sums = [price for month in months for price in bare.price(month)]
    widest = max(map(len, [*sums, "no price", *(_month(resource, bare) for resource in resources)]))
    kind = _widest((resource.kind for resource in resources), min(KIND, screen.width // 6), screen)
    where = _widest((place(resource) for resource in resources), min(PLACE, screen.width // 3), screen)
    why = 0
    room = screen.width - INDENT - kind - where - widest - 3 * GAP
    where -= max(LEAST - room, 0)
    room = max(LEAST, room)
    if screen.width >= WIDE:
        name = min(_widest(map(short_name, resources), NAME, screen), room - GAP - WHY)
        why = room - name - GAP
    else:
        name = min(room, NAME)
    return Ledger(name, kind, where, widest, why, currency)


def _widest(texts: Iterable[str], most: int, screen: Screen) -> int:
    return min(max(map(screen.length, texts), default=0), most)


def _rule(group: RuleGroup, ledger: Ledger, screen: Screen) -> None:
    tally = _tally(group) + (f", {group.exempt:,} exempt" if group.exempt else "")
    name = screen.cell(
        group.rule, min(screen.length(group.rule), max(ledger.left - len(tally) - len("critical") - 4, LEAST))
    ).rstrip()
    used = screen.length(name) + len(group.severity) + len(tally) + 4
    screen.say(
        (name, "bold"),
        "  ",
        (group.severity, SEVERITY[group.severity]),
        "  ",
        tally,
        " " * (ledger.left - used),
        *_price(group.month, ledger, screen),
    )
    _others(group.month, ledger, screen)
    screen.indented(group.title, 0, lines=2)


def _sum(name: str, share: Share, ledger: Ledger, screen: Screen) -> None:
    """An owner and what is theirs under this rule."""
    tally = f"  {_tally(share)}"
    most = max(ledger.left - len(tally) - GAP - 1, LEAST)
    written = screen.cell(name, min(screen.length(name), most))
    gap = ledger.left - GAP - screen.length(written) - len(tally)
    screen.say(" " * GAP, (written, "bold"), (tally, "dim"), " " * gap, *_price(share.month, ledger, screen))
    _others(share.month, ledger, screen)


def _price(month: dict[str, Decimal], ledger: Ledger, screen: Screen, which: int = 0) -> list[Part]:
    """One of the amounts of a sum, in the money column."""
    return [(screen.cell(price, ledger.money, right=True), "bold") for price in ledger.price(month)[which : which + 1]]


def _others(month: dict[str, Decimal], ledger: Ledger, screen: Screen) -> None:
    """The amounts in other currencies, each under the first: they are never added."""
    for which in range(1, len(month)):
        screen.say(" " * ledger.left, *_price(month, ledger, screen, which))


def _rows(same: list[Finding], why: str, ledger: Ledger, screen: Screen) -> None:
    """Neighbours that fail for the same reasons, which are said once."""
    why = f"{len(same)} × {why}" if len(same) > 1 else why
    beside = screen.wrapped(why, ledger.why, max(WHY_LINES, len(same))) if ledger.why else []
    for number, finding in enumerate(same):
        note = beside[number] if number < len(beside) else ""
        _row(finding, note, ledger, screen)
    for line in beside[len(same) :]:
        screen.say(" " * (ledger.left + ledger.money + GAP), line)
    if not ledger.why:
        screen.indented(why, INDENT + GAP, lines=WHY_LINES)


def _row(finding: Finding, note: str, ledger: Ledger, screen: Screen) -> None:
    resource = finding.resource
    mark, style = _MARKS[finding.verdict]
    gap = " " * GAP
    price = _month(resource, ledger) or without_price(resource)
    screen.say(
        (f"  {mark} ", style),
        screen.cell(short_name(resource), ledger.name),
        gap,
        (screen.cell(resource.kind, ledger.kind), "cyan"),
        gap,
        (screen.cell(place(resource), ledger.place), "dim"),
        gap,
        (screen.cell(price, ledger.money, right=True), "" if resource.month else "dim"),
        gap,
        note,
    )


def _why(finding: Finding) -> str:
    return "; ".join(why(finding))


def _month(resource: Resource, ledger: Ledger) -> str:
    month = resource.month
    if month is None:
        return ""
    return paid(month.amount) if ledger.currency else f"{paid(month.amount)} {month.currency}"


def _tally(share: Share) -> str:
    counted = ((share.failing, "failing"), (share.unknown, "unknown"))
    return ", ".join(f"{number:,} {word}" for number, word in counted if number)
