"""Uses of packs: which file, which parameters, which rules, which authority. From these come a policy's bindings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from finops_guard.errors import InputError
from finops_guard.fields import FIELDS
from finops_guard.language.bind import bind_rule
from finops_guard.language.conditions import EVERYTHING, TAG
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import read
from finops_guard.language.library import local_packs, shipped_names, shown
from finops_guard.language.near import suggest
from finops_guard.language.pack import load_pack, param_value
from finops_guard.language.regexes import PatternError
from finops_guard.language.regexes import check as check_pattern
from finops_guard.language.sections import Item
from finops_guard.model import (
    SEVERITIES,
    All,
    AnyOf,
    Binding,
    Compare,
    Condition,
    Mode,
    Not,
    Pack,
    Param,
    Parameter,
    Rule,
    Severity,
    Verb,
)


@dataclass(slots=True)
class Library:
    """Loads each pack once; mistakes of packs go to `problems`."""

    problems: list[Diagnostic]
    _loaded: dict[Path, Pack | None] = field(default_factory=dict)

    def find(self, name: str, policy: Path, item: Item) -> Pack | None:
        """The pack of a `use`: a path, else a local or shipped pack by its name."""
        path = self._path(name, policy, item)
        if path is None:
            return None
        key = path.resolve()
        if key not in self._loaded:
            self._loaded[key] = None
            try:
                pack, problems = load_pack(read(path, shown(path)))
                self._loaded[key] = pack
                self.problems += problems
            except LanguageError as error:
                self.problems += error.diagnostics
            except InputError as error:
                item.problem(error.what, at=("use",))
        return self._loaded[key]

    def _path(self, name: str, policy: Path, item: Item) -> Path | None:
        if "/" in name or name.endswith((".yaml", ".yml")):
            return policy.parent / name
        local, ours = local_packs(policy), shipped_names("rules")
        found = local.get(name, [])
        if found and name in ours:
            hint = f"write use: ./{_relative(found[0], policy)} if you mean your own"
            item.problem(f"{shown(found[0])} has the name of a shipped pack, '{name}'", hint, at=("use",))
        elif len(found) > 1:
            files = ", ".join(shown(path) for path in found)
            item.problem(f"several packs are called '{name}': {files}", "give the path", at=("use",))
        elif not found and name not in ours:
            near = suggest(name, [*local, *ours])
            known = f"known: {', '.join(sorted([*local, *ours]))}"
            item.problem(f"unknown pack '{name}'", f"did you mean '{near}'?" if near else known, at=("use",))
        else:
            return found[0] if found else ours[name]
        return None


def _relative(path: Path, policy: Path) -> str:
    try:
        return str(path.relative_to(policy.resolve().parent))
    except ValueError:
        return str(path)


@dataclass(slots=True)
class Use:
    """One use in the making: a base policy's, which the policy that extends it may tighten, or its own."""

    item: Item
    pack: Pack
    name: str
    values: dict[str, object]
    given: dict[str, Item]
    where: Condition
    mode: Mode | None
    permit: frozenset[Verb] | None
    accept: frozenset[str]
    skip: frozenset[str]
    severity: dict[str, Severity]


