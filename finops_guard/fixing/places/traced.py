"""Where the tags of a Terraform expression are written: its own literal maps, and those that it gets by name.

`merge(…)`, `local.x` and `var.x` are followed, a variable to the argument of the call. Nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing.hcl import Maps

if TYPE_CHECKING:
    from finops_guard.fixing.places.calls import Level
    from finops_guard.fixing.texts import Texts
    from finops_guard.sources.iac._hcl.syntax import Attribute

_NAME = re.compile(r"\s*(var|local)\.([\w-]+)\s*")
_DEEPEST = 20


def written(
    attribute: Attribute, file: Path, levels: Sequence[Level], texts: Texts, depth: int = 0
) -> Iterator[tuple[Path, Maps]]:
    """The literal maps of an expression in the module at the end of `levels`; what wins comes first."""
    maps = Maps(attribute)
    if levels[-1].ours:
        yield file, maps
    if depth > _DEEPEST:
        return
    for kind, name in names(maps):
        if kind == "local":
            found = texts.module(levels[-1].folder).locals.get(name)
            if found is not None:
                yield from written(found[1], found[0], levels, texts, depth + 1)
            continue
        argument, caller = levels[-1].argument(name), levels[-1].file
        if argument is not None and caller is not None:
            yield from written(argument, caller, levels[:-1], texts, depth + 1)


def passed(attribute: Attribute, levels: Sequence[Level], texts: Texts, depth: int = 0) -> Iterator[str]:
    """The variables of the module at the end of `levels` that an expression passes on; what wins comes first."""
    if depth > _DEEPEST:
        return
    for kind, name in names(Maps(attribute)):
        if kind == "var":
            yield name
        elif (found := texts.module(levels[-1].folder).locals.get(name)) is not None:
            yield from passed(found[1], levels, texts, depth + 1)


def names(maps: Maps) -> Iterator[tuple[str, str]]:
    """The variables and locals that an expression is, or that are arguments of its `merge`; the last one wins."""
    for text in reversed(maps.terms):
        match = _NAME.fullmatch(text)
        if match is not None:
            yield match[1], match[2]
