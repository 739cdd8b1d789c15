"""Packs: `rules/*.yaml`, checked as far as they can be without a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops_guard.language.check import check
from finops_guard.language.conditions import Place, Reader
from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.examples import check_example
from finops_guard.language.ladder import read_ladder
from finops_guard.language.literals import SHAPES, parse
from finops_guard.language.schema import PARAM_TYPES, pack_schema
from finops_guard.model import SEVERITIES, Example, Pack, Parameter, Rule

_STRICTER = {
    "list": ("subset", "superset"),
    "bool": ("true", "false"),
    **dict.fromkeys(("number", "percent", "duration", "money", "size", "date"), ("lower", "higher")),
}


def load_pack(document: Document) -> tuple[Pack | None, list[Diagnostic]]:
    """The pack of a document and every mistake in it; None where it is not even a map with rules."""
    problems = check(document, pack_schema)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("rules"), dict):
        return None, problems
    reader = Reader(document, problems=problems)
    params = {
        name: param for name, spec in _map(data.get("params")).items() if (param := _parameter(reader, name, spec))
    }
    reader.params = params
    name = str(data.get("pack", ""))
    rules = {rule: _rule(reader, name, rule, body) for rule, body in data["rules"].items() if isinstance(body, dict)}
    for unused in params.keys() - reader.used:
        place = ("params", unused)
        problems.append(document.problem(place, f"parameter '{unused}' is used by no rule", key=True, warning=True))
    version, summary = str(data.get("version", "")), str(data.get("summary") or "")
    return Pack(name, version, summary, params, rules, document.file, document.sha256), problems


def _map(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _parameter(reader: Reader, name: str, spec: Any) -> Parameter | None:
    spec = _map(spec)
    kind = spec.get("type")
    if kind not in PARAM_TYPES:
        return None
    default = None
    place: Place = ("params", name)
    if "default" in spec:
        default = param_value(reader, kind, spec["default"], (*place, "default"))
    stricter = spec.get("stricter")
    if isinstance(stricter, str) and stricter not in _STRICTER.get(kind, ()):
        allowed = " or ".join(_STRICTER.get(kind, ())) or "nothing"
        reader.problem((*place, "stricter"), f"a {kind} cannot become stricter by '{stricter}'", f"it takes {allowed}")
    return Parameter(name, kind, default, "default" not in spec, stricter, str(spec.get("help") or ""))


def param_value(reader: Reader, kind: str, data: Any, place: Place) -> object | None:
    """A parameter's value from a default or a policy's `with`, in the type's unit; None when wrong (noted)."""
    if kind == "list":
        if not isinstance(data, list):
            reader.problem(place, f"a list is needed here, not '{data}'", SHAPES["list"])
            return None
        for i, item in enumerate(data):
            if not isinstance(item, str):
                reader.problem(
                    (*place, i), f"{item} is a number here, and a list of text is needed", f"quote it: '{item}'"
                )
        return tuple(item for item in data if isinstance(item, str))
    if kind in ("number", "bool"):
        good = (
            isinstance(data, bool) if kind == "bool" else isinstance(data, (int, float)) and not isinstance(data, bool)
        )
        if good:
            return data  # type: ignore[no-any-return] # a number or a boolean
        reader.problem(place, f"'{data}' is not a {kind}", SHAPES[kind])
        return None
    if not isinstance(data, str):
        spelt = reader.document.spelt(place)
        reader.problem(
            place, f"{spelt or 'this'} is not a {kind}", SHAPES[kind] if kind != "text" else f"quote it: '{spelt}'"
        )
        return None
    try:
        return parse(kind, data)
    except ValueError as error:
        reader.problem(place, f"'{data}' is not a {kind}", str(error))
        return None


def _rule(reader: Reader, pack: str, name: str, body: Mapping[str, Any]) -> Rule:
    place: Place = ("rules", name)
    match = reader.population(body.get("match"), (*place, "match"))
    examples = []
    for verdict, resources in _map(body.get("examples")).items():
        for i, data in enumerate(resources if isinstance(resources, list) else []):
            if isinstance(data, dict):
                here = (*place, "examples", verdict, i)
                check_example(reader, data, here)
                examples.append(Example(verdict, data, reader.document.at(here)))
    severity = body.get("severity")
    return Rule(
        pack=pack,
        name=name,
        title=str(body.get("title") or ""),
        severity=severity if severity in SEVERITIES else "low",
        match=match,
        require=reader.condition(body.get("require"), (*place, "require")),
        otherwise=read_ladder(reader, body.get("otherwise"), (*place, "otherwise"), match),
        why=str(body.get("why") or ""),
        learn=str(body.get("learn") or ""),
        capability=str(body.get("capability") or ""),
        examples=tuple(examples),
        at=reader.document.at(place, key=True),
    )
