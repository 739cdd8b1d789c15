"""What follows from what sources say: a price, then every derived field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from finops_guard.costs import assumed
from finops_guard.costs.pricing import Pricer, pricer_of
from finops_guard.evaluate import Setting, derive, predicate
from finops_guard.fields import COMPUTED_KINDS
from finops_guard.model import Money, Policy, Resource, money_in


def enrich(
    resources: Iterable[Resource], policy: Policy, at: datetime, pricer: Pricer | None = None
) -> Iterator[Resource]:
    """Price what nobody priced, then derive what follows from the rest.

    Without a pricer, prices are those of the policy's rate cards and discounts: no bill is looked into, nobody asked.
    """
    return derived(_priced(resources, policy, pricer or pricer_of(policy, at)), policy, at)


def derived(resources: Iterable[Resource], policy: Policy, at: datetime) -> Iterator[Resource]:
    """What follows from the rest, of resources that have their price, or can have none."""
    also = tuple(predicate(condition, at, policy.fx) for condition in policy.also_ai)
    inherit = policy.inherit_tags if "account" in policy.inherit_from else ()
    return derive(resources, Setting(at, policy.aliases, inherit, also, schedules=policy.schedules))


def _priced(resources: Iterable[Resource], policy: Policy, pricer: Pricer) -> Iterator[Resource]:
    """Money in the policy's currency where it has a rate, so that what a report adds up can be added up."""
    for resource in resources:
        usage = assumed.of(resource, policy.assume)
        if usage is not None:
            assumed.settle(resource, usage)
        if resource.kind not in COMPUTED_KINDS:
            pricer.apply(resource)
        if usage is not None:
            assumed.add(resource, usage)
        for name in ("cost.hour", "cost.month"):
            money = resource.fields.get(name)
            if policy.currency and isinstance(money, Money):
                resource.fields[name] = money_in(money, policy.currency, policy.fx) or money
        yield resource
