"""What `costs` says as tables of text, for whichever output shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.costs.allocation import added, share
from finops_guard.language.near import suggest

if TYPE_CHECKING:
    from finops_guard.cli._costs_told import Told
    from finops_guard.costs.allocation import Line, Spending
    from finops_guard.costs.allocation_unusual import UnusualDay

NOBODY = "(none)"
_CENT = Decimal("0.01")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Section:
    """A table: the heads of its columns, of which the last `numbers` hold numbers, and its rows."""

    title: str
    note: str
    heads: tuple[str, ...]
    numbers: int
    rows: tuple[tuple[str, ...], ...]


def headline(told: Told) -> str:
    """What it came to, of which days, from what."""
    found = told.spending
    counted = [file for file in told.files if not file.refused]
    files = f"{len(counted):,} file{'' if len(counted) == 1 else 's'}"
    words = [f"{amounts(found.total)} {found.wanted.metric}", f"{found.rows:,} rows of {files}"]
    if found.rows and found.first and found.last:
        words.append(f"charges from {found.first} to {found.last}")
    if found.complete:
        words.append(f"complete to {found.complete}")
    return "; ".join(words)


def sections(told: Told) -> Iterator[Section]:
    """Those that have something to say, in the order in which they are read."""
    found = told.spending
    made = (
        _groups(found),
        _simple("Services", "", "Service", found.services, found.total),
        _simple("Kinds of charge", "", "Charge", _dearest(found.charges), found.total),
        *_allocation(found),
        _untagged(found),
        _showback(told),
        _unusual(told),
        _network(found),
        _marketplace(found),
        _allocated(found),
        _spellings(found),
        _files(told),
    )
    yield from (section for section in made if section.rows)


def notes(told: Told) -> Iterator[str]:
    """What was forgiven, file by file."""
    for file in told.files:
        yield from (f"{file.path}: {note}" for note in file.notes)


def amounts(money: Mapping[str, Decimal]) -> str:
    """Amounts to the cent (half to even): 1,234.50 EUR; several with a plus, nothing as 0."""
    parts = [f"{_cents(amount)} {currency}" for currency, amount in sorted(money.items())]
    return " + ".join(parts) or "0"


def percent(part: Mapping[str, Decimal], whole: Mapping[str, Decimal]) -> str:
    """A share of money, a dash where it cannot be said."""
    found = share(part, whole)
    return "–" if found is None else f"{found * 100:.1f} %"


def _cents(amount: Decimal) -> str:
    if amount and abs(amount) < _CENT / 2:
        return "< 0.01" if amount > 0 else "> -0.01"
    return f"{amount:,.2f}"


def _dearest(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: -max(line.cost.values())))


def _name(part: str | None) -> str:
    return NOBODY if part is None else part


def _team(found: Spending, team: str | None) -> str:
    """Its name; where the policy has teams and this is none of them, with the one that was meant."""
    teams = tuple(found.wanted.policy.teams) if found.wanted.policy else ()
    if team is None or not teams or team in teams:
        return _name(team)
    near = suggest(team, teams)
    return f"{team} (no team; did you mean '{near}'?)" if near else f"{team} (no team)"


def _groups(found: Spending) -> Section:
    heads = (*(name.capitalize() for name in found.wanted.by), "Cost", "Share")
    rows = ((*map(_name, line.key), amounts(line.cost), percent(line.cost, found.total)) for line in _dearest(found.by))
    return Section(f"By {', '.join(found.wanted.by) or 'nothing'}", "", heads, 2, tuple(rows))


def _simple(title: str, note: str, head: str, lines: tuple[Line, ...], whole: Mapping[str, Decimal]) -> Section:
    rows = ((_name(line.key[0]), amounts(line.cost), percent(line.cost, whole)) for line in lines)
    return Section(title, note, (head, "Cost", "Share"), 2, tuple(rows))


def _allocation(found: Spending) -> Iterator[Section]:
    rule = found.wanted.rule
    what = f"tags as {rule} wants them" if rule else f"has {', '.join(found.wanted.keys)}"
    dearest = sorted(found.allocation, key=lambda each: -max(each.cost.values()))
    rows = (
        (_team(found, each.team), amounts(each.cost), percent(each.valid, each.cost), amounts(each.unknown))
        for each in dearest
    )
    note = f"{percent(found.valid, found.usage)} of usage {what}"
    yield Section("Allocation", note, ("Team", "Usage", "Valid", "Cannot be told"), 3, tuple(rows))
    present = ((key, amounts(cost), percent(cost, found.usage)) for key, cost in found.present.items())
    yield Section("Usage with a key", "", ("Key", "Usage", "Share"), 2, tuple(present) if found.usage else ())


def _untagged(found: Spending) -> Section:
    rows = (
        (f"{_name(line.key[1])} {line.key[0] or ''}".rstrip(), _name(line.key[2]), amounts(line.cost))
        for line in found.untagged
        if any(line.cost.values())
    )
    note = f"{percent(found.nobodys, found.usage)} of usage has none of {', '.join(found.wanted.keys)}"
    return Section("Nobody's", note, ("Account", "Service", "Usage"), 1, tuple(rows))


def _showback(told: Told) -> Section:
    rows = []
    for each in told.showback:
        whole = added((each.own, each.shared))
        rows.append((_name(each.team), amounts(each.own), amounts(each.shared), amounts(whole)))
    some = any(each.shared for each in told.showback)
    return Section("Showback", "", ("Team", "Own", "Of shared", "Together"), 3, tuple(rows) if some else ())


def _unusual(told: Told) -> Section:
    """Days that follow each other, of one group and for one reason, are one row."""
    runs: list[list[UnusualDay]] = []
    for each in sorted(
        told.unusual.days, key=lambda each: ([part or "" for part in each.group], each.currency, each.day)
    ):
        last = runs[-1][-1] if runs else None
        if (
            last
            and replace(each, day=last.day, cost=last.cost, usual=last.usual) == last
            and each.day - last.day == _DAY
        ):
            runs[-1].append(each)
        else:
            runs.append([each])
    rows = (
        (
            _days(days),
            _name(days[0].group.team),
            _name(days[0].group.service),
            _cause(days[0].cause),
            amounts({days[0].currency: sum((day.cost for day in days), Decimal(0))}),
            amounts({days[0].currency: sum((day.usual for day in days), Decimal(0))}),
        )
        for days in sorted(runs, key=lambda days: sum(day.usual - day.cost for day in days))
    )
    heads = ("Days", "Team", "Service", "Most of it", "Usage", "Usually")
    return Section("Unusual days", told.unusual.unknown or "", heads, 2, tuple(rows))


def _days(days: Sequence[UnusualDay]) -> str:
    first, last = days[0].day, days[-1].day
    return str(first) if first == last else f"{first:%m-%d}..{last:%m-%d}"


def _cause(cause: str | None) -> str:
    """Of an ARN the end, which is what people know it by."""
    if cause is None:
        return "spread"
    word, _, what = cause.partition(" ")
    return f"{word} {re.split('[/:]', what)[-1]}" if what.startswith("arn:") else cause


def _network(found: Spending) -> Section:
    rows = (
        (path.path, amounts(path.cost), percent(path.elsewhere, path.cost))
        for path in found.network
        if any(path.cost.values())
    )
    return Section("Network", "by the path it took", ("Path", "Usage", "Not in Networking"), 2, tuple(rows))


def _marketplace(found: Spending) -> Section:
    rows = [(*map(_name, line.key), amounts(line.cost)) for line in found.marketplace]
    unknown = found.marketplace_unknown
    note = f"of {unknown:,} rows it is not told" if unknown else ""
    return Section("Licences and marketplace", note, ("Publisher", "What", "Charge", "Cost"), 1, tuple(rows))


def _allocated(found: Spending) -> Section:
    rows = ((*map(_name, line.key), f"{line.rows:,}", amounts(line.cost)) for line in found.shared)
    heads = ("Method", *(name.capitalize() for name in found.wanted.by), "Rows", "Cost")
    return Section("Allocated by the provider", "AllocatedTags", heads, 2, tuple(rows))


def _spellings(found: Spending) -> Section:
    alike = {key for keys in found.variants for key in keys}
    rows = (
        (key, ", ".join(f"'{raw}' {rows:,}" for raw, rows in sorted(spelt.items(), key=lambda it: (-it[1], it[0]))))
        for key, spelt in found.spellings.items()
        if len(spelt) > 1 or key in alike
    )
    return Section("Tag keys spelt in several ways", "", ("Key", "Spellings and their rows"), 0, tuple(rows))


def _files(told: Told) -> Section:
    rows = (
        (
            file.path,
            "refused" if file.refused else file.format,
            f"{file.rows:,}",
            amounts(file.total.get("effective", {})),
            amounts(file.total.get("billed", {})),
        )
        for file in told.files
    )
    return Section("Files", "", ("File", "Format", "Rows", "Effective", "Billed"), 3, tuple(rows))
