"""What acting needs, put together for a policy: the state, the verbs, the judge, and who we are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from finops_guard.costs.budgets import lasting_rules
from finops_guard.enrich import enrich
from finops_guard.errors import GuardError, InputError
from finops_guard.evaluate import Evaluator, findings
from finops_guard.language.secrets import resolve
from finops_guard.model import Finding, Need, Notes, Policy, Resource, Step
from finops_guard.sources import targets
from finops_guard.state.store import Store, open_store

if TYPE_CHECKING:
    from finops_guard.apply import Judge
    from finops_guard.sources.aws._act import Acting


Told: TypeAlias = Callable[[Iterable[Resource]], Iterable[Resource]]
"""Resources, told what the journal says of them."""
Known: TypeAlias = Callable[[Iterable[Resource]], Iterator[Resource]]
"""Resources as sources say them, with all that follows."""


def verbs_of(policy: Policy, notes: Notes, now: datetime, environ: Mapping[str, str]) -> AbstractContextManager[Acting]:
    """The verbs of a policy's scope."""
    return targets.acting(policy, notes, now, environ)


def judge_of(policy: Policy, known: Known | None = None) -> Judge:
    """Resources that were just read, judged as a scan judges them.

    `known`: what follows from what was read, as the run knows it (its bills, its budgets); without it, what the policy
    alone tells.
    """

    def judge(resources: Sequence[Resource], at: datetime) -> Iterator[Finding]:
        evaluator = Evaluator(policy.bindings, at, policy.fx)
        told = enrich(resources, policy, at) if known is None else known(resources)
        return findings(evaluator.judge(told), policy, at)

    return judge


def as_planned(policy: Policy, steps: Iterable[Step], at: datetime) -> Known:
    """What the policy tells, and of budgets what a plan knew of each resource: who carries it out reads no bills.

    Of a budget whose period is over since, nothing is known.
    """
    planned = {step.resource.id: step.resource for step in steps}

    def known(resources: Iterable[Resource]) -> Iterator[Resource]:
        for resource in enrich(resources, policy, at):
            was = planned.get(resource.id)
            if was is not None:
                _put_budget(resource, was, at)
            yield resource

    return known


def _put_budget(resource: Resource, was: Resource, at: datetime) -> None:
    said = {name: value for name, value in was.fields.items() if name.startswith("budget.")}
    budget = was.facts.get("budget")
    until = budget.get("until") if isinstance(budget, dict) else None
    if isinstance(until, datetime) and at >= until:
        over = f"the period of its budget that the plan was made in ended on {until:%Y-%m-%d}"
        resource.unknown |= dict.fromkeys(said, over)
        return
    resource.fields |= said
    if budget is not None:
        resource.facts["budget"] = budget


def told_of_stops(
    policy: Policy, need: Need, store: Store | None, given: str | None, environ: Mapping[str, str]
) -> Told:
    """What tells resources which act of ours stopped them, where a rule asks for it or a budget's stop lasts.

    A dry-run reads the state for it where it can; where it cannot, who stopped a resource is unknown.
    """
    asked = "stopped_by" in need.fields or (policy.budgets and lasting_rules(policy))
    if not asked or (store is None and given == "none"):
        return lambda resources: resources
    from finops_guard.apply.stops import stops_of, told
    from finops_guard.state import history

    try:
        records = history.fold(store or state_of(policy, given, environ)).records
    except GuardError:
        return lambda resources: resources
    return partial(told, stops=stops_of(records))


def state_of(policy: Policy, given: str | None, environ: Mapping[str, str]) -> Store:
    """The state of a policy, or the one given: a relative folder starts from the policy's, or from where we are.

    InputError for none, and for a folder where a real cloud is acted on: others would not see it.
    """
    uri = resolve(given or policy.state, environ)
    if uri == "none":
        raise InputError("acting needs a state, and --state none keeps none", help="s3://, gs://, az://, or a folder")
    if "://" not in uri and not on_loopback(environ):
        raise InputError(
            f"acting on a live cloud needs a shared state, and '{uri}' is a folder",
            help="set state: s3://BUCKET/PREFIX in the policy",
        )
    return open_store(uri, Path.cwd() if given else Path(policy.path).resolve().parent)


def on_loopback(environ: Mapping[str, str]) -> bool:
    """Whether the cloud that answers is an emulator on this machine."""
    return urlsplit(environ.get("AWS_ENDPOINT_URL", "")).hostname in ("127.0.0.1", "localhost", "::1")


def by_whom(run_id: str) -> str:
    """Who holds the lease, in words for others."""
    return f"run {run_id} on {gethostname()}"
