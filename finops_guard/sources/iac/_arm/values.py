"""Values of an ARM template: its expressions evaluated, `Unknown` where the deployment decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.expressions import Call, Literal, Member, Tree, is_expression, parsed
from finops_guard.sources.iac._arm.functions import PARTS, TAKE_UNKNOWN, WHOLE, CannotTell, member
from finops_guard.sources.iac._either import Open, both

MAX_COPIES = 800
"""What Azure takes of one loop (Microsoft Learn, "Resource iteration in ARM templates")."""
_MAX_STEPS = 3_000_000
_MAX_ROUNDS = 50_000
_MAX_SEEN = 20_000
_LATER = frozenset(
    "deployment environment managementgroup reference references resourcegroup subscription tenant deployer".split()
)
_IDS = frozenset(
    {
        "extensionresourceid",
        "managementgroupresourceid",
        "resourceid",
        "resourceinfo",
        "subscriptionresourceid",
        "tenantresourceid",
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one template; parameters and variables are found in any case.

    `given`: parameters by folded name, from a parameter file or a parent. `copies`: rounds of the loops around, by
    name, the innermost under "". `found`: parameters and variables worked out so far.
    """

    parameters: Mapping[str, object]
    variables: Mapping[str, object]
    functions: Mapping[str, tuple[Sequence[str], object]]
    given: Mapping[str, object]
    nullable: bool = False
    copies: Mapping[str, object] = field(default_factory=dict)
    local: Mapping[str, object] = field(default_factory=dict)
    found: dict[tuple[str, str], object] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)

    def round(self, name: str, index: object) -> Scope:
        """The same scope in one round of a loop."""
        return replace(self, copies={**self.copies, name.casefold(): index, "": index})


@dataclass(frozen=True, slots=True)
class Loop:
    """A variable that a `copy` in the section makes."""

    name: str
    copy: object


_MISSING = object()


def value_of(node: object, scope: Scope) -> object:
    """A node's value."""
    if isinstance(node, str):
        if not is_expression(node):
            return node[1:] if node.startswith("[[") else node
        try:
            tree = parsed(node)
        except ValueError as wrong:
            return Unknown(str(wrong))
        return evaluated(tree, scope)
    if isinstance(node, dict):
        return _map(node, scope)
    return [value_of(item, scope) for item in node] if isinstance(node, list) else node


def evaluated(tree: Tree, scope: Scope) -> object:
    """A tree's value."""
    scope.steps["all"] += 1
    if scope.steps["all"] > _MAX_STEPS:
        return Unknown(f"a template of more than {_MAX_STEPS} steps")
    if isinstance(tree, Literal):
        return tree.value
    if isinstance(tree, Member):
        of, key = evaluated(tree.of, scope), evaluated(tree.key, scope)
        for part in (of, key):
            if isinstance(part, Unknown):
                return part
        try:
            return member(of, key)
        except KeyError:
            return None if tree.safe else Unknown(f"there is no {key!r} in what it is taken from"[:200])
    return _call(tree, scope)


def copies_of(node: object, scope: Scope) -> tuple[str, int | Unknown]:
    """The name and the rounds of a `copy`."""
    if not isinstance(node, dict):
        return "", Unknown("a copy that is not a map")
    name, count = str(node.get("name") or ""), value_of(node.get("count"), scope)
    if isinstance(count, Unknown):
        return name, count
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        return name, Unknown("a copy whose count is not a number")
    if count > MAX_COPIES:
        return name, Unknown(f"a copy of more than {MAX_COPIES}")
    scope.steps["rounds"] += count
    if scope.steps["rounds"] > _MAX_ROUNDS:
        return name, Unknown(f"copies of more than {_MAX_ROUNDS} rounds in all")
    return name, count


def truth(value: object) -> bool | Unknown:
    """A condition's value."""
    if isinstance(value, bool | Unknown):
        return value
    folded = str(value).casefold()
    return folded == "true" if folded in {"true", "false"} else Unknown("a condition that is neither true nor false")


def loops(listed: object, scope: Scope) -> dict[str, object]:
    """`copy` in properties or variables: each entry's list by its name."""
    found: dict[str, object] = {}
    for entry in listed if isinstance(listed, list) else ():
        name, count = copies_of(entry, scope)
        if isinstance(count, Unknown):
            found[name] = Unknown(count.reason)
        else:
            found[name] = [value_of(entry.get("input"), scope.round(name, index)) for index in range(count)]
    return found


