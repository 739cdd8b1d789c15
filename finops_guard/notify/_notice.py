"""What is told, to one channel. A notice is data; each channel gives it its own form.

Keys are for receivers: a notice may arrive twice (a crash between sending it and recording that it was sent), with the
same key. An item's key is the same for the same finding, rung and episode; a notice's follows from those of its items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, TypeAlias, cast

from finops_guard.model import Money
from finops_guard.outputs._units import utc
from finops_guard.state.values import decode, encode

Kind: TypeAlias = Literal["finding", "reminder", "act", "alert"]
SCHEMA = "finops-guard/notice/1"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is told; of an alert only `title` and `why` are given.

    `rung` is the one that this notice carries out, reminds of or tells the outcome of. `do`, `due` and `loses` are of
    what comes next, or of what was done, whose `state` is done or failed, and `undo` the command that takes it back.
    """

    key: str
    title: str
    why: tuple[str, ...] = ()
    finding: str = ""
    rung: int = 0
    rule: str = ""
    severity: str = ""
    resource: str = ""
    name: str = ""
    type: str = ""
    account: str = ""
    region: str = ""
    month: Money | None = None
    saves: Money | None = None
    do: str = ""
    due: datetime | None = None
    loses: tuple[str, ...] = ()
    state: str = ""
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Items that belong together for their reader: those of a team, an owner, a rule or an account."""

    name: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What one channel (`channel` is its identity) is told at once.

    `recipient` is whom it is for where the channel goes to owners. `head` is the hash that vouches for the journal.
    Relative paths of a channel start from `folder`. `late`: it comes from an earlier run.
    """

    policy: str
    run: str
    at: datetime
    kind: Kind
    channel: str
    groups: tuple[Group, ...]
    recipient: str = ""
    head: str = ""
    folder: str = "."
    late: bool = False

    @property
    def items(self) -> Iterator[Item]:
        """All items, group by group."""
        for group in self.groups:
            yield from group.items

    @property
    def key(self) -> str:
        """The same for the same items to the same channel and recipient."""
        return key_of(self.kind, self.channel, self.recipient, *sorted(item.key for item in self.items))

    def of(self, keys: frozenset[str]) -> Notice:
        """The notice with only the items of those keys."""
        groups = (replace(group, items=tuple(i for i in group.items if i.key in keys)) for group in self.groups)
        return replace(self, groups=tuple(group for group in groups if group.items))


def key_of(*parts: object) -> str:
    """A key from what makes it one."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def to_json(notice: Notice) -> dict[str, object]:
    """A notice for programs: what the file, SNS and webhook channels send."""
    return {
        "schema": SCHEMA,
        "key": notice.key,
        "kind": notice.kind,
        "policy": notice.policy,
        "run": notice.run,
        "at": utc(notice.at),
        "for": notice.recipient or None,
        "journal": notice.head or None,
        "groups": [{"name": group.name, "items": [_item(item) for item in group.items]} for group in notice.groups],
    }


def _item(item: Item) -> dict[str, object]:
    told: dict[str, object] = {"key": item.key, "title": item.title, "why": list(item.why)}
    if item.finding:
        told |= {"finding": item.finding, "rule": item.rule, "severity": item.severity}
    if item.resource:
        names = ("name", "type", "account", "region")
        told["resource"] = {"id": item.resource, **{name: getattr(item, name) for name in names}}
        told["cost_month"] = _money(item.month)
    if item.do:
        due = utc(item.due) if item.due else None
        step = {"do": item.do, "due": due, "loses": list(item.loses), "saves_month": _money(item.saves)}
        done = {"state": item.state, "undo": item.undo or None} if item.state else {}
        told["done" if item.state else "next"] = step | done
    return told


def _money(money: Money | None) -> dict[str, str] | None:
    return {"amount": str(money.amount), "currency": money.currency} if money else None


def pack(notice: Notice) -> dict[str, object]:
    """A notice as plain JSON from which `unpack` makes it again."""
    groups = [[group.name, [_fields(item) for item in group.items]] for group in notice.groups]
    return {**_fields(notice), "groups": groups}


def unpack(raw: Mapping[str, Any]) -> Notice:
    """The notice that was packed; ValueError, KeyError or TypeError if it was none."""
    known = {name: decode(value) for name, value in raw.items() if name in Notice.__slots__ and name != "groups"}
    groups = tuple(Group(str(name), tuple(_to_item(item) for item in items)) for name, items in raw["groups"])
    return Notice(**cast("dict[str, Any]", known), groups=groups)


def _to_item(raw: Mapping[str, object]) -> Item:
    known = {name: decode(value) for name, value in raw.items() if name in Item.__slots__}
    lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    return Item(**cast("dict[str, Any]", known | lists))


def _fields(of: Notice | Item) -> dict[str, object]:
    return {name: encode(getattr(of, name)) for name in type(of).__slots__ if name != "groups"}
