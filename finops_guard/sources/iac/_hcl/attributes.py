"""Attributes evaluated: of HCL an expression, of JSON a value whose strings are templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl import syntax, templates
from finops_guard.sources.iac._hcl.expressions import compiled, constant
from finops_guard.sources.iac._hcl.graphemes import composed
from finops_guard.sources.iac._hcl.values import OpenMap, Val, WrongError, text

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.scope import Scope
    from finops_guard.sources.iac._hcl.syntax import Attribute

_MARK = "FINOPS_GUARD_TEMPLATE"


def evaluate(attribute: Attribute, scope: Scope) -> Val:
    """The value of an attribute; WrongError where Terraform would refuse it."""
    run = attribute.run
    if run is None:
        node = attribute.node
        run = attribute.run = compiled(*node) if isinstance(node, tuple) else from_json(node)
    return run(scope)


def told(attribute: Attribute, scope: Scope) -> Val:
    """The value of an attribute; what Terraform would refuse is unknown, and so is what nests too deeply."""
    try:
        return evaluate(attribute, scope)
    except WrongError as wrong:
        return Unknown(f"{attribute.name}: {wrong}")
    except RecursionError:
        return Unknown(f"{attribute.name} refers to what refers to more, too deeply")


def from_json(value: Val) -> Callable[[Scope], Val]:
    """A value of JSON as a function of a scope."""
    if isinstance(value, str):
        return template(value)
    if isinstance(value, list):
        items = [from_json(item) for item in value]
        return lambda scope: [item(scope) for item in items]
    if not isinstance(value, dict):
        return constant(value)
    pairs = [(template(key), from_json(item)) for key, item in value.items() if key != "//"]

    def make(scope: Scope) -> Val:
        found: dict[str, Val] = {}
        for key, item in pairs:
            name = text(key(scope))
            if isinstance(name, Unknown):
                return OpenMap(((each, name) for each in found), name.reason)
            found[name] = item(scope)
        return found

    return make


def template(value: str) -> Callable[[Scope], Val]:
    """A whole template; WrongError when it runs and is none."""
    if "${" not in value and "%{" not in value:
        return constant(composed(str(value)))
    mark = _MARK
    while mark in value:
        mark += "_"
    data = f"v = <<{mark}\n{value}\n{mark}\n".encode()
    root = syntax.parser().parse(data).root_node
    node = root
    while node.type != "heredoc_template" and node.children:
        node = next(
            (child for child in node.children if child.type != "identifier" and child.is_named), node.children[0]
        )
    if root.has_error or node.type != "heredoc_template":
        return constant(Unknown("a template that cannot be read"))
    return templates.heredoc(node, data, compiled, wrapped=True)
