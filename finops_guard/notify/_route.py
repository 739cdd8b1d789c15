"""To whom what is told goes: each channel by its `for`, owners one by one, all others in groups. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.notify._channels import To, identity
from finops_guard.notify._items import clipped
from finops_guard.notify._notice import Group, Item, Kind, Notice

if TYPE_CHECKING:
    from finops_guard.model import Policy

_NO = {"team": "(no team)", "owner": "(no owner)", "rule": "(no rule)", "account": "(no account)"}


@dataclass(frozen=True, slots=True)
class Case:
    """An item with what it is routed by: its own rule, severity and account, and the people of its resource."""

    kind: Kind
    item: Item
    team: str
    owner: str


def routed(cases: Iterable[Case], policy: Policy, run: str, now: datetime, head: str = "") -> list[Notice]:
    """The notices of a run to the channels of a policy. `head` is the newest hash of the journal."""
    every, folder = list(cases), str(Path(policy.path).parent)
    made = []
    for to in policy.channels:
        for kind, recipient, groups in _addressed(to, [case for case in every if _fits(to, case)], policy):
            made.append(Notice(policy.name, run, now, kind, identity(to), groups, recipient, head, folder))
    return made


def _fits(to: To, case: Case) -> bool:
    """Whether a channel's `for` lets a case through."""
    wanted = to.get("for")
    if not isinstance(wanted, Mapping):
        return True
    actual = {"severity": case.item.severity, "team": case.team, "rule": case.item.rule}
    return all(actual[name] in (want if isinstance(want, list) else [want]) for name, want in wanted.items())


def _addressed(to: To, cases: list[Case], policy: Policy) -> Iterator[tuple[Kind, str, tuple[Group, ...]]]:
    """Kind, recipient and groups of each notice to a channel."""
    by_owner = to.get("to") == "owner"
    apart: dict[tuple[Kind, str], list[Case]] = defaultdict(list)
    for case in cases:
        apart[case.kind, _recipient(case, policy) if by_owner else ""].append(case)
    for (kind, recipient), some in sorted(apart.items(), key=lambda pair: pair[0]):
        yield kind, recipient, tuple(_groups(some, str(to.get("group_by") or "team")))


def _recipient(case: Case, policy: Policy) -> str:
    known = policy.teams.get(case.team)
    return (known.lead if known else None) or clipped(case.owner) or policy.owner


def _groups(cases: Iterable[Case], by: str) -> Iterator[Group]:
    name: Callable[[Case], str] = {
        "team": lambda case: case.team,
        "owner": lambda case: case.owner,
        "rule": lambda case: case.item.rule,
        "account": lambda case: case.item.account,
    }.get(by, lambda _case: "")
    together: dict[str, dict[str, Item]] = defaultdict(dict)
    for case in cases:
        together[clipped(name(case))][case.item.key] = case.item
    for group, items in sorted(together.items(), key=lambda pair: (not pair[0], pair[0])):
        yield Group(group or _NO.get(by, ""), tuple(items.values()))