def _map(node: Mapping[str, object], scope: Scope) -> dict[str, object]:
    found: dict[str, object] = {}
    because = None
    for key, part in node.items():
        if key == "copy" and isinstance(part, list):
            found.update(loops(part, scope))
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
    if name in _LATER or name in _IDS or name.startswith("list"):
        return Unknown(f"{name}() is known when it is deployed")
    if name in scope.functions:
        return _own(scope.functions[name], tree.arguments, scope)
    function = WHOLE.get(name) or PARTS.get(name)
    if function is None:
        return Unknown(f"{name}() is not a function we evaluate")
    arguments = [evaluated(each, scope) for each in tree.arguments]
    if name not in TAKE_UNKNOWN:
        for each in arguments:
            hidden = unknown_in(each) if name in WHOLE else each if isinstance(each, Unknown) else None
            if hidden is not None:
                return Unknown(hidden.reason)
    try:
        return function(*arguments)
    except CannotTell as why:
        return Unknown(str(why))
    except (TypeError, ValueError, OverflowError):
        return Unknown(f"{name}() of what it does not take")


def unknown_in(value: object) -> Unknown | None:
    """What of a value cannot be told, None where all of it can."""
    waiting, seen = [value], 0
    while waiting:
        seen += 1
        if seen > _MAX_SEEN:
            return Unknown(f"a value of more than {_MAX_SEEN} parts")
        part = waiting.pop()
        if isinstance(part, Unknown):
            return part
        if isinstance(part, Open):
            return Unknown(part.because)
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return None


def _own(function: tuple[Sequence[str], object], arguments: Sequence[Tree], scope: Scope) -> object:
    """A function that the template defines: it sees its parameters and nothing else."""
    names, output = function
    given = {name.casefold(): evaluated(each, scope) for name, each in zip(names, arguments, strict=False)}
    parameters: dict[str, object] = {name.casefold(): {} for name in names}
    return value_of(output, Scope(parameters, {}, scope.functions, given, steps=scope.steps))


def _parameter(arguments: Sequence[Tree], scope: Scope) -> object:
    name = _name(arguments, scope)
    return _once(("parameter", name.casefold()), name, scope)


def _variable(arguments: Sequence[Tree], scope: Scope) -> object:
    name = _name(arguments, scope)
    return _once(("variable", name.casefold()), name, scope)


def _name(arguments: Sequence[Tree], scope: Scope) -> str:
    name = evaluated(arguments[0], scope) if arguments else None
    if isinstance(name, Unknown):
        raise CannotTell(name.reason)
    return str(name)


def _once(key: tuple[str, str], name: str, scope: Scope) -> object:
    if key not in scope.found:
        scope.found[key] = _MISSING
        outside = replace(scope, copies={}, local={})
        scope.found[key] = (_parameter_value if key[0] == "parameter" else _variable_value)(key[1], name, outside)
    value = scope.found[key]
    return Unknown(f"{key[0]} {name} refers to itself") if value is _MISSING else value


def _parameter_value(key: str, name: str, scope: Scope) -> object:
    if key in scope.given:
        return scope.given[key]
    if isinstance(scope.given, Open):
        return Unknown(scope.given.because)
    if key not in scope.parameters:
        return Unknown(f"the template has no parameter {name}")
    declared = scope.parameters[key]
    if isinstance(declared, dict) and "defaultValue" in declared:
        return value_of(declared["defaultValue"], scope)
    if scope.nullable and isinstance(declared, dict) and declared.get("nullable") is True:
        return None
    return Unknown(f"parameter {name} has no value")


def _variable_value(key: str, name: str, scope: Scope) -> object:
    if key not in scope.variables:
        return Unknown(f"the template has no variable {name}")
    node = scope.variables[key]
    return loops([node.copy], scope).get(node.name) if isinstance(node, Loop) else value_of(node, scope)


def _if(arguments: Sequence[Tree], scope: Scope) -> object:
    if len(arguments) != 3:  # noqa: PLR2004 - condition, value, value
        return Unknown("an if() that is not (condition, value, value)")
    condition = truth(evaluated(arguments[0], scope))
    if isinstance(condition, Unknown):
        yes, no = (evaluated(each, scope) for each in arguments[1:])
        if isinstance(yes, dict) or isinstance(no, dict):  # null is a map without keys where the other is one
            yes, no = ({} if each is None else each for each in (yes, no))
        return both(yes, no, condition.reason)
    return evaluated(arguments[1 if condition else 2], scope)


def _and(arguments: Sequence[Tree], scope: Scope) -> bool | Unknown:
    return _kleene(arguments, scope, decisive=False)


