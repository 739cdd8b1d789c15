"""`for` expressions: lists and objects made of what each element gives, known as far as that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.templates import pairs
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap, Val, WrongError, boolean, in_order, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from finops_guard.sources.iac._hcl.scope import Scope

Run: TypeAlias = "Callable[[Scope], Val]"
Compile: TypeAlias = "Callable[[Node, bytes], Run]"


def repeated(node: Node, data: bytes, compile_: Compile) -> Run:
    """A `for` expression as a function."""
    inner = node.children[0]
    intro = next(child for child in inner.children if child.type == "for_intro")
    names = [data[child.start_byte : child.end_byte].decode() for child in intro.children if child.type == "identifier"]
    over = compile_(next(child for child in intro.children if child.type == "expression"), data)
    condition = next((child for child in inner.children if child.type == "for_cond"), None)
    test = None
    if condition is not None:
        test = compile_(next(child for child in condition.children if child.type == "expression"), data)
    results = [compile_(child, data) for child in inner.children if child.type == "expression"]
    grouped = any(child.type == "ellipsis" for child in inner.children)
    loop = _Loop(names, over, test)
    if inner.type == "for_tuple_expr":
        return lambda scope: _gather(loop, results[0], scope)
    return lambda scope: _index(loop, results[0], results[1], scope, grouped=grouped)


class _Loop:
    """What a `for` goes through, by which names, and which of it."""

    __slots__ = ("names", "over", "test")

    def __init__(self, names: list[str], over: Run, test: Run | None) -> None:
        self.names, self.over, self.test = names, over, test

    def through(self, scope: Scope) -> tuple[list[tuple[Scope, Unknown | None]], str | None] | Unknown:
        """A scope for each, with why it is not certain to be one; and why there may be more."""
        value = self.over(scope)
        if isinstance(value, (Unknown, Lazy)):
            return value if isinstance(value, Unknown) else Unknown(value.reason)
        more = value.reason if isinstance(value, OpenMap) else None
        names = self.names
        found: list[tuple[Scope, Unknown | None]] = []
        for key, item in pairs(value):
            inside = scope.within({names[0]: key, names[1]: item} if len(names) > 1 else {names[0]: item})
            holds = True if self.test is None else boolean(self.test(inside))
            if holds is not False:
                found.append((inside, holds if isinstance(holds, Unknown) else None))
        return found, more


def _gather(loop: _Loop, result: Run, scope: Scope) -> Val:
    found = loop.through(scope)
    if isinstance(found, Unknown):
        return found
    each, more = found
    if more is not None:
        return Unknown(more)
    doubt = next((why for _, why in each if why is not None), None)
    return [result(inside) for inside, _ in each] if doubt is None else doubt


def _index(loop: _Loop, key: Run, result: Run, scope: Scope, *, grouped: bool) -> Val:
    found = loop.through(scope)
    if isinstance(found, Unknown):
        return OpenMap((), found.reason)
    each, more = found
    out: dict[str, Val] = {}
    for inside, doubt in each:
        name = doubt or text(key(inside))
        if isinstance(name, Unknown):
            more = name.reason
            continue
        value = result(inside)
        if grouped:
            out.setdefault(name, []).append(value)
        elif name in out:
            raise WrongError(f"two elements for the key {name!r}")
        else:
            out[name] = value
    if more is None:
        return dict(in_order(out))
    return OpenMap(((name, Unknown(more)) for name in out) if grouped else out.items(), more)
