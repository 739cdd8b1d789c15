"""What `backtest` says: a table, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops_guard.cli._options import counted
from finops_guard.language.diagnostics import printable
from finops_guard.model import VERBS

if TYPE_CHECKING:
    from finops_guard.advice.backtest import Deed, Failed, Replay, Told
    from finops_guard.advice.compared import Amounts, Compared, Sum
    from finops_guard.model import Policy

SCHEMA = "finops-guard/backtest/1"
_SHOWN = 20
_CENT = Decimal("0.01")
Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A title with a table, of which `left` rows are not shown."""

    title: str
    head: Row
    rows: Sequence[Row]
    left: int = 0


def write(
    replayed: Sequence[tuple[Policy, Replay]], times: Sequence[datetime], shape: str, *, everything: bool
) -> None:
    """The first policy's backtest, compared with the second's where there is one."""
    from finops_guard.advice.compared import compare

    (policy, replay), *others = replayed
    compared = compare(replay.told, others[0][1].told) if others else None
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json(_record(replayed, times, compared))
        return
    sections = [*_sections(replay.told, everything=everything)]
    if others and compared is not None:
        sections += _differences(compared, others[0][1].told, others[0][0].name, everything=everything)
    title = f"Backtest of {policy.name}" + (f" against {others[0][0].name}" if others else "")
    days = f"{counted(len(times), 'snapshot')}, {min(times):%Y-%m-%d} to {max(times):%Y-%m-%d}"
    remarks = [remark for _, each in replayed for remark in _remarks(each.told, len(times))]
    (_markdown if shape == "markdown" else _table)(title, [f"{days}.", *dict.fromkeys(remarks)], sections)


def _remarks(told: Told, snapshots: int) -> Iterator[str]:
    yield from told.remarks
    yield from (f"{rule}: not judged, no cost data was given (--costs)" for rule in told.unjudged)
    for what, count in sorted(told.missing.items()):
        yield f"{what}: not looked for in {count} of {snapshots} snapshots, so unknown there"


def _sections(told: Told, *, everything: bool) -> Iterator[Section]:
    from finops_guard.advice.compared import sums, total

    rules = sums(told)
    verbs = [verb for verb in VERBS if any(verb in each.acts for each in rules)]
    rows = [_sum(each, verbs) for each in rules]
    if len(rules) > 1:
        acts = [f"{sum(each.acts[verb] for each in rules):,}" for verb in verbs]
        counts = [f"{sum(each.findings for each in rules):,}", f"{sum(each.exempt for each in rules):,}"]
        money = [_money(total(each.saves_month for each in rules)), _money(total(each.saved for each in rules))]
        rows.append(["all", *counts, *acts, *money])
    yield Section("By rule", ["rule", "findings", "exempt", *verbs, "saves a month", "saved"], rows)
    yield _cut("Acts", _ACT, [_act(deed) for deed in told.deeds if deed.do != "notify"], everything=everything)
    refused = sorted(told.refused.items(), key=lambda item: (-item[1], item[0]))
    rows = [[verb, rule, f"{count:,}", why] for (verb, rule, why), count in refused]
    yield _cut("Refused", ["verb", "rule", "steps", "because"], rows, everything=everything)


def _differences(compared: Compared, other: Told, name: str, *, everything: bool) -> Iterator[Section]:
    from finops_guard.advice.compared import sums

    verbs = [verb for verb in VERBS if any(verb in each.acts for each in sums(other))]
    head = ["rule", "findings", "exempt", *verbs, "saves a month", "saved"]
    yield Section(f"By rule, {name}", head, [_sum(each, verbs) for each in sums(other)])
    for title, found in (("New findings", compared.found), ("Findings no more", compared.not_found)):
        rows = [[each.rule, each.severity, each.resource, f"{each.first:%Y-%m-%d}"] for each in found]
        yield _cut(title, ["rule", "severity", "resource", "from"], rows, everything=everything)
    for title, deeds in (("New acts", compared.done), ("Acts no more", compared.not_done)):
        yield _cut(title, _ACT, [_act(deed) for deed in deeds], everything=everything)
    rows = [[f"{new.at:%Y-%m-%d %H:%M}", f"{old.at:%Y-%m-%d %H:%M}", *_act(new)[1:]] for new, old in compared.moved]
    yield _cut("Acts at another time", ["at", "was", *_ACT[1:]], rows, everything=everything)


_ACT = ["at", "verb", "rule", "resource", "saves a month"]


def _act(deed: Deed) -> list[str]:
    saves = f"{deed.saves_month.currency} {deed.saves_month.amount.quantize(_CENT):,}" if deed.saves_month else "-"
    return [f"{deed.at:%Y-%m-%d %H:%M}", deed.do, deed.rule, deed.resource, saves]


