"""Shared cost, split over the teams that share it. Nothing is lost, nothing is made: sums agree to the last digit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.budgets_billed import Lost, in_unit
from finops_guard.model import ACCELERATOR_HOURS, All, AnyOf, Budget, Condition, Not, Split
from finops_guard.model.money import Metric

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger

Shares: TypeAlias = Mapping[str | None, Mapping[str, Decimal]]
"""Team (None: nobody's) -> currency -> amount."""
Weights: TypeAlias = Mapping[str | None, Decimal]
_TEAM = "tags.team"
HOURS = (_TEAM, "cloud", "usage", "description", "unit")
"""What accelerator hours are told by."""
_QUOTA = Budget("", Decimal(0), ACCELERATOR_HOURS, "month")
_DIGITS = 76
"""Amounts have up to 38 digits (DECIMAL(38, 18)), weights as many: what is between must not be rounded."""
_SMALLEST = -18


def shares(  # noqa: PLR0917 # rows are selected by all of these
    ledger: Ledger,
    splits: Sequence[Split],
    teams: Collection[str],
    start: datetime,
    end: datetime,
    metric: Metric = "effective",
    hours: Mapping[str, Decimal] | None = None,
) -> Shares:
    """What each team carries of the rows that `splits` select, from `start` to `end` (exclusive).

    A row belongs to the first split that selects it. One that its provider allocated already (FOCUS AllocatedTags)
    stays with its team and is not split again. `hours`: accelerator hours by team. By cost, what weighs is what a team
    spends itself, in the currency of what is split. `teams` empty: whoever weighs; else what others weigh, and what
    nobody's rows weigh, is nobody's share, as is everything where nothing weighs. Rows of which a split cannot be
    decided are not split.
    """
    found: dict[str | None, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with localcontext() as context:
        context.prec = _DIGITS
        for number, split in enumerate(splits):
            pots: dict[str, Decimal] = defaultdict(Decimal)
            where = All((split.charge, *(Not(earlier.charge) for earlier in splits[:number])))
            for total in ledger.totals(Ask(metric, where, ("allocated_by", _TEAM), start, end)):
                allocated, team = total.key
                if total.decided and allocated is not None:
                    found[team][total.currency] += total.amount
                elif total.decided:
                    pots[total.currency] += total.amount
            if pots:
                weighed = _weighed(ledger, split, splits, teams, Ask(metric, start=start, end=end), hours or {})
                for currency, pot in pots.items():
                    for team, amount in divided(pot, weighed.get(currency, weighed.get("", {}))).items():
                        found[team][currency] += amount
        order = sorted(found, key=lambda team: (team is None, team or ""))
        kept = {team: {code: found[team][code] for code in sorted(found[team]) if found[team][code]} for team in order}
    return {team: amounts for team, amounts in kept.items() if amounts}


def accelerator_hours(totals: Iterable[Total]) -> dict[str, Decimal]:
    """Accelerator hours that were billed by team, of totals asked for by HOURS."""
    found: dict[str, Decimal] = {}
    for total in totals:
        team, cloud, *told = total.key
        count = in_unit(_QUOTA, total, cloud or "", told, {}, Lost())
        if count and team is not None:
            found[team] = found.get(team, Decimal(0)) + count
    return found


def divided(amount: Decimal, weights: Weights) -> dict[str | None, Decimal]:
    """`amount` by weight, cut at its smallest digit, at least the 18th; what is left goes to whoever weighs most.

    A weight below zero weighs nothing. Where nothing weighs, all of it is nobody's (None).
    """
    with localcontext() as context:
        context.prec = _DIGITS
        heavy = {who: weight for who, weight in weights.items() if weight > 0}
        whole = sum(heavy.values(), Decimal(0))
        if not whole:
            return {None: amount}
        exponent = amount.as_tuple().exponent
        digit = Decimal(1).scaleb(min(exponent, _SMALLEST) if isinstance(exponent, int) else _SMALLEST)
        parts = {who: (amount * weight / whole).quantize(digit, ROUND_DOWN) for who, weight in heavy.items()}
        # Of equals the first by name, so that two runs agree.
        most = min(heavy, key=lambda who: (-heavy[who], who is None, who or ""))
        parts[most] += amount - sum(parts.values(), Decimal(0))
        return parts


def _weighed(
    ledger: Ledger,
    split: Split,
    splits: Sequence[Split],
    teams: Collection[str],
    ask: Ask,
    hours: Mapping[str, Decimal],
) -> dict[str, Weights]:
    """Weights by the currency of what is split; under the empty one, those for every currency."""
    if split.by == "even":
        return {"": dict.fromkeys(sorted(teams), Decimal(1))}
    if split.by == "accelerator_hours":
        return {"": _of_teams(hours, teams)}
    own: Condition = Not(AnyOf(tuple(each.charge for each in splits)))
    spent: dict[str, dict[str | None, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for total in ledger.totals(Ask(ask.metric, own, (_TEAM,), ask.start, ask.end)):
        if total.decided:
            spent[total.currency][total.key[0]] += total.amount
    return {currency: _of_teams(amounts, teams) for currency, amounts in spent.items()}


def _of_teams(weights: Mapping[str, Decimal] | Weights, teams: Collection[str]) -> Weights:
    """The same, with all that is no team of the policy under None."""
    found: dict[str | None, Decimal] = defaultdict(Decimal)
    for team, weight in weights.items():
        found[team if team and (not teams or team in teams) else None] += max(weight, Decimal(0))
    return found
