"""The `type` of a variable, as a type of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl import syntax
from finops_guard.sources.iac._hcl.expressions import compiled
from finops_guard.sources.iac._hcl.scope import Scope
from finops_guard.sources.iac._hcl.unification import Type
from finops_guard.sources.iac._hcl.values import Val, WrongError

if TYPE_CHECKING:
    from tree_sitter import Node

    from finops_guard.sources.iac._hcl.syntax import Attribute

_WORDS = frozenset(("string", "number", "bool", "any"))
_COLLECTIONS = frozenset(("list", "set", "map"))


class _Nothing:
    """Constraints refer to nothing."""

    def look(self, root: str, _steps: tuple[str, ...]) -> tuple[Val, int]:
        """Not a value."""
        return Unknown(f"{root} in a type"), 0

    def call(self, name: str, _values: list[Val]) -> Val:
        """Not a value."""
        return Unknown(f"{name}() in a type")


def constraint(attribute: Attribute) -> Type | None:
    """What a `type` says, in JSON a string; None for one that we do not read."""
    node = attribute.node
    if isinstance(node, str):
        written = syntax.parse(f"type = {node}\n".encode(), "").body.attributes.get("type")
        node = None if written is None else written.node
    if not isinstance(node, tuple):
        return None
    try:
        return _type(*node)
    except (WrongError, StopIteration, IndexError, ValueError, RecursionError):
        return None


def _type(node: Node, data: bytes) -> Type:
    node = _inner(node)
    if node.type in {"variable_expr", "string_lit", "template_literal"}:
        word = data[node.start_byte : node.end_byte].decode().strip('"')
        if word in _WORDS:
            return word
        if word in _COLLECTIONS:
            return (word, "any")
        raise WrongError(word)
    if node.type != "function_call":
        raise WrongError(node.type)
    name = data[node.children[0].start_byte : node.children[0].end_byte].decode()
    arguments = next(child for child in node.children if child.type == "function_arguments")
    first = _inner(next(child for child in arguments.children if child.type == "expression"))
    if name in _COLLECTIONS:
        return (name, _type(first, data))
    if name == "tuple":
        return ("tuple", tuple(_type(child, data) for child in first.children if child.type == "expression"))
    if name != "object":
        raise WrongError(name)
    attributes: dict[str, Type] = {}
    optional: dict[str, Any] = {}
    for element in first.children:
        if element.type == "object_elem":
            key, value = (child for child in element.children if child.type == "expression")
            label = data[key.start_byte : key.end_byte].decode().strip('"')
            attributes[label] = _optional(label, _inner(value), data, optional)
    return ("object", attributes, optional)


def _optional(label: str, node: Node, data: bytes, optional: dict[str, Any]) -> Type:
    if node.type != "function_call" or data[node.children[0].start_byte : node.children[0].end_byte] != b"optional":
        return _type(node, data)
    arguments = next(child for child in node.children if child.type == "function_arguments")
    parts = [child for child in arguments.children if child.type == "expression"]
    optional[label] = compiled(parts[1], data)(Scope(_Nothing(), {})) if len(parts) > 1 else None
    return _type(parts[0], data)


def _inner(node: Node) -> Node:
    """Past the nodes that only wrap one other."""
    while node.type in {"expression", "literal_value", "collection_value", "template_expr"}:
        named = [child for child in node.children if child.is_named and child.type != "comment"]
        if len(named) != 1:
            break
        node = named[0]
    return node
