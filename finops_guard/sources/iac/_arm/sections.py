"""An ARM template's text and sections: what names mean in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.sources.iac._arm.scope import Loop, Scope
from finops_guard.sources.iac._arm.values import value_of
from finops_guard.sources.iac._marked import Map, Text, read_json

_DEEPEST = 20


def opened(path: Path) -> tuple[Text, Map]:
    """A template's text and body. InputError where it is none."""
    text, body = read_json(path)
    if not isinstance(body, Map):
        raise InputError(f"{path}:1:1: not an ARM template")
    if "deploymentparameters.json" in str(body.get("$schema")).casefold():
        raise InputError(f"{path}:1:1: a parameter file", help="Name the template, and this with --var-file.")
    if not isinstance(body.get("resources"), Map | list):
        text.refuse(body.keys_at.get("resources", body.at), "an ARM template without resources")
    return text, body


def scope_of(body: Map, given: Mapping[str, object], parent: Scope | None = None) -> Scope:
    """What names mean in a template; `given`: parameters by folded name."""
    variables: dict[str, object] = {}
    for name, node in _section(body, "variables").items():
        if name == "copy" and isinstance(node, list):
            loops = [each for each in node if isinstance(each, dict)]
            variables.update({str(each.get("name")).casefold(): Loop(str(each.get("name")), each) for each in loops})
        else:
            variables[name.casefold()] = node
    two = str(body.get("languageVersion", "1")).startswith("2")
    found = Scope(parameters_of(body), variables, _functions(body), given, value_of, nullable=two)
    return found if parent is None else replace(found, steps=parent.steps)


def parameters_of(body: Map) -> dict[str, object]:
    """The parameters that a template declares, by folded name, with what a type of its own says of them."""
    definitions = _section(body, "definitions")
    declared = _section(body, "parameters").items()
    return {name.casefold(): _defined(node, definitions, 0) for name, node in declared}


def _defined(node: object, definitions: Mapping[str, object], depth: int) -> object:
    """A declaration with that of `$ref: #/definitions/x` (languageVersion 2.0) below it."""
    refers = node.get("$ref") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(refers, str) or depth > _DEEPEST:
        return node
    below = _defined(definitions.get(refers.removeprefix("#/definitions/")), definitions, depth + 1)
    return {**below, **node} if isinstance(below, dict) else node


def _functions(body: Map) -> dict[str, tuple[list[str], object]]:
    found: dict[str, tuple[list[str], object]] = {}
    listed = body.get("functions")
    for space in listed if isinstance(listed, list) else ():
        members = space.get("members") if isinstance(space, dict) else None
        for name, function in members.items() if isinstance(members, dict) else ():
            if isinstance(function, dict) and isinstance(output := function.get("output"), dict):
                given = function.get("parameters")
                listed_names = given if isinstance(given, list) else []
                names = [str(each.get("name")) for each in listed_names if isinstance(each, dict)]
                found[f"{space.get('namespace')}.{name}".casefold()] = (names, output.get("value"))
    return found


def _section(body: Map, name: str) -> Mapping[str, object]:
    section = body.get(name)
    return section if isinstance(section, dict) else {}
