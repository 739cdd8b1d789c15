"""Rules as sentences: what a ladder does, how long a wait is, what an example looks like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from finops_guard.model import All, Condition, Param, Parameter, Rung
from finops_guard.outputs._conditions import said
from finops_guard.outputs._units import bare, duration


def parts(condition: Condition) -> list[str]:
    """What must all hold, each part in words."""
    if isinstance(condition, All) and condition.items:
        return [said(item) for item in condition.items]
    return [said(condition)]


def step(rung: Rung) -> str:
    """One step of a ladder: `stop after 24h, with a reminder 4h before`."""
    words = [f"{_act(rung)}{_wait(rung)}"]
    if rung.mark:
        words.append("leaving the due time on the resource as a tag")
    if rung.warn:
        times = " and ".join(time(each) for each in rung.warn)
        words.append(f"with a reminder {times} before")
    if rung.enough:
        words.append("until the projected spend is under the limit")
    return ", ".join(words)


def _act(rung: Rung) -> str:
    if rung.do != "tag":
        return rung.do.replace("_", " ")
    return "tag: " + "; ".join(_writes(rung))


def _writes(rung: Rung) -> Iterator[str]:
    for key, value in rung.set.items():
        yield f"{key} = {f'${value.name}' if isinstance(value, Param) else value}"
    for old, new in rung.rename.items():
        yield f"{old} becomes {new}"
    if rung.copy_from:
        yield f"copied from the {rung.copy_from}"
    if rung.normalise:
        yield "keys in their one spelling"


def _wait(rung: Rung) -> str:
    if rung.after is None:
        return ""
    return " at once" if rung.after == 0 else f" after {time(rung.after)}"


def time(seconds: int | Param) -> str:
    """A duration or the parameter that holds it."""
    return f"${seconds.name}" if isinstance(seconds, Param) else duration(seconds)


def value_of(param: Parameter) -> str:
    """A parameter's default in words."""
    if param.required:
        return "none: the policy must give it"
    if param.default == ():
        return "any"
    return bare(param.default, param.type)


def written(data: Any) -> str:  # noqa: ANN401 - a document's value
    """Data as it stands in a document, on one line."""
    match data:
        case Mapping():
            return "{" + ", ".join(f"{_text(key)}: {written(value)}" for key, value in data.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(written(item) for item in data) + "]"
        case bool():
            return "true" if data else "false"
        case None:
            return "null"
        case str():
            return _text(data)
        case _:
            return str(data)


def _text(text: str) -> str:
    """Text, in quotes where YAML would read something else."""
    from finops_guard.language.document import Document

    try:
        bare_ = Document("", f"[{text}]").data == [text] and not text.startswith(("'", '"', "["))
    except Exception:  # noqa: BLE001 - whatever is wrong with it, quotes help
        bare_ = False
    return text if bare_ else "'" + text.replace("'", "''") + "'"
