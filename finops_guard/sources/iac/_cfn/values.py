"""Values of a CloudFormation template: its functions evaluated, `Unknown` where the stack's deployment decides.

`Fn::If` on a condition that cannot be decided gives both branches at once: what they agree on is known, what they
differ in is `Unknown`, key by key in maps and lists of tags. `AWS::NoValue` removes what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.conditions import branches, equals, every, named, negated, some
from finops_guard.sources.iac._cfn.functions import LONG, MAX_TEXT, PURE
from finops_guard.sources.iac._cfn.loops import keys_of
from finops_guard.sources.iac._cfn.parameters import parameter
from finops_guard.sources.iac._cfn.scope import Reference, Scope, text_of
from finops_guard.sources.iac._either import NO_VALUE, Choice, Open, both, key_of

_PSEUDO = ("AccountId", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
_HOLE = re.compile(r"\$\{(!?)([^${}]*)\}")
_DYNAMIC = re.compile(r"\{\{\s*resolve:([a-z-]{1,40}):")
"""A dynamic reference (User Guide, "Get values stored in other services")."""
_SERVICES = {"ssm": "Systems Manager", "ssm-secure": "Systems Manager", "secretsmanager": "Secrets Manager"}


def value_of(node: object, scope: Scope) -> object:
    """A node's value; NO_VALUE where it is not there."""
    if isinstance(node, str):
        return _text(node, scope)
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
    return _list(node, scope) if isinstance(node, list) else node


def _text(text: str, scope: Scope) -> object:
    return _told(scope.filled(text) if scope.loop else text)


def _told(text: str) -> object:
    """A text, unless it asks another service for what it says."""
    if "{{" in text and (dynamic := _DYNAMIC.search(text)) is not None:
        return Unknown(f"it is read from {_SERVICES.get(dynamic[1], dynamic[1])} when it is deployed")
    return text


def _map(node: Mapping[str, object], scope: Scope) -> dict[str, object]:
    found: dict[str, object] = {}
    because = None
    for each in keys_of(node, scope):
        if isinstance(each, str):
            because = each
            continue
        key, part, inside = each
        if key == "Fn::Transform":
            because = "Fn::Transform brings in what is not in the template"
        elif (value := value_of(part, inside)) is not NO_VALUE:
            found[inside.filled(key)] = value
    return found if because is None else Open(found, because)


def _list(node: Sequence[object], scope: Scope) -> list[object]:
    found = []
    for part in node:
        if isinstance(part, dict) and len(part) == 1 and "Fn::If" in part:
            found += _items(part["Fn::If"], scope)
        elif isinstance(part, dict) and len(part) == 1 and "Fn::Transform" in part:
            found.append(Unknown("Fn::Transform brings in what is not in the template"))
        elif (value := value_of(part, scope)) is not NO_VALUE:
            found.append(value)
    return found


def _items(arguments: object, scope: Scope) -> list[object]:
    """What an `Fn::If` puts into a list: of two pairs of key and value both keys, where it cannot be decided."""
    reason, found = branches(arguments, scope)
    there = [branch for branch in found if branch is not NO_VALUE]
    if reason is None:
        return there
    if there and all(key_of(branch) is not None for branch in there):
        merged = both([there[0]], [there[1]] if len(there) > 1 else [], reason)
        return list(merged) if isinstance(merged, list) else [merged]
    return [both(found[0], found[1], reason)]


def _if(arguments: object, scope: Scope) -> object:
    reason, found = branches(arguments, scope)
    if reason is None:
        return found[0]
    size = scope.spend(found, MAX_TEXT)
    return size if isinstance(size, Unknown) else both(found[0], found[1], reason)


def _ref(name: object, scope: Scope) -> object:
    if not isinstance(name, str):
        found = value_of(name, scope)
        if not isinstance(found, str):
            return found if isinstance(found, Unknown) else Unknown("a Ref that names nothing")
        name = found
    name = scope.filled(name)
    if name in scope.loop:
        return scope.loop[name]
    if name == "AWS::NoValue":
        return NO_VALUE
    if name.startswith("AWS::"):
        return _deployed(name, scope)
    if name in scope.parameters:
        return parameter(name, scope)
    if name in scope.resources:
        return Reference(f"{name} is known after it is deployed", name)
    return Unknown(f"the template has no {name}")


def _deployed(name: str, scope: Scope) -> object:
    """A pseudo parameter."""
    short = name.removeprefix("AWS::")
    if short in scope.pseudo:
        return scope.pseudo[short]
    return Unknown(
        f"{name} is known when it is deployed" if short in _PSEUDO else f"there is no pseudo parameter {name}"
    )


