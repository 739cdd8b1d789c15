"""What is told of what was done: from the journal alone, so that whoever reads it later tells the same. Pure.

- An act that was done, or failed, is told once for each of its rules; each try that fails is another.
- Of one that was not sent after all, and of the mark that a notice writes, nothing is told.
- Why it was done, for how much, and how it is taken back stand in the journal too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from finops_guard.apply.intended import UNDO
from finops_guard.apply.reading import resource_of
from finops_guard.evaluate.findings import fingerprint
from finops_guard.model import SEVERITIES, Outcome, Rule
from finops_guard.notify._items import LONGEST_ID, clipped
from finops_guard.notify._notice import Item, Notice, key_of
from finops_guard.notify._route import Case, routed
from finops_guard.outputs._view import short_name
from finops_guard.plan.ladder import DUE_TAG
from finops_guard.state.entries import Act, Entry, open_acts

if TYPE_CHECKING:
    from finops_guard.model import Policy

_OPEN = "whether it was done is not known yet; the next run finds out"


@dataclass(frozen=True, slots=True)
class Deed:
    """An act of a run with what came of it. `place` is where the journal says so."""

    run: str
    act: Act
    outcome: Outcome
    at: datetime
    place: str


def deeds(chain: Iterable[Entry]) -> Iterator[Deed]:
    """What one chain says was done, or tried; last, what it cannot tell."""
    entries = list(chain)
    intended: dict[str, Act] = {}
    for entry in entries:
        intended |= {act.step: act for act in entry.acts}
        for outcome in entry.outcomes:
            if outcome.step in intended:
                place = f"{entry.run} {entry.shard} {entry.seq}"
                yield Deed(entry.run, intended[outcome.step], outcome, entry.at, place)
    for open_ in open_acts(entries).values():
        unknown = Outcome(open_.act.step, "failed", {}, {}, _OPEN)
        yield Deed(open_.run, open_.act, unknown, open_.at, f"{open_.run} {open_.shard} {open_.seq} open")


def told(done: Iterable[Deed], policy: Policy, run: str, now: datetime, *, head: str = "") -> list[Notice]:
    """The notices of what a run did."""
    rules = _rules(policy)
    cases = (case for deed in done if _tells(deed) for case in _cases(deed, policy, rules))
    return routed(cases, policy, run, now, head)


def _tells(deed: Deed) -> bool:
    keys = {*deed.act.before, *deed.act.after}
    return deed.outcome.state in ("done", "failed") and keys != {DUE_TAG}


def _rules(policy: Policy) -> dict[str, tuple[Rule, bool]]:
    """Rules by id, as the binding that takes them most seriously has them, and whether any binding speaks of them."""
    found: dict[str, tuple[Rule, bool]] = {}
    for binding in policy.bindings:
        speaks = "notify" in policy.permit & binding.permit
        for rule in binding.rules:
            known, spoken = found.get(rule.id, (rule, False))
            graver = max((known, rule), key=lambda each: SEVERITIES.index(each.severity))
            found[rule.id] = graver, spoken or speaks
    return found


def _cases(deed: Deed, policy: Policy, rules: Mapping[str, tuple[Rule, bool]]) -> Iterator[Case]:
    for id_ in dict.fromkeys(deed.act.rules):
        rule, speaks = rules.get(id_, (None, True))  # a rule that the policy no longer has: it acted, so it is told
        if speaks:
            yield Case("act", _item(deed, id_, rule, policy), deed.act.team, deed.act.owner)


def _item(deed: Deed, id_: str, rule: Rule | None, policy: Policy) -> Item:
    act, outcome = deed.act, deed.outcome
    finding = fingerprint(id_, act.resource)
    resource = resource_of(act)
    resource.fields["name"] = act.name
    taken_back = act.verb.startswith(UNDO)
    return Item(
        key=key_of(policy.name, "act", deed.place, act.step, id_),
        title=clipped(rule.title if rule else id_),
        why=tuple(clipped(why) for why in _why(deed, id_)),
        finding=finding,
        rung=next((rung for served, rung in act.serves if served == finding), 0),
        rule=id_,
        severity=rule.severity if rule else SEVERITIES[-1],
        resource=clipped(act.resource, LONGEST_ID),
        name=clipped(short_name(resource)),
        type=clipped(act.type),
        account=clipped(act.account),
        region=clipped(act.region),
        month=act.month,
        saves=act.saves_month,
        do=f"undo {act.verb.removeprefix(UNDO)}" if taken_back else act.verb,
        due=deed.at,
        loses=act.loses,
        state=outcome.state,
        undo=f"finops-guard undo {deed.run}" if _can_be_undone(deed) else "",
    )


def _why(deed: Deed, id_: str) -> Iterator[str]:
    """What went wrong, then why it was done: by whose order it was put back, and what broke the rule."""
    if deed.outcome.error:
        yield deed.outcome.error
    if deed.act.verb.startswith(UNDO):
        yield deed.act.why
    yield from deed.act.reasons.get(id_, ())


def _can_be_undone(deed: Deed) -> bool:
    return deed.act.reversible and deed.outcome.state == "done" and not deed.act.verb.startswith(UNDO)
