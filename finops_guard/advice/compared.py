"""Backtests as numbers: sums by rule, and what one policy does that another does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from finops_guard.advice.backtest import Deed, Failed, Told

Amounts: TypeAlias = dict[str, Decimal]
"""By currency."""


@dataclass(slots=True)
class Sum:
    """One rule: findings ever, those ever exempt, acts by verb, refused steps by verb.

    `saves_month` is what its acts save a month, `saved` what they saved within the period.
    """

    rule: str
    findings: int = 0
    exempt: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    saves_month: Amounts = field(default_factory=dict)
    saved: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a policy finds and does that another one does not, the other way round, and what both do at other times."""

    found: tuple[Failed, ...]
    not_found: tuple[Failed, ...]
    done: tuple[Deed, ...]
    not_done: tuple[Deed, ...]
    moved: tuple[tuple[Deed, Deed], ...]


def sums(told: Told) -> list[Sum]:
    """One sum for each rule that found anything, by rule."""
    by_rule: dict[str, Sum] = {}

    def of(rule: str) -> Sum:
        return by_rule.setdefault(rule, Sum(rule))

    for failed in told.failed.values():
        of(failed.rule).findings += 1
        of(failed.rule).exempt += failed.exempt > 0
    for deed in told.deeds:
        of(deed.rule).acts[deed.do] += 1
        if deed.saves_month is not None:
            _add(of(deed.rule).saves_month, deed.saves_month.currency, deed.saves_month.amount)
    for (verb, rule, _), count in told.refused.items():
        of(rule).refused[verb] += count
    for (rule, _, currency), amount in told.saved.items():
        _add(of(rule).saved, currency, amount)
    return [by_rule[rule] for rule in sorted(by_rule)]


def total(amounts: Iterable[Amounts]) -> Amounts:
    """All of them together."""
    found: Amounts = {}
    for each in amounts:
        for currency, amount in each.items():
            _add(found, currency, amount)
    return found


def compare(ours: Told, other: Told) -> Compared:
    """Findings by rule and resource where they were not exempt; acts by verb, rule and resource, the first of each."""
    found, theirs = _open(ours), _open(other)
    done, their_deeds = _first(ours.deeds), _first(other.deeds)
    return Compared(
        found=tuple(found[key] for key in sorted(found.keys() - theirs)),
        not_found=tuple(theirs[key] for key in sorted(theirs.keys() - found)),
        done=_by_time(done[key] for key in done.keys() - their_deeds),
        not_done=_by_time(their_deeds[key] for key in their_deeds.keys() - done),
        moved=tuple(
            (done[key], their_deeds[key])
            for key in sorted(done.keys() & their_deeds.keys())
            if done[key].at != their_deeds[key].at
        ),
    )


def _open(told: Told) -> dict[tuple[str, str], Failed]:
    return {(each.rule, each.resource): each for each in told.failed.values() if each.times > each.exempt}


def _first(deeds: Iterable[Deed]) -> dict[tuple[str, str, str], Deed]:
    found: dict[tuple[str, str, str], Deed] = {}
    for deed in deeds:
        found.setdefault((deed.do, deed.rule, deed.resource), deed)
    return found


def _by_time(deeds: Iterable[Deed]) -> tuple[Deed, ...]:
    return tuple(sorted(deeds, key=lambda deed: (deed.at, deed.do, deed.rule, deed.resource)))


def _add(amounts: Amounts, currency: str, amount: Decimal) -> None:
    amounts[currency] = amounts.get(currency, Decimal(0)) + amount
