"""Packs: `rules/*.yaml`, checked as far as they can be without a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops_guard.language.check import check
from finops_guard.language.conditions import Place, Reader
from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document, collector_paused
from finops_guard.language.examples import check_example
from finops_guard.language.ladder import read_ladder
from finops_guard.language.params import check_value, param_value, uses_of_params
from finops_guard.language.schema import PARAM_TYPES, pack_schema
from finops_guard.language.words import a
from finops_guard.model import SEVERITIES, Example, Pack, Parameter, Rule

_STRICTER = {
    "list": ("subset", "superset"),
    "bool": ("true", "false"),
    **dict.fromkeys(("number", "percent", "duration", "money", "size", "date"), ("lower", "higher")),
}


@collector_paused()
def load_pack(document: Document) -> tuple[Pack | None, list[Diagnostic]]:
    """The pack of a document and every mistake in it; None where it is not even a map with rules."""
    checked = check(document, pack_schema)
    problems = checked.problems
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("rules"), dict):
        return None, problems
    reader = Reader(document, problems=problems, faulty=checked.faulty, packed=True)
    params = {
        name: param for name, spec in _map(data.get("params")).items() if (param := _parameter(reader, name, spec))
    }
    reader.params = params
    name = str(data.get("pack", ""))
    rules = {rule: _rule(reader, name, rule, body) for rule, body in data["rules"].items() if isinstance(body, dict)}
    for rule in rules.values():
        for test, used in uses_of_params(rule):
            if not params[used].required:
                check_value(test, reader, data["params"][used]["default"], ("params", used, "default"))
    for unused in sorted(params.keys() - reader.used) if not problems else ():
        place = ("params", unused)
        problems.append(document.problem(place, f"parameter '{unused}' is used by no rule", key=True, warning=True))
    version, summary = str(data.get("version", "")), str(data.get("summary") or "")
    return Pack(name, version, summary, params, rules, document.file, document.sha256, document.text), problems


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
        reader.problem((*place, "stricter"), f"{a(kind)} cannot become stricter by '{stricter}'", f"it takes {allowed}")
    return Parameter(name, kind, default, "default" not in spec, stricter, str(spec.get("help") or ""))


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
