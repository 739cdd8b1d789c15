"""Parameters of a CloudFormation template: what they are given, else their default (User Guide, "Parameters")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.scope import Scope, text_of
from finops_guard.sources.iac._either import Open, one_of

if TYPE_CHECKING:
    from finops_guard.sources.iac._parameters import Values

_SHOWN = 8
_READ = "AWS::SSM::Parameter::Value<"
_LISTS = ("CommaDelimitedList", "List<", f"{_READ}List<", f"{_READ}CommaDelimitedList")


def parameter(name: str, scope: Scope) -> object:
    """The value of a parameter. Of one that is `NoEcho` only conditions see it: reports are for many eyes."""
    key = (name, scope.deciding)
    if key not in scope.known:
        scope.known[key] = _worked_out(name, scope)
    return scope.known[key]


def _worked_out(name: str, scope: Scope) -> object:
    declared = scope.parameters[name]
    if not isinstance(declared, dict):
        return Unknown(f"parameter {name} is not a map")
    type_ = _type(declared)
    if name in scope.given:
        found = scope.given[name]
    elif isinstance(scope.given, Open):
        return Unknown(scope.given.because)
    elif "Default" not in declared:
        words = _allowed(declared)
        why = f"parameter {name} has no value"
        return one_of(why, words) if words and not type_.startswith((_READ, *_LISTS)) else Unknown(why)
    else:
        found = declared["Default"]
    if isinstance(found, Unknown):
        return found
    if type_.startswith(_READ):
        return Unknown(f"parameter {name} is read from Systems Manager when it is deployed")
    if text_of(declared.get("NoEcho")).casefold() == "true" and not scope.deciding:
        return Unknown(f"parameter {name} is NoEcho, so its value is not shown")
    return _listed(found) if type_.startswith(_LISTS) else found


def chosen(values: Sequence[Values], parameters: Mapping[str, object]) -> dict[str, object]:
    """What a template's parameters are given, of several the last. InputError for a value that it does not allow."""
    found: dict[str, object] = {}
    for said in values:
        for name, value in said.parameters.items():
            declared = parameters.get(name)
            if isinstance(declared, dict):
                _check(said.where(name), name, declared, value)
                found[name] = value
    return found


def _check(where: str, name: str, declared: Mapping[str, object], value: object) -> None:
    if isinstance(value, dict):
        raise InputError(f"{where}: the value of {name} is a map, and parameters are texts, numbers or lists of them")
    if isinstance(value, Unknown) or _type(declared).startswith(_READ):
        return
    words = _allowed(declared)
    for part in _parts(declared, value):
        if words and part not in words:
            near = suggest(part, words)
            told = ", ".join(words[:_SHOWN]) + (", …" if len(words) > _SHOWN else "")
            hint = f"did you mean '{near}'?" if near else f"allowed: {told}"
            raise InputError(f"{where}: {_shown(declared, part)} is no value that {name} allows"[:500], help=hint)
        if "Number" in _type(declared) and not _is_number(part):
            raise InputError(f"{where}: {_shown(declared, part)} is not a number, and {name} is one"[:500])


def _allowed(declared: Mapping[str, object]) -> tuple[str, ...]:
    allowed = declared.get("AllowedValues")
    return tuple(text_of(each) for each in allowed) if isinstance(allowed, list) else ()


def _parts(declared: Mapping[str, object], value: object) -> list[str]:
    if _type(declared).startswith(_LISTS):
        return [text_of(each) for each in _listed(value)]
    return [text_of(each) for each in value] if isinstance(value, list) else [text_of(value)]


def _shown(declared: Mapping[str, object], part: str) -> str:
    return "its value" if text_of(declared.get("NoEcho")).casefold() == "true" else repr(part)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _type(declared: Mapping[str, object]) -> str:
    return str(declared.get("Type", "String"))


def _listed(value: object) -> list[object]:
    """A list of a parameter, as a text with commas or as it is handed down."""
    return list(_split(value)) if not isinstance(value, list) else value


def _split(value: object) -> Iterator[object]:
    yield from (part.strip() for part in text_of(value).split(","))
