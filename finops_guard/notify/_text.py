"""A notice for people, as plain text. Text of strangers in it steers no terminal and hides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from finops_guard.model import SEVERITIES
from finops_guard.outputs._escape import visible
from finops_guard.outputs._units import money, when

if TYPE_CHECKING:
    from finops_guard.notify._notice import Item, Notice

_KINDS = {"finding": "finding", "reminder": "reminder", "act": "act", "alert": "alert"}


def subject(notice: Notice) -> str:
    """One line: how many of what, how grave, under which policy."""
    items = list(notice.items)
    if notice.kind == "alert":
        return visible(f"{notice.policy}: {items[0].title}")
    counts = Counter(item.state if notice.kind == "act" else item.severity for item in items)
    order = ("failed", "done", *reversed(SEVERITIES))
    split = ", ".join(f"{counts[name]} {name}" for name in order if counts[name])
    what = f"{len(items):,} {_KINDS[notice.kind]}{'s' * (len(items) != 1)}"
    return visible(f"{notice.policy}: {what} ({split})")


def body(notice: Notice) -> str:
    """The whole notice, ending in a newline."""
    return "\n".join([subject(notice), *_lines(notice)]) + "\n"


def _lines(notice: Notice) -> Iterator[str]:
    for group in notice.groups:
        yield ""
        if group.name:
            yield visible(group.name)
        for item in group.items:
            yield from _item(item)
    yield ""
    yield f"run {notice.run}" + (f", journal {notice.head}" if notice.head else "")


def _item(item: Item) -> Iterator[str]:
    about = f" ({item.rule}, {item.severity})" if item.rule else ""
    yield visible(f"- {item.title}{about}")
    if item.resource:
        place = "/".join(part for part in (item.account, item.region) if part)
        cost = f", {money(item.month)} a month" if item.month else ""
        yield visible(f"  {item.name} ({', '.join(part for part in (item.type, place) if part)}){cost}")
        yield visible(f"  {item.resource}")
    for reason in item.why:
        yield visible(f"  {reason}")
    if item.do:
        yield visible(f"  {_step(item)}")
    if item.undo:
        yield visible(f"  to take it back: {item.undo}")


def _step(item: Item) -> str:
    saves = f", saves {money(item.saves)} a month" if item.saves else ""
    loses = f"; loses {', '.join(item.loses)}" if item.loses else ""
    if item.state:
        return f"{item.do}: {item.state}{saves}{loses}"
    return f"next: {item.do}" + (f" on {when(item.due)}" if item.due else "") + saves + loses