def read_use(item: Item, pack: Pack) -> Use:
    """A `use` entry; names of parameters and rules are checked."""
    data = item.data
    given = dict(Item(item.reader, (*item.place, "with"), data.get("with")).entries())
    values: dict[str, object] = {}
    for name, value in given.items():
        if name not in pack.params:
            near = suggest(name, pack.params)
            known = ", ".join(pack.params) or "none"
            hint = f"did you mean '{near}'?" if near else f"known: {known}"
            value.problem(f"pack {pack.name} has no parameter '{name}'", hint, key=True)
            continue
        parsed = param_value(value.reader, pack.params[name].type, value.data, value.place)
        if parsed is not None:
            values[name] = parsed
    for key in ("skip", "severity"):
        for name, place in _names(item, key):
            if name not in pack.rules:
                near = suggest(name, pack.rules)
                hint = f"did you mean '{near}'?" if near else f"known: {', '.join(pack.rules)}"
                item.problem(f"pack {pack.name} has no rule '{name}'", hint, at=place, key=key == "severity")
    where = item.reader.condition(data["where"], (*item.place, "where")) if "where" in data else EVERYTHING
    severity = {n: s for n, s in _map(data.get("severity")).items() if s in SEVERITIES}
    permit = data.get("permit")
    return Use(
        item=item,
        pack=pack,
        name=str(data.get("as") or pack.name),
        values=values,
        given=given,
        where=where,
        mode=data.get("mode") if data.get("mode") in ("dry-run", "enforce") else None,
        permit=frozenset(permit) if isinstance(permit, list) else None,
        accept=frozenset(_texts(data.get("accept"))),
        skip=frozenset(_texts(data.get("skip"))),
        severity=severity,
    )


def _names(item: Item, key: str) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    data = item.get(key)
    if isinstance(data, dict):
        yield from ((name, (key, name)) for name in data)
    elif isinstance(data, list):
        yield from ((name, (key, i)) for i, name in enumerate(data) if isinstance(name, str))


def _map(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _texts(data: Any) -> list[str]:
    return [text for text in data if isinstance(text, str)] if isinstance(data, list) else []


def binding(use: Use, mode: Mode, permit: frozenset[Verb], team_names: tuple[str, ...]) -> Binding:
    """The binding of a use under the policy's mode and permit; what it may not do is noted."""
    item = use.item
    if use.mode == "enforce" and mode == "dry-run":
        item.problem("the policy's mode is dry-run; a binding may only lower it", at=("mode",))
    for verb in sorted((use.permit or frozenset()) - permit):
        i = item.data["permit"].index(verb)
        item.problem(f"the policy does not permit '{verb}'", "add it to the policy's permit", at=("permit", i))
    values = {name: _value(use, param, team_names) for name, param in use.pack.params.items()}
    rules = []
    for rule in use.pack.rules.values():
        if rule.name in use.skip or any(value is None for value in values.values()):
            continue
        bound = bind_rule(rule, values)
        _check_values(use, rule)
        rules.append(replace(bound, severity=use.severity.get(rule.name, rule.severity)))
    effective: Mode = "enforce" if mode == "enforce" and use.mode != "dry-run" else "dry-run"
    allowed = permit if use.permit is None else use.permit & permit
    return Binding(use.name, use.pack, tuple(rules), use.where, effective, allowed, use.accept)


def _value(use: Use, param: Parameter, team_names: tuple[str, ...]) -> object | None:
    if param.name in use.values:
        return use.values[param.name]
    if param.name == "teams" and param.type == "list" and team_names:
        return team_names
    if param.required and param.name not in use.given:
        use.item.problem(f"pack {use.pack.name} needs parameter '{param.name}'", f"with: {{{param.name}: …}}")
    return param.default


def _check_values(use: Use, rule: Rule) -> None:
    """Given values that only now meet their field: choices and patterns."""
    for test in (*_tests(rule.match), *_tests(rule.require)):
        if not isinstance(test.value, Param) or test.value.name not in use.given:
            continue
        given = use.given[test.value.name]
        spec = TAG if test.ref.space != "field" else FIELDS[test.ref.name]
        if test.op == "matches" and isinstance(given.data, str):
            try:
                check_pattern(given.data)
            except PatternError as error:
                given.problem(f"pattern '{given.data}', character {error.offset + 1}: {error}")
        for value in given.data if isinstance(given.data, list) else [given.data]:
            if spec.choices and value not in spec.choices:
                near = suggest(str(value), spec.choices)
                given.problem(f"'{value}' is not a {test.ref}", f"did you mean '{near}'?" if near else None)


def _tests(condition: Condition) -> Iterator[Compare]:
    match condition:
        case All(items) | AnyOf(items):
            for part in items:
                yield from _tests(part)
        case Not(part):
            yield from _tests(part)
        case Compare():
            yield condition
