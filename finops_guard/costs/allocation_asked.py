"""What is asked of a ledger for a report on costs, and in which currency its answers are added up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from finops_guard.costs.asks import DIMENSIONS, Ask, Total
from finops_guard.evaluate.fold import reads
from finops_guard.model import All, Compare, Condition, Money, Policy, Ref, canonical, money_in
from finops_guard.model.money import Metric

REQUIRED = ("project", "team", "workload-type")
"""The keys that an AI resource has to carry, as in the shipped pack `ai-tags`."""
DIGITS = 76
"""Amounts have up to 38 digits, DECIMAL(38, 18); a rate adds a few."""
_RULE = "ai-tags/whose"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be reported. `by`: dimensions or tag keys as the user wrote them; `until` is exclusive.

    `policy` gives the currency, its rates, and which tag values are valid.
    """

    by: tuple[str, ...] = ("team",)
    metric: Metric = "effective"
    since: datetime | None = None
    until: datetime | None = None
    policy: Policy | None = None

    def ask(self, by: Iterable[str] = (), where: Condition | None = None) -> Ask:
        """The same metric and period, of other rows or in other groups."""
        return Ask(self.metric, where, tuple(by), self.since, self.until)

    @property
    def required(self) -> Condition:
        """What tags must be for money to be somebody's: the policy's rule, else that the keys are there."""
        bindings = self.policy.bindings if self.policy else ()
        rules = (rule.require for binding in bindings for rule in binding.rules if rule.id == _RULE)
        return next(rules, All(tuple(present(key) for key in REQUIRED)))

    @property
    def rule(self) -> str | None:
        """The rule that says so, None without one."""
        bindings = self.policy.bindings if self.policy else ()
        return next((rule.id for binding in bindings for rule in binding.rules if rule.id == _RULE), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The tag keys that it looks at."""
        return tuple(sorted({ref.name for ref in reads(self.required) if ref.space == "tag"}))


@dataclass(slots=True)
class Purse:
    """Sums by currency, those of `wanted.policy` where its rates reach."""

    wanted: Wanted
    amounts: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0

    def add(self, total: Total) -> None:
        """Put a group in."""
        policy, money = self.wanted.policy, Money(total.amount, total.currency)
        if policy is not None and policy.currency is not None:
            money = money_in(money, policy.currency, policy.fx) or money
        self.amounts[money.currency] = self.amounts.get(money.currency, Decimal(0)) + money.amount
        self.rows += total.rows


def dimension(name: str) -> str:
    """How the ledger calls what a user groups by: a dimension's name, else a tag key."""
    if name in DIMENSIONS:
        return name
    return f"tags.{canonical(name.removeprefix('tags.'))}"


def present(key: str) -> Compare:
    """That a row carries a tag."""
    return Compare(Ref("tag", key), "exists", value=True)
