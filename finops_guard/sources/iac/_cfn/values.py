"""Values of a CloudFormation template: its functions evaluated, `Unknown` where the stack's deployment decides.

`Fn::If` on a condition that cannot be decided gives both branches at once: what they agree on is known, what they
differ in is `Unknown`, key by key in maps and lists of tags. `AWS::NoValue` removes what it stands for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.functions import PURE
from finops_guard.sources.iac._either import NO_VALUE, Open, both, key_of
from finops_guard.sources.iac._marked import Map

MAX_ROUNDS = 20_000
MAX_TEXT = 100_000
_DEPLOYED = ("AccountId", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
_HOLE = re.compile(r"\$\{(!?)\s*([^}]*?)\s*\}")
_LOOP_HOLE = re.compile(r"[$&]\{\s*([A-Za-z0-9]+)\s*\}")


@dataclass(frozen=True, slots=True)
class Reference(Unknown):
    """What another resource of the template is known by when it is there: `to` is its logical id."""

    to: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one template.

    `given`: parameters that a parent hands down; `loop`: of `Fn::ForEach`; a condition has the loop that made it.
    """

    parameters: Mapping[str, object]
    mappings: Mapping[str, object]
    conditions: Mapping[str, tuple[object, Mapping[str, str]]]
    resources: Mapping[str, object]
    given: Mapping[str, object] | None = None
    loop: Mapping[str, str] = field(default_factory=dict)
    decided: dict[str, bool | Unknown | None] = field(default_factory=dict)
    """Conditions found out so far; None while one is being found out."""
    rounds: Counter[str] = field(default_factory=Counter)
    """Rounds of loops so far, of all together: loops within loops multiply."""

    def within(self, name: str, value: str) -> Scope:
        """The same scope, in one round of a loop."""
        loop = {**self.loop, name: value}
        return replace(self, loop=loop)


def value_of(node: object, scope: Scope) -> object:
    """A node's value; NO_VALUE where it is not there."""
    if isinstance(node, dict):
        if len(node) == 1:
            name = next(iter(node))
            function = _FUNCTIONS.get(name)
            if function is not None:
                return function(node[name], scope)
            if name in PURE:
                return _pure(name, node[name], scope)
            if name.startswith("Fn::") and not name.startswith(("Fn::ForEach", "Fn::Transform")):
                return Unknown(f"{name} is not a function we evaluate")
        return _map(node, scope)
    if isinstance(node, list):
        return _list(node, scope)
    return in_loop(node, scope) if isinstance(node, str) and scope.loop else node


def decide(name: object, scope: Scope) -> bool | Unknown:
    """Whether a condition of the template holds."""
    name = in_loop(name, scope) if isinstance(name, str) else ""
    if name not in scope.conditions:
        return Unknown(f"the template has no condition {name}")
    if name not in scope.decided:
        scope.decided[name] = None
        node, loop = scope.conditions[name]
        scope.decided[name] = _truth(value_of(node, replace(scope, loop=loop)))
    found = scope.decided[name]
    return Unknown(f"condition {name} refers to itself") if found is None else found


def in_loop(text: str, scope: Scope) -> str:
    """A text with the loop's names filled in."""
    return _LOOP_HOLE.sub(lambda hole: scope.loop.get(hole[1], hole[0]), text) if scope.loop else text


def loop_of(body: object, scope: Scope) -> tuple[str, list[str] | Unknown, Mapping[str, object]] | None:
    """The name, the rounds and the template of a `Fn::ForEach`; None where it has not its three parts."""
    match body:
        case [str(name), rounds, dict(template)]:
            found = value_of(rounds, scope)
        case _:
            return None
    if isinstance(found, Unknown):
        return name, found, template
    if not isinstance(found, list):
        return None
    for each in found:
        if isinstance(each, Unknown):
            return name, each, template
    scope.rounds["all"] += len(found)
    if scope.rounds["all"] > MAX_ROUNDS:
        return name, Unknown(f"loops of more than {MAX_ROUNDS} rounds in all"), template
    return name, [_text(each) for each in found], template


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a section: its body, where it stands, and what it is said of.

    `stands_for`: why it is not one entry, or whether it is there cannot be told; None where it is just what it says.
    """

    name: str
    body: object
    at: int
    scope: Scope
    stands_for: str | None = None


def entries(section: object, scope: Scope) -> Iterator[Entry]:
    """The entries of a section (`Resources`, `Conditions`), its loops run."""
    for key, body in section.items() if isinstance(section, dict) else ():
        at = section.keys_at.get(key, section.at) if isinstance(section, Map) else 0
        if not key.startswith("Fn::ForEach::"):
            yield Entry(in_loop(key, scope), body, at, scope)
            continue
        loop = loop_of(body, scope)
        if loop is None:
            yield Entry(key, {}, at, scope, "a Fn::ForEach that is not [name, list, map]")
            continue
        name, rounds, template = loop
        if isinstance(rounds, Unknown):
            for entry in entries(template, scope):
                yield replace(entry, stands_for=rounds.reason)
            continue
        for each in rounds:
            yield from entries(template, scope.within(name, each))


def _map(node: Mapping[str, object], scope: Scope) -> dict[str, object]:
    found: dict[str, object] = {}
    because = None
    for key, part in node.items():
        if key.startswith("Fn::ForEach::"):
            because = _loop(part, scope, found) or because
        elif key == "Fn::Transform":
            because = "Fn::Transform brings in what is not in the template"
        elif (value := value_of(part, scope)) is not NO_VALUE:
            found[in_loop(key, scope)] = value
    return found if because is None else Open(found, because)


def _loop(body: object, scope: Scope, into: dict[str, object]) -> str | None:
    """Every round's keys; why there may be more where the rounds cannot be told."""
    loop = loop_of(body, scope)
    if loop is None:
        return "a Fn::ForEach that is not [name, list, map]"
    name, rounds, template = loop
    if isinstance(rounds, Unknown):
        return rounds.reason
    because = None
    for each in rounds:
        found = _map(template, scope.within(name, each))
        into.update(found)
        because = found.because if isinstance(found, Open) else because
    return because


