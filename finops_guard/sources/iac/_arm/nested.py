"""Deployments nested in an ARM template: their templates, in the scope that they say, and their outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.operands import member
from finops_guard.sources.iac._arm.parameters import handed_down
from finops_guard.sources.iac._arm.scope import Scope
from finops_guard.sources.iac._arm.sections import opened, scope_of
from finops_guard.sources.iac._marked import Map, Text
from finops_guard.sources.iac._types import Path as Steps

DEPLOYMENT = "microsoft.resources/deployments"


@dataclass(frozen=True, slots=True)
class Nested:
    """A template that a deployment nests. `file`: where it is another file."""

    body: Map
    text: Text
    scope: Scope
    file: Path | None = None


def nested(properties: object, text: Text, scope: Scope, files: tuple[Path, ...] = ()) -> Nested | str:
    """The template of a deployment's properties, or why it cannot be seen. `files`: those on the way to it."""
    if not isinstance(properties, Map):
        return "a deployment without a map of properties"
    inline = properties.get("template")
    options = scope.value(properties.get("expressionEvaluationOptions"))
    inner = str(looked_up(options, ("scope",))).casefold() == "inner"
    if isinstance(inline, Map):
        return Nested(inline, text, _inner(inline, properties, scope) if inner else scope)
    link = scope.value(properties.get("templateLink"))
    where = looked_up(link, ("relativePath",))
    child = _file(text, where)
    if child is None or child in files:
        return _elsewhere(link, where)
    other, body = opened(child)
    return Nested(body, other, _inner(body, properties, scope), child)


def _inner(body: Map, properties: Map, scope: Scope) -> Scope:
    return scope_of(body, handed_down(scope.value(properties.get("parameters"))), scope)


class Outputs:
    """What `reference()` gives of the deployments of one template: by symbol and by name, each worked out once.

    `scope`: the template's, in which they can be asked for.
    """

    def __init__(self, resources: object, text: Text, scope: Scope) -> None:
        self._resources, self._text = resources, text
        self.scope = replace(scope, deployed=self.of)
        self._bodies: dict[str, Map] | None = None
        self._found: dict[str, object] = {}

    def of(self, name: str) -> object:
        """`{"outputs": {name: {"value": …}}}`; None where there is no such deployment, or it cannot be seen."""
        if self._bodies is None:
            self._bodies = {}  # while names are found out, which may ask again
            self._bodies = dict(self._named())
        body = self._bodies.get(name.casefold())
        if body is None:
            return None
        if name.casefold() not in self._found:
            self._found[name.casefold()] = Unknown(f"deployment {name} is given what follows from itself"[:200])
            self._found[name.casefold()] = self._outputs(body)
        return self._found[name.casefold()]

    def _named(self) -> Iterator[tuple[str, Map]]:
        listed = self._resources.items() if isinstance(self._resources, dict) else ()
        rows = [*listed, *((None, body) for body in (self._resources if isinstance(self._resources, list) else ()))]
        for symbol, body in rows:
            if not isinstance(body, Map) or "copy" in body or str(body.get("type")).casefold() != DEPLOYMENT:
                continue
            name = self.scope.value(body.get("name"))
            for each in (name, symbol):
                if isinstance(each, str):
                    yield each.casefold(), body

    def _outputs(self, body: Map) -> object:
        found = nested(body.get("properties"), self._text, self.scope)
        if isinstance(found, str):
            return None
        listed = found.body.get("outputs")
        made: dict[str, object] = {}
        for name, output in listed.items() if isinstance(listed, dict) else ():
            made[name] = {"value": found.scope.value(output.get("value") if isinstance(output, dict) else None)}
        return {"outputs": made}


def looked_up(values: object, path: Steps) -> object:
    """The value at a path, its steps in any case: None where it is absent, Unknown where it cannot be told."""
    value = values
    for step in path:
        if isinstance(value, Unknown):
            return value
        try:
            value = member(value, step)
        except KeyError:
            return None
    return value


def _file(text: Text, where: object) -> Path | None:
    if not isinstance(where, str) or "\0" in where or Path(where).is_absolute():
        return None
    child = Path(text.file).parent / where
    return child.resolve() if child.is_file() else None


def _elsewhere(link: object, where: object) -> str:
    for each in (link, where):
        if isinstance(each, Unknown):
            return f"where its template is cannot be told: {each.reason}"
    if isinstance(where, str):
        return f"its template {where[:200]} is not a file here"
    return "its template is elsewhere, and nothing is downloaded"
