"""Counting while a run streams by: coverage of each rule, money of each currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby

from finops_guard.model import Coverage, Finding, Money, Policy, Resource, Step, money_in


class Tally:
    """What passes by is counted and passed on."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._rules = {rule.id: rule for binding in policy.bindings for rule in binding.rules}
        self._verdicts: Counter[tuple[str, str]] = Counter()
        self.resources = 0

    def seen(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """Count resources."""
        for resource in resources:
            self.resources += 1
            yield resource

    def found(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Count findings by rule and verdict; an exempted failure counts as exempt."""
        for finding in findings:
            verdict = "exempt" if finding.exempt is not None else finding.verdict
            self._verdicts[finding.rule.id, verdict] += 1
            yield finding

    def cost(self, findings: Iterable[Finding]) -> tuple[dict[str, Decimal], int]:
        """What failing resources cost a month by currency, and how many have no known price; see `ordered`."""
        total: dict[str, Decimal] = {}
        unknown = 0
        failing = (each for each in findings if each.verdict == "fail" and each.exempt is None)
        for _, of_one in groupby(failing, lambda each: each.resource.id):
            resource = next(of_one).resource
            if "cost.month" not in resource.fields:
                unknown += 1
            elif (month := resource.month) is not None:
                self._add(total, month)
        return total, unknown

    def coverage(self, passed: Mapping[tuple[str, str], int]) -> tuple[Coverage, ...]:
        """One row a rule, over all its bindings, in the policy's order."""
        passes: Counter[str] = Counter()
        for (_, rule_id), count in passed.items():
            passes[rule_id] += count
        return tuple(
            Coverage(
                rule=rule_id,
                title=rule.title,
                severity=rule.severity,
                passed=passes[rule_id],
                failed=self._verdicts[rule_id, "fail"],
                unknown=self._verdicts[rule_id, "unknown"],
                exempt=self._verdicts[rule_id, "exempt"],
            )
            for rule_id, rule in self._rules.items()
        )

    def saves(self, steps: Iterable[Step]) -> dict[str, Decimal]:
        """What the plan's steps save a month by currency; refused ones save nothing."""
        total: dict[str, Decimal] = {}
        for step in steps:
            if step.saves_month is not None and step.state != "refused":
                self._add(total, step.saves_month)
        return total

    def _add(self, total: dict[str, Decimal], money: Money) -> None:
        currency = self._policy.currency or money.currency
        money = money_in(money, currency, self._policy.fx) or money
        total[money.currency] = total.get(money.currency, Decimal(0)) + money.amount