def _list(node: Sequence[object], scope: Scope) -> list[object]:
    found = []
    for part in node:
        if isinstance(part, dict) and len(part) == 1 and "Fn::If" in part:
            found += _items(part["Fn::If"], scope)
        elif (value := value_of(part, scope)) is not NO_VALUE:
            found.append(value)
    return found


def _items(arguments: object, scope: Scope) -> list[object]:
    """What an `Fn::If` puts into a list: of two pairs of key and value both keys, where it cannot be decided."""
    reason, branches = _branches(arguments, scope)
    there = [branch for branch in branches if branch is not NO_VALUE]
    if reason is None:
        return there
    if there and all(key_of(branch) is not None for branch in there):
        merged = both([there[0]], [there[1]] if len(there) > 1 else [], reason)
        return list(merged) if isinstance(merged, list) else [merged]
    return [both(branches[0], branches[1], reason)]


def _branches(arguments: object, scope: Scope) -> tuple[str | None, list[object]]:
    """The branch that is taken and None, or both and why it cannot be decided which."""
    match arguments:
        case [name, yes, no]:
            decided = decide(name, scope)
        case _:
            return None, [Unknown("a Fn::If that is not [condition, value, value]")]
    if isinstance(decided, Unknown):
        return decided.reason, [value_of(yes, scope), value_of(no, scope)]
    return None, [value_of(yes if decided else no, scope)]


def _if(arguments: object, scope: Scope) -> object:
    reason, branches = _branches(arguments, scope)
    return branches[0] if reason is None else both(branches[0], branches[1], reason)


def _ref(name: object, scope: Scope) -> object:
    if not isinstance(name, str):
        found = value_of(name, scope)
        if not isinstance(found, str):
            return found if isinstance(found, Unknown) else Unknown("a Ref that names nothing")
        name = found
    name = in_loop(name, scope)
    if name in scope.loop:
        return scope.loop[name]
    if name == "AWS::NoValue":
        return NO_VALUE
    if name.startswith("AWS::"):
        known = name.removeprefix("AWS::") in _DEPLOYED
        return Unknown(f"{name} is known when it is deployed" if known else f"there is no pseudo parameter {name}")
    if name in scope.parameters:
        return _parameter(name, scope)
    if name in scope.resources:
        return Reference(f"{name} is known after it is deployed", name)
    return Unknown(f"the template has no {name}")


def _parameter(name: str, scope: Scope) -> object:
    declared = scope.parameters[name]
    if not isinstance(declared, dict):
        return Unknown(f"parameter {name} is not a map")
    type_ = str(declared.get("Type", "String"))
    if scope.given is not None and name in scope.given:
        found = scope.given[name]
    elif isinstance(scope.given, Open):
        return Unknown(scope.given.because)
    elif "Default" not in declared:
        return Unknown(f"parameter {name} has no value")
    else:
        found = declared["Default"]
    if type_.startswith("AWS::SSM::Parameter"):
        return Unknown(f"parameter {name} is read from Systems Manager when it is deployed")
    if (type_ == "CommaDelimitedList" or type_.startswith("List<")) and isinstance(found, str | int):
        return [part.strip() for part in str(found).split(",")]
    return found


def _get_att(of: object, scope: Scope) -> object:
    if isinstance(of, str):
        of = of.split(".", 1)
    name = in_loop(of[0], scope) if isinstance(of, list) and of and isinstance(of[0], str) else ""
    return Reference(f"an attribute of {name or 'a resource'} is known after it is deployed", name)


