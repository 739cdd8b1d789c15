"""Parameters of an ARM template: what they are given, else their default (Microsoft Learn, "Parameters")."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.scope import Scope
from finops_guard.sources.iac._either import Open, one_of

if TYPE_CHECKING:
    from finops_guard.sources.iac._parameters import Values

_SHOWN = 8
_KINDS: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "bool": (bool,),
    "int": (int,),
    "object": (dict,),
    "secureobject": (dict,),
    "securestring": (str,),
    "string": (str,),
}


def parameter(name: str, scope: Scope) -> object:
    """The value of a parameter."""
    key = name.casefold()
    if key in scope.given:
        return scope.given[key]
    if isinstance(scope.given, Open):
        return Unknown(scope.given.because)
    if key not in scope.parameters:
        return Unknown(f"the template has no parameter {name}")
    declared = scope.parameters[key]
    if isinstance(declared, dict) and "defaultValue" in declared:
        return scope.value(declared["defaultValue"])
    if scope.nullable and isinstance(declared, dict) and declared.get("nullable") is True:
        return None
    why, allowed = (
        f"parameter {name} has no value",
        declared.get("allowedValues") if isinstance(declared, dict) else None,
    )
    if isinstance(allowed, list) and allowed and all(isinstance(each, str) for each in allowed):
        return one_of(why, allowed)
    return Unknown(why)


def handed_down(parameters: object) -> Mapping[str, object]:
    """Parameters of a nested deployment by folded name, from `{name: {value}}`, evaluated."""
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        return Open({}, parameters.reason if isinstance(parameters, Unknown) else "its parameters are not a map")
    found: dict[str, object] = {}
    for name, holder in parameters.items():
        if isinstance(holder, Unknown):
            found[name.casefold()] = holder
        elif isinstance(holder, dict) and "value" in holder:
            found[name.casefold()] = holder["value"]
        elif isinstance(holder, dict) and "reference" in holder:
            found[name.casefold()] = Unknown(f"parameter {name} is read from a key vault when it is deployed")
    return Open(found, parameters.because) if isinstance(parameters, Open) else found


def chosen(values: Sequence[Values], parameters: Mapping[str, object]) -> dict[str, object]:
    """What a template's parameters are given, by folded name; of several the last.

    InputError for a value that the parameter does not take.
    """
    found: dict[str, object] = {}
    for said in values:
        for name, value in said.parameters.items():
            declared = parameters.get(name.casefold())
            if isinstance(declared, dict):
                meant = _meant(said.where(name), name, declared, value) if said.written else value
                _check(said.where(name), name, declared, meant)
                found[name.casefold()] = meant
    return found


def _meant(where: str, name: str, declared: Mapping[str, object], value: object) -> object:
    """A text of the command line, as what the parameter is."""
    kind = str(declared.get("type", "")).casefold()
    if kind in {"string", "securestring", ""}:
        return value
    try:
        return json.loads(str(value).casefold() if kind == "bool" else str(value))
    except (ValueError, RecursionError):
        raise InputError(f"{where}: {name} is of type {kind}, and its value is none"[:500]) from None


def _check(where: str, name: str, declared: Mapping[str, object], value: object) -> None:
    kind = str(declared.get("type", "")).casefold()
    if isinstance(value, Unknown) or value is None:
        return
    kinds = _KINDS.get(kind)
    if kinds is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and kind != "bool")):
        raise InputError(f"{where}: {name} is of type {kind}, and its value is none"[:500])
    allowed = declared.get("allowedValues")
    if not isinstance(allowed, list) or isinstance(value, dict):
        return
    for part in value if isinstance(value, list) and value not in allowed else [value]:
        if part not in allowed and str(part).casefold() not in {str(each).casefold() for each in allowed}:
            words = [str(each) for each in allowed]
            near = suggest(str(part), words)
            told = ", ".join(words[:_SHOWN]) + (", …" if len(words) > _SHOWN else "")
            hint = f"did you mean '{near}'?" if near else f"allowed: {told}"
            shown = "its value" if kind.startswith("secure") else repr(part)
            raise InputError(f"{where}: {shown} is no value that {name} allows"[:500], help=hint)
