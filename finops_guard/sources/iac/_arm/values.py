"""Values of an ARM template: its expressions evaluated, `Unknown` where the deployment decides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.expressions import Call, Literal, Member, Tree, is_expression, parsed
from finops_guard.sources.iac._arm.functions import PARTS, TAKE_UNKNOWN, WHOLE
from finops_guard.sources.iac._arm.lambdas import LAMBDAS
from finops_guard.sources.iac._arm.operands import CannotTell, Function, member
from finops_guard.sources.iac._arm.parameters import parameter
from finops_guard.sources.iac._arm.scope import Identity, Loop, Scope, Special, lists_of, truth
from finops_guard.sources.iac._either import Choice, Open, both

_MAX_SEEN = 20_000
_LATER = frozenset(
    """deployer deployment environment externalinput guid managementgroup newguid pickzones providers references
    resourcegroup resourceinfo subscription tenant uniquestring utcnow""".split()
)
_IDS = ("extensionresourceid", "managementgroupresourceid", "resourceid", "subscriptionresourceid", "tenantresourceid")
_TYPE = re.compile(r"[A-Za-z0-9.-]+(?:/[A-Za-z0-9.-]+)+")
_DEPLOYMENT = "microsoft.resources/deployments"
_MISSING = object()


def value_of(node: object, scope: Scope) -> object:
    """A node's value, of a template or of an expression."""
    if isinstance(node, str):
        if not is_expression(node):
            return node[1:] if node.startswith("[[") else node
        try:
            tree = parsed(node)
        except ValueError as wrong:
            return Unknown(str(wrong))
        return _evaluated(tree, scope)
    if isinstance(node, dict):
        return _map(node, scope)
    if isinstance(node, Literal | Call | Member):
        return _evaluated(node, scope)
    return [value_of(item, scope) for item in node] if isinstance(node, list) else node


def unknown_in(value: object) -> Unknown | None:
    """What of a value cannot be told, None where all of it can."""
    return _looked_through(value)[0]


def _evaluated(tree: Tree, scope: Scope) -> object:
    if (enough := scope.spend(1)) is not None:
        return enough
    if isinstance(tree, Literal):
        return tree.value
    if isinstance(tree, Call):
        return _call(tree, scope)
    of, key = _evaluated(tree.of, scope), _evaluated(tree.key, scope)
    for part in (of, key):
        if isinstance(part, Unknown):
            return part
    try:
        return member(of, key)
    except KeyError:
        return None if tree.safe else Unknown(f"there is no {key!r} in what it is taken from"[:200])


def _map(node: Mapping[str, object], scope: Scope) -> dict[str, object]:
    found: dict[str, object] = {}
    because = None
    for key, part in node.items():
        if key == "copy" and isinstance(part, list):
            found.update(lists_of(part, scope))
            continue
        name = value_of(key, scope)
        if isinstance(name, Unknown):
            because = name.reason
        else:
            found[str(name)] = value_of(part, scope)
    return found if because is None else Open(found, because)


def _call(tree: Call, scope: Scope) -> object:
    name = tree.name
    if (special := _SPECIAL.get(name)) is not None:
        try:
            return special(tree.arguments, scope)
        except CannotTell as why:
            return Unknown(str(why))
    if name in _LATER or name.startswith("list"):
        return Unknown(f"{name}() is known when it is deployed")
    if name in scope.functions:
        return _own(scope.functions[name], tree.arguments, scope)
    function = WHOLE.get(name) or PARTS.get(name)
    if function is None:
        return Unknown(f"{name}() is not a function we evaluate")
    arguments = [_evaluated(each, scope) for each in tree.arguments]
    hidden = None if name in TAKE_UNKNOWN else _hidden(arguments, scope, whole=name in WHOLE)
    return _result(name, function, arguments, scope) if hidden is None else Unknown(hidden.reason)


