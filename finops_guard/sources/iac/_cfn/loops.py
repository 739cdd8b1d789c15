"""`Fn::ForEach`: sections and maps with their loops run (Template Reference, "Fn::ForEach")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.scope import Scope, text_of
from finops_guard.sources.iac._marked import Map

MAX_PARTS = 200_000
"""Values that all loops of a template may write, each round counted: loops within loops multiply."""
LOOP = "Fn::ForEach::"
_NO_LOOP = "a Fn::ForEach that is not [name, list, map]"


@dataclass(frozen=True, slots=True)
class Rounds:
    """A loop: the name that stands for each value in turn, the values, and what is written for each."""

    name: str
    values: list[str] | Unknown
    template: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a section: its body, where it stands, and what it is said of.

    `stands_for`: why it is not one entry, or whether it is there cannot be told; None where it is just what it says.
    """

    name: str
    body: object
    at: int
    scope: Scope
    stands_for: str | None = None


def entries(section: object, scope: Scope) -> Iterator[Entry]:
    """The entries of a section (`Resources`, `Conditions`), its loops run."""
    for key, body in section.items() if isinstance(section, dict) else ():
        at = section.keys_at.get(key, section.at) if isinstance(section, Map) else 0
        if not key.startswith(LOOP):
            yield Entry(scope.filled(key), body, at, scope)
            continue
        loop = rounds_of(body, scope)
        if loop is None:
            yield Entry(key, {}, at, scope, _NO_LOOP)
        elif isinstance(loop.values, Unknown):
            for entry in entries(loop.template, scope):
                yield replace(entry, stands_for=loop.values.reason)
        else:
            for each in loop.values:
                yield from entries(loop.template, scope.within(loop.name, each))


def keys_of(node: Mapping[str, object], scope: Scope) -> Iterator[tuple[str, object, Scope] | str]:
    """The keys of a map, its loops run, with the scope of their values; why there may be more of them is a text."""
    for key, part in node.items():
        if not key.startswith(LOOP):
            yield key, part, scope
            continue
        loop = rounds_of(part, scope)
        if loop is None:
            yield _NO_LOOP
        elif isinstance(loop.values, Unknown):
            yield loop.values.reason
        else:
            for each in loop.values:
                yield from keys_of(loop.template, scope.within(loop.name, each))


def rounds_of(body: object, scope: Scope) -> Rounds | None:
    """A loop's three parts; None where it has not all of them."""
    match body:
        case [str(name), values, dict(template)]:
            found = scope.value(values)
        case _:
            return None
    if isinstance(found, Unknown):
        return Rounds(name, found, template)
    if not isinstance(found, list):
        return None
    for each in found:
        if isinstance(each, Unknown):
            return Rounds(name, each, template)
    scope.spent["parts"] += len(found) * _size(template)
    if scope.spent["parts"] > MAX_PARTS:
        return Rounds(name, Unknown(f"loops that write more than {MAX_PARTS} values in all"), template)
    return Rounds(name, [text_of(each) for each in found], template)


def _size(template: object) -> int:
    waiting, size = [template], 0
    while waiting:
        part = waiting.pop()
        size += 1
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return size
