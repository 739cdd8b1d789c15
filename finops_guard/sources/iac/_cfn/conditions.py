"""CloudFormation's conditions: true, false, or unknown with the reason, as in Kleene's logic."""

from __future__ import annotations

from dataclasses import replace

from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.scope import Scope, text_of
from finops_guard.sources.iac._either import Choice


def decide(name: object, scope: Scope) -> bool | Unknown:
    """Whether a condition of the template holds."""
    name = scope.filled(name) if isinstance(name, str) else ""
    if name not in scope.conditions:
        return Unknown(f"the template has no condition {name}")
    if name not in scope.decided:
        scope.decided[name] = None
        node, loop = scope.conditions[name]
        scope.decided[name] = truth(replace(scope, loop=loop, deciding=True).value(node))
    found = scope.decided[name]
    return Unknown(f"condition {name} refers to itself") if found is None else found


def branches(arguments: object, scope: Scope) -> tuple[str | None, list[object]]:
    """Of a `Fn::If`: the branch that is taken and None, or both and why it cannot be decided which."""
    match arguments:
        case [name, yes, no]:
            decided = decide(name, scope)
        case _:
            return None, [Unknown("a Fn::If that is not [condition, value, value]")]
    if isinstance(decided, Unknown):
        return decided.reason, [scope.value(yes), scope.value(no)]
    return None, [scope.value(yes if decided else no)]


def equals(arguments: object, scope: Scope) -> bool | Unknown:
    """`Fn::Equals`."""
    if not isinstance(arguments, list) or len(arguments) != 2:  # noqa: PLR2004 - two sides
        return Unknown("a Fn::Equals that has not two sides")
    left, right = (scope.value(each) for each in arguments)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Choice) and not isinstance(other, Unknown) and text_of(other) not in one.of:
            return False
    for side in (left, right):
        if isinstance(side, Unknown):
            return Unknown(side.reason)
    return text_of(left) == text_of(right)


def every(arguments: object, scope: Scope) -> bool | Unknown:
    """`Fn::And`."""
    return _kleene(arguments, scope, decisive=False)


def some(arguments: object, scope: Scope) -> bool | Unknown:
    """`Fn::Or`."""
    return _kleene(arguments, scope, decisive=True)


def negated(arguments: object, scope: Scope) -> bool | Unknown:
    """`Fn::Not`."""
    found = truth(scope.value(arguments[0] if isinstance(arguments, list) and arguments else arguments))
    return found if isinstance(found, Unknown) else not found


def named(name: object, scope: Scope) -> object:
    """`Condition`, as a function; as a key of something else it is a map's."""
    return decide(name, scope) if isinstance(name, str) else {"Condition": scope.value(name)}


def truth(value: object) -> bool | Unknown:
    """A value as a condition."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Unknown):
        return Unknown(value.reason)
    text = text_of(value)
    return text == "true" if text in {"true", "false"} else Unknown("a condition that is neither true nor false")


def _kleene(arguments: object, scope: Scope, *, decisive: bool) -> bool | Unknown:
    unknown = None
    for each in arguments if isinstance(arguments, list) else [arguments]:
        found = truth(scope.value(each))
        if found is decisive:
            return decisive
        unknown = found if isinstance(found, Unknown) else unknown
    return not decisive if unknown is None else unknown
