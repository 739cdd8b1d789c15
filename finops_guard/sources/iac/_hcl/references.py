"""Which declared resource an argument of another one refers to: launch templates, task definitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.looks import Attributes
from finops_guard.sources.iac._hcl.module import Computed, Declared

if TYPE_CHECKING:
    from finops_guard.sources.iac._types import IacType, Path

_WRITTEN = re.compile(r"\s*([a-z][a-z0-9_]*)\.([\w-]+)(\[[^\]]*\])?\.\w+\s*")
_FAMILY = re.compile(r'\s*"\$\{\s*([a-z][a-z0-9_]*)\.([\w-]+)(\[[^\]]*\])?\.family\s*\}:[^"]*"\s*')
"""A task definition by its family and a revision, whichever: `"${aws_ecs_task_definition.t.family}:${…}"`."""


def of_machines(declared: Declared, row: IacType, side: Attributes) -> Attributes | Unknown | None:
    """The resource that has the machines, as `via` of its row says; None where none is named."""
    for path in row.via:
        found = referred(declared, path, side)
        if found is not None:
            return found if isinstance(found, Unknown) else Attributes(found)
    return None


def referred(declared: Declared, path: Path, side: Attributes) -> Declared | Unknown | None:
    """What an argument refers to; Unknown where that is not declared here, None where it says nothing."""
    value = side.look(path)
    if value is None:
        return None
    if isinstance(value, Computed) and value.owner is not None:
        return value.owner
    found = _by_name(declared, path)
    if found is not None:
        return found
    why = f": {value.reason}" if isinstance(value, Unknown) else ""
    return Unknown(f"its {path[0]} is not declared here{why}")


def _by_name(declared: Declared, path: Path) -> Declared | None:
    """What an argument refers to by a name that is known, as its expression is written."""
    body = declared.block.body
    for step in path[:-1]:
        if isinstance(step, str):
            inner = next(body.named(step), None)
            if inner is None:
                return None
            body = inner.body
    attribute = body.attributes.get(str(path[-1]))
    if attribute is None or not isinstance(attribute.node, tuple):
        return None
    node, data = attribute.node
    written = data[node.start_byte : node.end_byte].decode()
    match = _WRITTEN.fullmatch(written) or _FAMILY.fullmatch(written)
    if match is None or (match[1], match[2]) not in declared.module.config.resources:
        return None
    instances = declared.module.declared(match[1], match[2])
    if isinstance(instances, Unknown):
        return None
    if len(instances) == 1:
        return instances[0]
    return next((each for each in instances if each.instance.index == declared.instance.index), None)
