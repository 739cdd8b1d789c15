"""What stands behind a term: `.name`, `[key]`, and `[*]` with what is taken from each element."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.traversal import attribute, each_of, indexed
from finops_guard.sources.iac._hcl.types import type_of
from finops_guard.sources.iac._hcl.unification import unify
from finops_guard.sources.iac._hcl.values import List, Val

if TYPE_CHECKING:
    from tree_sitter import Node

    from finops_guard.sources.iac._hcl.scope import Scope

Run: TypeAlias = "Callable[[Scope], Val]"
Compile: TypeAlias = "Callable[[Node, bytes], Run]"
GIVEN = "\0"
"""The name of the value from which something is taken: none that sources could use."""
_STEPS = frozenset(("get_attr", "index", "splat"))


def given(scope: Scope) -> Val:
    """The value from which something is taken."""
    return scope.names[GIVEN]


def taken(run: Run, rest: list[Node], data: bytes, compile_: Compile) -> Run:
    """What is taken from a term, step by step; after a splat, from each of its elements."""
    for at, step in enumerate(rest):
        if step.type == "splat":
            return _splat(run, step, rest[at + 1 :], data, compile_)
        run = _then(run, step_of(step, data, compile_))
    return run


def _then(run: Run, step: Callable[[Val, Scope], Val]) -> Run:
    return lambda scope: step(run(scope), scope)


def step_of(node: Node, data: bytes, compile_: Compile) -> Callable[[Val, Scope], Val]:
    """One step as a function of a value."""
    if node.type == "get_attr":
        name = _text(node.children[-1], data)
        return lambda value, _scope: attribute(value, name)
    inner = node.children[0]
    if inner.type == "legacy_index":
        digits = _text(inner, data).removeprefix(".")
        return lambda value, _scope: indexed(value, int(digits))
    key = next((child for child in inner.children if child.type == "expression"), None)
    if key is None:
        return lambda _value, _scope: Unknown("an index that we do not read")
    run = compile_(key, data)
    return lambda value, scope: indexed(value, run(scope))


def _splat(run: Run, node: Node, rest: list[Node], data: bytes, compile_: Compile) -> Run:
    inside = [child for child in node.children[0].children if child.type in _STEPS]
    full = node.children[0].type == "full_splat"
    if full:
        each, after = [*inside, *rest], []
    else:
        cuts = [index for index, step in enumerate(inside) if step.type != "get_attr"]
        cut = cuts[0] if cuts else len(inside)
        each, after = inside[:cut], [*inside[cut:], *rest]
    from_each = taken(given, each, data, compile_)

    def spread(scope: Scope) -> Val:
        value = run(scope)
        items = each_of(value)
        if isinstance(items, Unknown):
            return items
        found = [from_each(scope.within({GIVEN: item})) for item in items]
        of = unify([type_of(item) for item in found]) if type(value) is List else None
        return found if of is None or isinstance(of, tuple) else List(found, of)

    return taken(spread, after, data, compile_)


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode()
