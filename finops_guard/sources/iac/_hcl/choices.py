"""Choices: conditions, `try` and `can`; of what cannot be chosen, what all alternatives have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.operators import chosen, equal
from finops_guard.sources.iac._hcl.values import OpenMap, Typed, Val, WrongError, boolean

if TYPE_CHECKING:
    from tree_sitter import Node

    from finops_guard.sources.iac._hcl.scope import Scope

Run: TypeAlias = "Callable[[Scope], Val]"
Compile: TypeAlias = "Callable[[Node, bytes], Run]"


def tried(runs: list[Run]) -> Run:
    """`try`: of a value that cannot be told, which one it will be cannot either, and so not its type."""

    def attempt(scope: Scope) -> Val:
        for run in runs:
            try:
                value = run(scope)
            except WrongError:
                continue
            return replace(value, of="any") if isinstance(value, Typed) else value
        raise WrongError("no alternative of try is valid")

    return attempt


def can(runs: list[Run]) -> Run:
    """`can`: whether its expression is valid."""

    def possible(scope: Scope) -> Val:
        try:
            value = runs[0](scope)
        except WrongError:
            return False
        return value if isinstance(value, Unknown) else True

    return possible


def conditional(node: Node, data: bytes, compile_: Compile) -> Run:
    """`test ? yes : no`."""
    test, yes, no = (compile_(child, data) for child in node.children if child.type == "expression")

    def choose(scope: Scope) -> Val:
        holds = boolean(test(scope))
        if isinstance(holds, Unknown):
            one, other = _or_unknown(yes, scope), _or_unknown(no, scope)
            same = equal(one, other)
            return chosen(one, other) if same is True else _either(one, other, holds)
        return _chosen(*((yes, no) if holds else (no, yes)), scope)

    return choose


def _chosen(taken: Run, left: Run, scope: Scope) -> Val:
    """The branch that is taken. Of one that goes wrong and is not taken, Terraform knows a part of the type, not we."""
    value = taken(scope)
    try:
        other = left(scope)
    except WrongError as wrong:
        plain = not isinstance(value, (dict, list)) or all(
            isinstance(each, str) for each in (value.values() if isinstance(value, dict) else value)
        )
        return value if plain else Unknown(f"the branch of a condition that is not taken: {wrong}")
    return chosen(value, other)


def _or_unknown(run: Run, scope: Scope) -> Val:
    """A branch of which it cannot be told whether it is taken."""
    try:
        return run(scope)
    except WrongError as wrong:
        return Unknown(str(wrong))


def _either(one: Val, other: Val, why: Unknown) -> Val:
    """Of two maps, the keys of both; a key that only one has is there or not."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return why
    shared = [(key, value if equal(value, other[key]) is True else why) for key, value in one.items() if key in other]
    return OpenMap(shared, why.reason)