def _hidden(arguments: Sequence[object], scope: Scope, *, whole: bool) -> Unknown | None:
    """Why a function cannot tell, by what it gets."""
    for each in arguments:
        if isinstance(each, Unknown):
            return each
        if whole and isinstance(each, dict | list):
            found, seen = _looked_through(each)
            scope.spend(seen // 10)
            if found is not None:
                return found
    return None


def _result(name: str, function: Function, arguments: Sequence[object], scope: Scope) -> object:
    try:
        found = function(*arguments)
    except CannotTell as why:
        return Unknown(str(why))
    except (TypeError, ValueError, OverflowError):
        return Unknown(f"{name}() of what it does not take")
    if isinstance(found, str | list | dict):
        scope.spend(len(found) // 100)
    return found


def _looked_through(value: object) -> tuple[Unknown | None, int]:
    waiting, seen = [value], 0
    while waiting:
        seen += 1
        if seen > _MAX_SEEN:
            return Unknown(f"a value of more than {_MAX_SEEN} parts"), seen
        part = waiting.pop()
        if isinstance(part, Unknown):
            return part, seen
        if isinstance(part, Open):
            return Unknown(part.because), seen
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return None, seen


def _own(function: tuple[Sequence[str], object], arguments: Sequence[Tree], scope: Scope) -> object:
    """A function that the template defines: it sees its parameters and nothing else."""
    names, output = function
    given = {name.casefold(): _evaluated(each, scope) for name, each in zip(names, arguments, strict=False)}
    parameters: dict[str, object] = {name.casefold(): {} for name in names}
    return value_of(output, Scope(parameters, {}, scope.functions, given, value_of, steps=scope.steps))


def _parameter(arguments: Sequence[Tree], scope: Scope) -> object:
    return _once("parameter", _name(arguments, scope), scope)


def _variable(arguments: Sequence[Tree], scope: Scope) -> object:
    return _once("variable", _name(arguments, scope), scope)


def _name(arguments: Sequence[Tree], scope: Scope) -> str:
    name = _evaluated(arguments[0], scope) if arguments else None
    if isinstance(name, Unknown):
        raise CannotTell(name.reason)
    return str(name)


def _once(what: str, name: str, scope: Scope) -> object:
    key = (what, name.casefold())
    if key not in scope.found:
        scope.found[key] = _MISSING
        scope.found[key] = (parameter if what == "parameter" else _variable_value)(name, scope.alone())
    value = scope.found[key]
    return Unknown(f"{what} {name} refers to itself") if value is _MISSING else value


def _variable_value(name: str, scope: Scope) -> object:
    if name.casefold() not in scope.variables:
        return Unknown(f"the template has no variable {name}")
    node = scope.variables[name.casefold()]
    return lists_of([node.copy], scope).get(node.name) if isinstance(node, Loop) else value_of(node, scope)


def _if(arguments: Sequence[Tree], scope: Scope) -> object:
    if len(arguments) != 3:  # noqa: PLR2004 - condition, value, value
        return Unknown("an if() that is not (condition, value, value)")
    condition = truth(_evaluated(arguments[0], scope))
    if isinstance(condition, Unknown):
        yes, no = (_evaluated(each, scope) for each in arguments[1:])
        if isinstance(yes, dict) or isinstance(no, dict):  # null is a map without keys where the other is one
            yes, no = ({} if each is None else each for each in (yes, no))
        return both(yes, no, condition.reason)
    return _evaluated(arguments[1 if condition else 2], scope)


def _equals(arguments: Sequence[Tree], scope: Scope) -> object:
    """As of values alone; and what a parameter does not allow it is not, whatever it is given."""
    given = [_evaluated(each, scope) for each in arguments]
    for one, other in zip(given, reversed(given), strict=True):
        if isinstance(one, Choice) and isinstance(other, str) and len(given) == 2:  # noqa: PLR2004 - two sides
            folded = {each.casefold() for each in one.of}
            if other.casefold() not in folded:
                return False
    hidden = _hidden(given, scope, whole=True)
    return _result("equals", WHOLE["equals"], given, scope) if hidden is None else Unknown(hidden.reason)


def _and(arguments: Sequence[Tree], scope: Scope) -> bool | Unknown:
    return _kleene(arguments, scope, decisive=False)


def _or(arguments: Sequence[Tree], scope: Scope) -> bool | Unknown:
    return _kleene(arguments, scope, decisive=True)


def _kleene(arguments: Sequence[Tree], scope: Scope, *, decisive: bool) -> bool | Unknown:
    unknown = None
    for each in arguments:
        found = truth(_evaluated(each, scope))
        if found is decisive:
            return decisive
        unknown = found if isinstance(found, Unknown) else unknown
    return not decisive if unknown is None else unknown


def _coalesce(arguments: Sequence[Tree], scope: Scope) -> object:
    for each in arguments:
        if (found := _evaluated(each, scope)) is not None:
            return found
    return None


def _try_get(arguments: Sequence[Tree], scope: Scope) -> object:
    value = _evaluated(arguments[0], scope) if arguments else None
    for each in arguments[1:]:
        key = _evaluated(each, scope)
        for part in (value, key):
            if isinstance(part, Unknown):
                return part
        try:
            value = member(value, key)
        except KeyError:
            return None
    return value


def _copy_index(arguments: Sequence[Tree], scope: Scope) -> object:
    given = [_evaluated(each, scope) for each in arguments]
    name = str(given.pop(0)).casefold() if given and isinstance(given[0], str) else ""
    index, offset = scope.copies.get(name, Unknown("a copyIndex() outside of a copy")), given[0] if given else 0
    if isinstance(index, int) and isinstance(offset, int):
        return index + offset
    return index if isinstance(index, Unknown) else Unknown("a copyIndex() with what is no number")


def _id(arguments: Sequence[Tree], scope: Scope) -> object:
    """`resourceId([subscription], [group], 'type', 'name', …)`: what stands before the type is where it is."""
    given = [_evaluated(each, scope) for each in arguments]
    at = next((number for number, each in enumerate(given) if isinstance(each, str) and _TYPE.fullmatch(each)), None)
    why = "an id is known when it is deployed"
    names = [] if at is None else given[at + 1 :]
    if at is None or not all(isinstance(each, str) for each in names):
        return Unknown(why)
    return Identity(why, str(given[at]).casefold(), "/".join(map(str, names)).casefold())


def _reference(arguments: Sequence[Tree], scope: Scope) -> object:
    """Outputs of a deployment in this template; all else is what Azure says when it is there."""
    of = _evaluated(arguments[0], scope) if arguments else None
    if isinstance(of, Identity):
        of = of.name if of.type == _DEPLOYMENT else None
    found = scope.deployed(of) if isinstance(of, str) else None
    return Unknown("reference() is known when it is deployed") if found is None else found


_SPECIAL: Mapping[str, Special] = {
    **LAMBDAS,
    **dict.fromkeys(_IDS, _id),
    "and": _and,
    "coalesce": _coalesce,
    "copyindex": _copy_index,
    "equals": _equals,
    "if": _if,
    "or": _or,
    "parameters": _parameter,
    "reference": _reference,
    "tryget": _try_get,
    "variables": _variable,
}
"""Functions that do not evaluate all that they get, or that look at the scope."""
