"""Expressions compiled to functions of a scope: `compiled(node, data)(scope) -> value`.

Compiled once for each place in a file, run once for each instance. Unknown operands give the first one's reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl import choices, loops, templates
from finops_guard.sources.iac._hcl.operators import BINARY, negated, opposite
from finops_guard.sources.iac._hcl.steps import GIVEN, given, step_of, taken
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap, Val, WrongError, parsed, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from finops_guard.sources.iac._hcl.scope import Scope

Run: TypeAlias = "Callable[[Scope], Val]"


def compiled(node: Node, data: bytes) -> Run:
    """An expression as a function; one that the grammar has and we do not is unknown."""
    children = [child for child in node.children if child.type != "comment"]
    make = _KINDS.get(node.type)
    if make is not None:
        return make(node, data)
    if node.type in {"expression", "operation"}:
        return _chain(children, data)
    if len(children) == 1:
        return compiled(children[0], data)
    return constant(Unknown(f"an expression that we do not read: {node.type}"))


def constant(value: Val) -> Run:
    """A function that gives one value."""
    return lambda _scope: value


def _chain(children: list[Node], data: bytes) -> Run:
    """A term, perhaps in parentheses, and what is taken from it: `.name`, `[key]`, `[*]`."""
    first = children[0]
    rest = children[1:]
    if first.type == "(":
        run, rest = _within_parentheses(children, data)
    elif first.type == "variable_expr":
        return _variable(first, rest, data)
    else:
        run = compiled(first, data)
    return taken(run, rest, data, compiled)


def _within_parentheses(children: list[Node], data: bytes) -> tuple[Run, list[Node]]:
    close = next(index for index, child in enumerate(children) if child.type == ")")
    return _chain(children[1:close], data), children[close + 1 :]


def _variable(node: Node, rest: list[Node], data: bytes) -> Run:
    root = _text(node, data)
    if root[0].isdecimal():
        return taken(constant(parsed(root)), rest, data, compiled)  # see syntax._EXPONENT
    names = []
    for step in rest:
        if step.type != "get_attr":
            break
        names.append(_text(step.children[-1], data))
    steps = tuple(names)
    whole = [step_of(step, data, compiled) for step in rest] if not any(step.type == "splat" for step in rest) else None

    if whole is not None:

        def look(scope: Scope) -> Val:
            if root in scope.names:
                value, used = scope.names[root], 0
            else:
                value, used = scope.module.look(root, steps)
            for step in whole[used:]:
                value = step(value, scope)
            return value

        return look
    after = [taken(given, rest[index:], data, compiled) for index in range(len(steps) + 1)]

    def splat(scope: Scope) -> Val:
        if root in scope.names:
            value, used = scope.names[root], 0
        else:
            value, used = scope.module.look(root, steps)
        return after[used](scope.within({GIVEN: value}))

    return splat


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode()


def _literal(node: Node, data: bytes) -> Run:
    child = node.children[0]
    if child.type == "numeric_lit":
        return constant(parsed(_text(child, data)))
    if child.type == "bool_lit":
        return constant(_text(child, data) == "true")
    if child.type == "null_lit":
        return constant(None)
    return _string(child, data)


def _string(node: Node, data: bytes) -> Run:
    raw = data[node.start_byte + 1 : node.end_byte - 1].decode()
    return constant(templates.literal(raw, quoted=True))


def _template(node: Node, data: bytes) -> Run:
    child = node.children[0]
    make = templates.quoted if child.type == "quoted_template" else templates.heredoc
    return make(child, data, compiled)


def _tuple(node: Node, data: bytes) -> Run:
    items = [compiled(child, data) for child in node.children if child.type == "expression"]
    return lambda scope: [item(scope) for item in items]


def _object(node: Node, data: bytes) -> Run:
    pairs = []
    for element in node.children:
        if element.type == "object_elem":
            key, value = (child for child in element.children if child.type == "expression")
            pairs.append((_key(key, data), compiled(value, data)))

    def make(scope: Scope) -> Val:
        found: dict[str, Val] = {}
        open_because = None
        for key, value in pairs:
            name = text(key(scope))
            if isinstance(name, Unknown):
                open_because = name.reason
            else:
                found[name] = value(scope)
        return found if open_because is None else OpenMap(_hidden(found, open_because), open_because)

    return make


def _hidden(found: dict[str, Val], reason: str) -> list[tuple[str, Val]]:
    """A key that cannot be told may be any of these, and its value may be the last one."""
    return [(name, Unknown(reason)) for name in found]


def _key(node: Node, data: bytes) -> Run:
    """A key of an object: a bare name is itself, in parentheses it is an expression."""
    children = [child for child in node.children if child.type != "comment"]
    if len(children) == 1 and children[0].type == "variable_expr":
        return constant(_text(node, data))
    if len(children) == 1 and children[0].type == "literal_value" and children[0].children[0].type != "string_lit":
        return constant(_text(node, data))
    return compiled(node, data)


def _call(node: Node, data: bytes) -> Run:
    name = _text(node.children[0], data)
    inside = next((child for child in node.children if child.type == "function_arguments"), None)
    arguments = [] if inside is None else [child for child in inside.children if child.type == "expression"]
    runs = [compiled(child, data) for child in arguments]
    spread = inside is not None and any(child.type == "ellipsis" for child in inside.children)
    if name in {"try", "can"}:
        return choices.tried(runs) if name == "try" else choices.can(runs)
    if not spread:
        return lambda scope: scope.module.call(name, [run(scope) for run in runs])

    def call(scope: Scope) -> Val:
        values = [run(scope) for run in runs]
        last = values.pop()
        if isinstance(last, (Unknown, Lazy)):
            return last if isinstance(last, Unknown) else Unknown(last.reason)
        if not isinstance(last, list):
            raise WrongError("only a list can be spread")
        return scope.module.call(name, [*values, *last])

    return call


def _binary(node: Node, data: bytes) -> Run:
    parts = [child for child in node.children if child.type != "comment"]
    at = next(index for index, child in enumerate(parts) if not child.is_named and child.type not in "()")
    left, right = _chain(parts[:at], data), _chain(parts[at + 1 :], data)
    return BINARY[parts[at].type](left, right)


def _unary(node: Node, data: bytes) -> Run:
    parts = [child for child in node.children if child.type != "comment"]
    run = _chain(parts[1:], data)
    if parts[0].type == "-":
        return lambda scope: negated(run(scope))
    return lambda scope: opposite(run(scope))


_KINDS: dict[str, Callable[[Node, bytes], Run]] = {
    "literal_value": _literal,
    "string_lit": _string,
    "template_expr": _template,
    "tuple": _tuple,
    "object": _object,
    "function_call": _call,
    "conditional": lambda node, data: choices.conditional(node, data, compiled),
    "binary_operation": _binary,
    "unary_operation": _unary,
    "for_expr": lambda node, data: loops.repeated(node, data, compiled),
}