def _sum(each: Sum, verbs: Iterable[str]) -> list[str]:
    acts = (f"{each.acts[verb]:,}" for verb in verbs)
    return [
        each.rule, f"{each.findings:,}", f"{each.exempt:,}", *acts, _money(each.saves_month), _money(each.saved)
    ]  # fmt: skip


def _money(amounts: Amounts) -> str:
    return ", ".join(f"{currency} {amount.quantize(_CENT):,}" for currency, amount in sorted(amounts.items())) or "-"


def _cut(title: str, head: Row, rows: Sequence[Row], *, everything: bool) -> Section:
    shown = rows if everything else rows[:_SHOWN]
    return Section(title, head, shown, len(rows) - len(shown))


def _table(title: str, remarks: Iterable[str], sections: Iterable[Section]) -> None:
    from finops_guard.cli._paint import painter, write

    paint = painter()
    write(paint("bold", printable(title)), *map(printable, remarks))
    for section in sections:
        if not section.rows:
            continue
        cells = [[printable(cell) for cell in row] for row in (section.head, *section.rows)]
        wide = [max(len(row[place]) for row in cells) for place in range(len(section.head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in cells]
        write("", paint("bold", section.title), paint("dim", lines[0]), *lines[1:])
        if section.left:
            write(f"+{section.left:,} more, -v for all")


def _markdown(title: str, remarks: Iterable[str], sections: Iterable[Section]) -> None:
    from finops_guard.cli._paint import write
    from finops_guard.outputs._escape import markdown

    line: Callable[[Row], str] = lambda row: f"| {' | '.join(map(markdown, row))} |"  # noqa: E731 - one use, one line
    write(f"## {markdown(title)}", "", *(markdown(remark) for remark in remarks))
    for section in sections:
        if section.rows:
            write("", f"### {markdown(section.title)}", "", line(section.head), line(["---"] * len(section.head)))
            write(*map(line, section.rows))
            if section.left:
                write("", f"{section.left:,} more.")


def _record(
    replayed: Sequence[tuple[Policy, Replay]], times: Sequence[datetime], compared: Compared | None
) -> dict[str, Any]:
    policies = [_policy(policy, replay.told, len(times)) for policy, replay in replayed]
    return {
        "schema": SCHEMA,
        "snapshots": len(times),
        "from": _utc(min(times)),
        "to": _utc(max(times)),
        **policies[0],
        "against": None
        if compared is None
        else {
            **policies[1],
            "findings_new": [_failed(each) for each in compared.found],
            "findings_removed": [_failed(each) for each in compared.not_found],
            "acts_new": [_deed(each) for each in compared.done],
            "acts_removed": [_deed(each) for each in compared.not_done],
            "acts_moved": [{**_deed(new), "was": _utc(old.at)} for new, old in compared.moved],
        },
    }


def _policy(policy: Policy, told: Told, snapshots: int) -> dict[str, Any]:
    from finops_guard.advice.compared import sums

    return {
        "policy": {"name": policy.name, "sha256": policy.sha256},
        "remarks": list(_remarks(told, snapshots)),
        "not_judged": list(told.unjudged),
        "rules": [
            {
                "rule": each.rule,
                "findings": each.findings,
                "exempt": each.exempt,
                "acts": dict(sorted(each.acts.items())),
                "refused": dict(sorted(each.refused.items())),
                "saves_month": _plain(each.saves_month),
                "saved": _plain(each.saved),
            }
            for each in sums(told)
        ],
        "acts": [_deed(each) for each in told.deeds],
        "refused": [
            {"do": verb, "rule": rule, "because": why, "steps": count}
            for (verb, rule, why), count in sorted(told.refused.items())
        ],
    }


def _plain(amounts: Amounts) -> dict[str, str]:
    return {currency: str(amount.quantize(_CENT)) for currency, amount in sorted(amounts.items())}


def _failed(each: Failed) -> dict[str, object]:
    return {
        "rule": each.rule,
        "severity": each.severity,
        "resource": each.resource,
        "name": each.name,
        "first": _utc(each.first),
        "last": _utc(each.last),
        "snapshots": each.times,
        "exempt": each.exempt,
        "month": str(each.month.amount.quantize(_CENT)) if each.month else None,
        "currency": each.month.currency if each.month else None,
    }


def _deed(deed: Deed) -> dict[str, object]:
    return {
        "at": _utc(deed.at),
        "do": deed.do,
        "rule": deed.rule,
        "resource": deed.resource,
        "name": deed.name,
        "account": deed.account,
        "saves_month": str(deed.saves_month.amount.quantize(_CENT)) if deed.saves_month else None,
        "currency": deed.saves_month.currency if deed.saves_month else None,
    }


def _utc(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")
