"""Nested blocks as values: lists of what each says, dynamic ones repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.attributes import told
from finops_guard.sources.iac._hcl.templates import pairs
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap, Val, WrongError

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.scope import Scope
    from finops_guard.sources.iac._hcl.syntax import Block, Body

_COMPUTED = "what a block does not say is known after apply"


def has(body: Body, name: str) -> bool:
    """Whether there is an argument or a block of a name."""
    return name in body.attributes or any(_is(block, name) for block in body.blocks)


def nested(body: Body, name: str, scope: Scope) -> Val:
    """The blocks of a name in order, None where there are none; what may be there or not is an Unknown among them."""
    found: list[Val] = []
    there = False
    for block in body.blocks:
        if not _is(block, name):
            continue
        there = True
        if block.type == "dynamic":
            found += _dynamic(block, name, scope)
        else:
            found.append(_object(block.body, scope))
    return found if there else None


def _is(block: Block, name: str) -> bool:
    return block.type == name or (block.type == "dynamic" and block.labels == (name,))


def _object(body: Body, scope: Scope) -> Val:
    found = {name: told(attribute, scope) for name, attribute in body.attributes.items()}
    for block in body.blocks:
        name = block.labels[0] if block.type == "dynamic" and block.labels else block.type
        if name not in found:
            found[name] = nested(body, name, scope)
    return OpenMap(found.items(), _COMPUTED)


def _dynamic(block: Block, name: str, scope: Scope) -> list[Val]:
    """`dynamic "name" { for_each, iterator, content }`."""
    attributes = block.body.attributes
    content = next(block.body.named("content"), None)
    if content is None or "for_each" not in attributes:
        return [Unknown(f"a dynamic block of {name} without content")]
    iterator = attributes.get("iterator")
    called = name if iterator is None else _bare(iterator.node)
    over = told(attributes["for_each"], scope)
    if isinstance(over, (Unknown, Lazy)):
        return [Unknown(over.reason)]
    try:
        through = pairs(over)
    except WrongError as wrong:
        return [Unknown(str(wrong))]
    found = [_object(content.body, scope.within({called: {"key": key, "value": value}})) for key, value in through]
    return [*found, Unknown(over.reason)] if isinstance(over, OpenMap) else found


def _bare(node: Val) -> str:
    if not isinstance(node, tuple):
        return str(node)
    expression, data = node
    return str(data[expression.start_byte : expression.end_byte].decode())