def _or(arguments: Sequence[Tree], scope: Scope) -> bool | Unknown:
    return _kleene(arguments, scope, decisive=True)


def _kleene(arguments: Sequence[Tree], scope: Scope, *, decisive: bool) -> bool | Unknown:
    unknown = None
    for each in arguments:
        found = truth(evaluated(each, scope))
        if found is decisive:
            return decisive
        unknown = found if isinstance(found, Unknown) else unknown
    return not decisive if unknown is None else unknown


def _coalesce(arguments: Sequence[Tree], scope: Scope) -> object:
    for each in arguments:
        if (found := evaluated(each, scope)) is not None:
            return found
    return None


def _try_get(arguments: Sequence[Tree], scope: Scope) -> object:
    value = evaluated(arguments[0], scope) if arguments else None
    for each in arguments[1:]:
        key = evaluated(each, scope)
        for part in (value, key):
            if isinstance(part, Unknown):
                return part
        try:
            value = member(value, key)
        except KeyError:
            return None
    return value


def _copy_index(arguments: Sequence[Tree], scope: Scope) -> object:
    given = [evaluated(each, scope) for each in arguments]
    name = str(given.pop(0)).casefold() if given and isinstance(given[0], str) else ""
    index, offset = scope.copies.get(name, Unknown("a copyIndex() outside of a copy")), given[0] if given else 0
    if isinstance(index, int) and isinstance(offset, int):
        return index + offset
    return index if isinstance(index, Unknown) else Unknown("a copyIndex() with what is no number")


def _local(arguments: Sequence[Tree], scope: Scope) -> object:
    name = _name(arguments, scope)
    return scope.local.get(name, Unknown(f"there is no lambda variable {name}"))


def _over(arguments: Sequence[Tree], scope: Scope, holder: type) -> tuple[object, list[_Lambda]]:
    """What a function goes over and its lambdas."""
    over = evaluated(arguments[0], scope) if arguments else None
    if isinstance(over, Unknown):
        raise CannotTell(over.reason)
    if isinstance(over, Open):
        raise CannotTell(over.because)
    if not isinstance(over, holder):
        raise CannotTell("a function of lambdas over what it does not take")
    return over, [_Lambda.of(each, scope) for each in arguments[1:] if isinstance(each, Call) and each.name == "lambda"]


@dataclass(frozen=True, slots=True)
class _Lambda:
    names: tuple[str, ...]
    body: Tree
    scope: Scope

    @staticmethod
    def of(tree: Call, scope: Scope) -> _Lambda:
        *names, body = tree.arguments
        return _Lambda(tuple(str(evaluated(each, scope)) for each in names), body, scope)

    def __call__(self, *values: object) -> object:
        local = {**self.scope.local, **dict(zip(self.names, values, strict=False))}
        return evaluated(self.body, replace(self.scope, local=local))


def _mapped(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over(arguments, scope, list)
    return [each(*((item, at)[: len(each.names)])) for at, item in enumerate(over if isinstance(over, list) else ())]


def _filtered(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over(arguments, scope, list)
    found = []
    for at, item in enumerate(over if isinstance(over, list) else ()):
        wanted = truth(each(*((item, at)[: len(each.names)])))
        if isinstance(wanted, Unknown):
            return wanted
        if wanted:
            found.append(item)
    return found


def _reduced(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over(arguments, scope, list)
    found = evaluated(arguments[1], scope)
    for item in over if isinstance(over, list) else ():
        found = each(found, item)
    return found


def _to_object(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [key, *value] = _over(arguments, scope, list)
    found: dict[str, object] = {}
    because = None
    for item in over if isinstance(over, list) else ():
        name = key(item)
        if isinstance(name, Unknown):
            because = name.reason
        else:
            found[str(name)] = value[0](item) if value else item
    return found if because is None else Open(found, because)


def _mapped_values(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over(arguments, scope, dict)
    return {str(key): each(value) for key, value in over.items()} if isinstance(over, dict) else None


_SPECIAL = {
    "and": _and,
    "coalesce": _coalesce,
    "copyindex": _copy_index,
    "filter": _filtered,
    "if": _if,
    "lambdavariables": _local,
    "map": _mapped,
    "mapvalues": _mapped_values,
    "or": _or,
    "parameters": _parameter,
    "reduce": _reduced,
    "toobject": _to_object,
    "tryget": _try_get,
    "variables": _variable,
}
"""Functions that do not evaluate all that they get, or that look at the scope."""