def _sub(body: object, scope: Scope) -> object:
    local: object = {}
    if isinstance(body, list) and len(body) == 2:  # noqa: PLR2004 - [text, map]
        first, second = body
        body, local = first, value_of(second, scope)
    if not isinstance(body, str) or not isinstance(local, dict):
        return Unknown("a Fn::Sub that is neither a text nor [text, map]")
    holes, text, wrong = local, body, list[Unknown]()

    def fill(hole: re.Match[str]) -> str:
        if hole[1]:
            return f"${{{hole[2]}}}"
        name = hole[2]
        found = holes[name] if name in holes else _get_att(name, scope) if "." in name else _ref(name, scope)
        if isinstance(found, Unknown):
            wrong.append(found)
        elif found is NO_VALUE or isinstance(found, dict | list):
            wrong.append(Unknown(f"{name} in a Fn::Sub is not a text"))
        return _text(found)

    text = _HOLE.sub(fill, in_loop(text, scope))
    if len(text) > MAX_TEXT:
        return Unknown(f"a text of more than {MAX_TEXT} characters")
    return Unknown(wrong[0].reason) if wrong else text


def _find_in_map(arguments: object, scope: Scope) -> object:
    if not isinstance(arguments, list) or len(arguments) < 3:  # noqa: PLR2004 - map, key, key
        return Unknown("a Fn::FindInMap that is not [map, key, key]")
    options = arguments[3] if len(arguments) > 3 else None  # noqa: PLR2004 - LanguageExtensions' DefaultValue
    found: object = scope.mappings
    for part in arguments[:3]:
        step = value_of(part, scope)
        if isinstance(step, Unknown):
            return Unknown(step.reason)
        found = found.get(_text(step)) if isinstance(found, dict) else None
    if found is None and isinstance(options, dict) and "DefaultValue" in options:
        return value_of(options["DefaultValue"], scope)
    return Unknown("a Fn::FindInMap that finds nothing") if found is None else found


def _condition(name: object, scope: Scope) -> object:
    return decide(name, scope) if isinstance(name, str) else {"Condition": value_of(name, scope)}


def _equals(arguments: object, scope: Scope) -> bool | Unknown:
    if not isinstance(arguments, list) or len(arguments) != 2:  # noqa: PLR2004 - two sides
        return Unknown("a Fn::Equals that has not two sides")
    left, right = (value_of(each, scope) for each in arguments)
    for side in (left, right):
        if isinstance(side, Unknown):
            return Unknown(side.reason)
    return _text(left) == _text(right)


def _all(arguments: object, scope: Scope) -> bool | Unknown:
    return _kleene(arguments, scope, decisive=False)


def _any(arguments: object, scope: Scope) -> bool | Unknown:
    return _kleene(arguments, scope, decisive=True)


def _kleene(arguments: object, scope: Scope, *, decisive: bool) -> bool | Unknown:
    unknown = None
    for each in arguments if isinstance(arguments, list) else [arguments]:
        found = _truth(value_of(each, scope))
        if found is decisive:
            return decisive
        unknown = found if isinstance(found, Unknown) else unknown
    return not decisive if unknown is None else unknown


def _not(arguments: object, scope: Scope) -> bool | Unknown:
    found = _truth(value_of(arguments[0] if isinstance(arguments, list) and arguments else arguments, scope))
    return found if isinstance(found, Unknown) else not found


def _truth(value: object) -> bool | Unknown:
    if isinstance(value, bool):
        return value
    if isinstance(value, Unknown):
        return Unknown(value.reason)
    text = _text(value)
    return text == "true" if text in {"true", "false"} else Unknown("a condition that is neither true nor false")


def _pure(name: str, arguments: object, scope: Scope) -> object:
    """A function of values alone; of what cannot be told it cannot be told."""
    found = value_of(arguments, scope)
    if isinstance(found, Unknown):
        return Unknown(found.reason)
    return PURE[name](found)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _elsewhere(what: str) -> Callable[[object, Scope], Unknown]:
    return lambda _arguments, _scope: Unknown(what)


_FUNCTIONS: Mapping[str, Callable[[object, Scope], object]] = {
    "Ref": _ref,
    "Condition": _condition,
    "Fn::If": _if,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::FindInMap": _find_in_map,
    "Fn::Equals": _equals,
    "Fn::And": _all,
    "Fn::Or": _any,
    "Fn::Not": _not,
    "Fn::GetAZs": _elsewhere("zones are known when it is deployed"),
    "Fn::ImportValue": _elsewhere("an export of another stack is known when it is deployed"),
    "Fn::GetStackOutput": _elsewhere("an output of another stack is known when it is deployed"),
}