def _get_att(of: object, scope: Scope) -> object:
    if isinstance(of, str):
        of = of.split(".", 1)
    name = scope.filled(of[0]) if isinstance(of, list) and of and isinstance(of[0], str) else ""
    attribute = value_of(of[1], scope) if isinstance(of, list) and len(of) > 1 else None
    if isinstance(attribute, str) and attribute.startswith("Outputs."):
        found = scope.output(name, attribute.removeprefix("Outputs."))
        if found is not None:
            return found
    return Reference(f"an attribute of {name or 'a resource'} is known after it is deployed", name)


def _sub(body: object, scope: Scope) -> object:
    local: object = {}
    if isinstance(body, list) and len(body) == 2:  # noqa: PLR2004 - [text, map]
        first, second = body
        body, local = first, value_of(second, scope)
    if not isinstance(body, str) or not isinstance(local, dict):
        return Unknown("a Fn::Sub that is neither a text nor [text, map]")
    holes, wrong, length = local, list[Unknown](), len(body)

    def fill(hole: re.Match[str]) -> str:
        nonlocal length
        name = hole[2].strip()
        if hole[1]:
            return f"${{{name}}}"
        if length > MAX_TEXT:
            return ""
        found = holes[name] if name in holes else _get_att(name, scope) if "." in name else _ref(name, scope)
        if isinstance(found, Unknown):
            wrong.append(found)
            return ""
        if found is NO_VALUE or isinstance(found, dict | list):
            wrong.append(Unknown(f"{name} in a Fn::Sub is not a text"))
        length += len(text := text_of(found))
        return text

    text = _HOLE.sub(fill, scope.filled(body))
    if length > MAX_TEXT:
        return Unknown(f"a text of more than {MAX_TEXT} characters")
    return Unknown(wrong[0].reason) if wrong else _told(text)


def _find_in_map(arguments: object, scope: Scope) -> object:
    if not isinstance(arguments, list) or len(arguments) < 3:  # noqa: PLR2004 - map, key, key
        return Unknown("a Fn::FindInMap that is not [map, key, key]")
    options = arguments[3] if len(arguments) > 3 else None  # noqa: PLR2004 - LanguageExtensions' DefaultValue
    found = _found(scope.mappings, [value_of(part, scope) for part in arguments[:3]], scope)
    if found is None and isinstance(options, dict) and "DefaultValue" in options:
        return value_of(options["DefaultValue"], scope)
    return Unknown("a Fn::FindInMap that finds nothing") if found is None else found


def _found(found: object, steps: Sequence[object], scope: Scope) -> object:
    """What stands below some keys; of a key that is one of several, what all of them agree on. None for nothing."""
    for number, step in enumerate(steps):
        if isinstance(step, Choice) and not any(isinstance(each, Unknown) for each in steps[number + 1 :]):
            several = [_found(found, [each, *steps[number + 1 :]], scope) for each in step.of]
            size = scope.spend(several, MAX_TEXT)
            if isinstance(size, Unknown) or any(each is None for each in several):
                return Unknown(step.reason)
            return reduce(lambda one, other: both(one, other, step.reason), several)
        if isinstance(step, Unknown):
            return Unknown(step.reason)
        found = found.get(text_of(step)) if isinstance(found, dict) else None
    return found


def _pure(name: str, arguments: object, scope: Scope) -> object:
    """A function of values alone; of what cannot be told it cannot be told."""
    found = value_of(arguments, scope)
    if isinstance(found, Unknown):
        return Unknown(found.reason)
    size = scope.spend(found, MAX_TEXT)
    if isinstance(size, Unknown):
        return size
    return LONG if size > MAX_TEXT and name != "Fn::Select" else PURE[name](found)


def _elsewhere(what: str) -> Callable[[object, Scope], Unknown]:
    return lambda _arguments, _scope: Unknown(what)


_FUNCTIONS: Mapping[str, Callable[[object, Scope], object]] = {
    "Ref": _ref,
    "Condition": named,
    "Fn::If": _if,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::FindInMap": _find_in_map,
    "Fn::Equals": equals,
    "Fn::And": every,
    "Fn::Or": some,
    "Fn::Not": negated,
    "Fn::GetAZs": _elsewhere("zones are known when it is deployed"),
    "Fn::ImportValue": _elsewhere("an export of another stack is known when it is deployed"),
    "Fn::GetStackOutput": _elsewhere("an output of another stack is known when it is deployed"),
}
