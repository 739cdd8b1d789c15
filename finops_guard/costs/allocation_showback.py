"""What each team is shown for a period: its own rows, and its share of what all use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from finops_guard.costs.allocation_asked import DIGITS, Purse, Wanted
from finops_guard.costs.asks import Total
from finops_guard.costs.sharing import HOURS, accelerator_hours, shares
from finops_guard.model import AnyOf, Condition, Not

if TYPE_CHECKING:
    from finops_guard.costs.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Showback:
    """A team's money by currency. `team` None: nobody's, with what is tagged with a name that is no team."""

    team: str | None
    own: Mapping[str, Decimal]
    shared: Mapping[str, Decimal]


def showback(ledger: Ledger, wanted: Wanted) -> tuple[Showback, ...]:
    """Every row of the period is in one team's own money, or shared; the sum of all is the total of the period.

    The teams are the policy's, where it has any; else whoever a tag `team` names.
    """
    with localcontext() as context:
        context.prec = DIGITS
        return tuple(_showback(ledger, wanted))


def _showback(ledger: Ledger, wanted: Wanted) -> Iterator[Showback]:
    days = ledger.days()
    if days is None:
        return
    start = wanted.since or datetime.combine(days[0], time(), UTC)
    end = wanted.until or datetime.combine(days[1] + timedelta(days=1), time(), UTC)
    policy = wanted.policy
    splits, teams = (policy.shared, tuple(policy.teams)) if policy else ((), ())
    split: Condition = AnyOf(tuple(each.charge for each in splits))
    own: dict[str | None, Purse] = {}
    for total in ledger.totals(wanted.ask(("tags.team",), Not(split) if splits else None)):
        team = total.key[0] if not teams or total.key[0] in teams else None
        own.setdefault(team, Purse(wanted)).add(total)
    shared: dict[str | None, Purse] = {}
    if splits:
        hours = accelerator_hours(ledger.totals(wanted.ask(HOURS)))
        for team, amounts in shares(ledger, splits, teams, start, end, wanted.metric, hours).items():
            for currency, amount in amounts.items():
                shared.setdefault(team, Purse(wanted)).add(Total((team,), currency, amount, 0))
    names = sorted({*own, *shared}, key=lambda team: (team is None, team or ""))
    for name in names:
        yield Showback(name, _amounts(own.get(name)), _amounts(shared.get(name)))


def _amounts(purse: Purse | None) -> Mapping[str, Decimal]:
    return purse.amounts if purse else {}
