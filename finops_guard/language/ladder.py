"""Ladders: what `otherwise` may say, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finops_guard.language.conditions import Place, Reader
from finops_guard.language.schema import TAG_COPIES
from finops_guard.model import DESTRUCTIVE, VERBS, All, AnyOf, Compare, Condition, Not, Param, Rung, canonical

_TAG_WORK = ("set", "copy_from", "rename", "normalise")


def read_ladder(reader: Reader, data: Any, place: Place, match: Condition) -> tuple[Rung, ...]:
    """The rungs; what the schema cannot see is noted: notice before destruction, waiting times, tag work.

    How steps follow one another is only judged in a ladder that is well written otherwise.
    """
    rungs: list[Rung] = []
    for i, step in enumerate(data if isinstance(data, list) else []):
        if isinstance(step, dict) and step.get("do") in VERBS:
            here = (*place, i)
            rung = _rung(reader, step, here)
            if reader.sound(place):
                _check(reader, rung, step, here, rungs, match)
            rungs.append(rung)
    return tuple(rungs)


def _rung(reader: Reader, step: dict[str, Any], place: Place) -> Rung:
    after = step.get("after")
    warn = step.get("warn") if isinstance(step.get("warn"), list) else []
    copy_from = step.get("copy_from")
    reminders = (reader.duration(item, (*place, "warn", i)) for i, item in enumerate(warn or []))
    return Rung(
        do=step["do"],
        after=0 if after == "now" else reader.duration(after, (*place, "after")),
        warn=tuple(reminder for reminder in reminders if reminder is not None),
        mark=step.get("mark") is True,
        enough=step.get("enough") is True,
        set=dict(_values(reader, step.get("set"), (*place, "set"))),
        copy_from=copy_from if copy_from in TAG_COPIES else None,
        rename=dict(_renames(reader, step.get("rename"), (*place, "rename"))),
        normalise=step.get("normalise") is True,
    )


def _values(reader: Reader, data: Any, place: Place) -> Iterator[tuple[str, str | Param]]:
    for key, value in data.items() if isinstance(data, dict) else ():
        if not isinstance(value, str):
            continue
        if value.startswith("$") and not value.startswith("$$"):
            param = reader.parameter(value, (*place, key))
            if param and reader.params[param.name].type != "text":
                reader.problem((*place, key), f"parameter {value} is not text")
            elif param:
                yield key, param
        else:
            yield key, value.removeprefix("$")


def _renames(reader: Reader, data: Any, place: Place) -> Iterator[tuple[str, str]]:
    for old, new in data.items() if isinstance(data, dict) else ():
        if isinstance(new, str) and old == new:
            reader.problem((*place, old), f"'{old}' is renamed to itself")
        elif isinstance(new, str):
            yield old, new


def _check(
    reader: Reader, rung: Rung, step: dict[str, Any], place: Place, before: list[Rung], match: Condition
) -> None:
    earlier = {other.do for other in before}
    if rung.do in DESTRUCTIVE:
        if "notify" not in earlier:
            reader.problem((*place, "do"), f"'{rung.do}' must stand after a notify in its ladder")
        if step.get("after") is None:
            reader.problem((*place, "do"), f"'{rung.do}' says not after how long", "write after: 24h, or after: now")
    if rung.do == "terminate" and not earlier & {"stop", "scale_to_zero"}:
        reader.problem((*place, "do"), "'terminate' must stand after a stop in its ladder")
    if rung.do == "tag" and not any(key in step for key in _TAG_WORK):
        reader.problem((*place, "do"), "'tag' says not what to write", f"give {', '.join(_TAG_WORK)}")
    budgeted = any(name.startswith("budget.") for name in _fields(match)) or not reader.sound((*place[:2], "match"))
    if rung.enough and not budgeted:
        reader.problem((*place, "enough"), "'enough' needs a rule that matches on budget", key=True)
    if rung.warn and step.get("after") is None:
        reader.problem(
            (*place, "warn"), "'warn' reminds before an act that waits", "say how long: after: 24h", key=True
        )
    for i, reminder in enumerate(rung.warn):
        if isinstance(rung.after, int) and isinstance(reminder, int) and reminder >= rung.after:
            reader.problem(
                (*place, "warn", i), "this reminder comes before the wait begins", "make it shorter than after"
            )
    written = [canonical(key) for key in step.get("set") or ()] if isinstance(step.get("set"), dict) else []
    for key in {key for key in written if written.count(key) > 1}:
        reader.problem((*place, "set"), f"tag key '{key}' is set twice", key=True)


def _fields(condition: Condition) -> Iterator[str]:
    match condition:
        case Compare(ref=ref):
            yield ref.name if ref.space == "field" else ""
        case All(items) | AnyOf(items):
            for item in items:
                yield from _fields(item)
        case Not(item):
            yield from _fields(item)
