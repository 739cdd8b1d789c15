"""Uses of packs: which file, which parameters, which rules, which authority. From these come a policy's bindings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from finops_guard.errors import InputError
from finops_guard.language.bind import bind_rule
from finops_guard.language.conditions import EVERYTHING
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import read
from finops_guard.language.item import Item
from finops_guard.language.library import local_packs, shipped_names, shown
from finops_guard.language.near import suggest
from finops_guard.language.pack import load_pack
from finops_guard.language.params import check_value, param_value, uses_of_params
from finops_guard.language.words import did_you_mean, few
from finops_guard.model import SEVERITIES, VERBS, Binding, Condition, Mode, Pack, Parameter, Rule, Severity, Verb


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
                item.problem(error.what, error.help, at=("use",))
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
            known = sorted({*local, *ours})
            meant = did_you_mean(suggest(name, known)) or few(known, "known: {}")
            item.problem(f"unknown pack '{name}'", meant, at=("use",))
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
    given = dict(item.below("with").entries())
    values: dict[str, object] = {}
    for name, value in list(given.items()):
        if name not in pack.params:
            near = suggest(name, [param for param in pack.params if param not in given])
            hint = did_you_mean(near) or few(list(pack.params), "known: {}") or "it has none"
            value.problem(f"pack {pack.name} has no parameter '{name}'", hint, key=True)
            if near:
                given.setdefault(near, value)  # misspelt, not missing
            continue
        parsed = param_value(value.reader, pack.params[name].type, value.data, value.place)
        if parsed is not None:
            values[name] = parsed
    _expect_rules(item, pack)
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
        permit=frozenset(verb for verb in VERBS if verb in permit) if isinstance(permit, list) else None,
        accept=frozenset(_texts(data.get("accept"))),
        skip=frozenset(_texts(data.get("skip"))),
        severity=severity,
    )


def _expect_rules(item: Item, pack: Pack) -> None:
    named = [(str(rule.data), rule, False) for rule in item.below("skip").texts()]
    named += [(name, rule, True) for name, rule in item.below("severity").entries()]
    for name, rule, at_key in named:
        if name not in pack.rules:
            short = name.removeprefix(f"{pack.name}/")
            near = short if short in pack.rules else suggest(short, pack.rules)
            hint = did_you_mean(near) or few(list(pack.rules), "known: {}")
            rule.problem(f"pack {pack.name} has no rule '{name}'", hint, key=at_key)


def _map(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _texts(data: Any) -> list[str]:
    return [text for text in data if isinstance(text, str)] if isinstance(data, list) else []


def binding(use: Use, mode: Mode, permit: frozenset[Verb], team_names: tuple[str, ...]) -> Binding:
    """The binding of a use under the policy's mode and permit."""
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
        example = f"with: {{{param.name}: …}}"
        use.item.problem(f"pack {use.pack.name} needs parameter '{param.name}'", example, at=("use",))
    return param.default


def _check_values(use: Use, rule: Rule) -> None:
    """Given values that only now meet their fields: choices and patterns."""
    for test, param in uses_of_params(rule):
        if param in use.values and param in use.given:
            given = use.given[param]
            check_value(test, given.reader, given.data, given.place)
