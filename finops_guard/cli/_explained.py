"""A rule or a pack in words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from finops_guard.cli._words import parts, step, value_of, written
from finops_guard.language.bind import bind_rule
from finops_guard.model import Pack, Param, Parameter, Policy, Rule

if TYPE_CHECKING:
    from finops_guard.outputs._screen import Screen

INDENT = 2
WIDE = 10


def pack(found: Pack, shape: str) -> None:
    """A pack: its summary, its parameters and the title of each rule."""
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json(
            {
                "pack": found.name,
                "version": found.version,
                "summary": found.summary,
                "file": found.path,
                "params": [_parameter(param, {}) for param in found.params.values()],
                "rules": [{"rule": r.id, "severity": r.severity, "title": r.title} for r in found.rules.values()],
            }
        )
        return
    from finops_guard.outputs._screen import screen

    to = screen(sys.stdout)
    to.say((found.name, "bold"), (f"  {found.version}  {found.path}", "dim"))
    to.indented(found.summary, 0, "")
    _parameters(to, found, tuple(found.params), {})
    _heading(to, "Rules")
    wide = max(len(name) for name in found.rules)
    for each in found.rules.values():
        to.say(" " * INDENT, (to.cell(each.name, wide), "bold"), f"  {to.cell(each.severity, 8)}  ", each.title)


def rule(found: Rule, of: Pack, policy: Policy | None, shape: str) -> None:
    """A rule: what it asks of what, why, what to do, its parameters and its examples.

    The values are those of the policy where it uses the pack once, otherwise the defaults.
    """
    values: dict[str, object] = {
        name: Param(name) if param.required else param.default for name, param in of.params.items()
    }
    under = [each for b in policy.bindings for each in b.rules if each.id == found.id] if policy else []
    plain = under[0] if len(under) == 1 else bind_rule(found, values)
    given = _given(of, policy) if policy else {}
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json(_record(found, plain, of, given))
        return
    from finops_guard.outputs._screen import screen

    to = screen(sys.stdout)
    where = f"{found.at.file}:{found.at.line}" if found.at else of.path
    facts = " · ".join(part for part in (plain.severity, found.capability, where) if part)
    to.say((found.id, "bold"), (f"  {facts}", "dim"))
    to.indented(found.title, 0, "bold")
    _sentence(to, plain)
    for word, text in (("Why", found.why), ("Learn", found.learn)):
        if text:
            _heading(to, word)
            to.indented(text.strip(), INDENT, "")
    _parameters(to, of, _names(found), given)
    _examples(to, found)


def _heading(to: Screen, word: str) -> None:
    to.say()
    to.say((word, "cyan"))


def _sentence(to: Screen, plain: Rule) -> None:
    _heading(to, "For every resource of which")
    _list(to, parts(plain.match))
    _heading(to, "it requires that")
    _list(to, parts(plain.require))
    if plain.otherwise:
        _heading(to, "otherwise, besides reporting it")
        _list(to, [step(rung) for rung in plain.otherwise])


def _list(to: Screen, items: list[str]) -> None:
    for item in items:
        lines = to.wrapped(item, to.width - INDENT - 2)
        for i, line in enumerate(lines):
            to.say(" " * INDENT, ("- " if not i else "  ", "dim"), line)


def _parameters(to: Screen, of: Pack, names: tuple[str, ...], given: dict[str, dict[str, str]]) -> None:
    if not names:
        return
    _heading(to, "Parameters")
    for name in names:
        param = of.params[name]
        to.say(" " * INDENT, (f"${name}", "bold"), f" ({param.type}): {value_of(param)}")
        for binding, values in given.items():
            if name in values:
                to.indented(f"{values[name]} in '{binding}' of the policy", 2 * INDENT, "green")
        if param.help:
            to.indented(param.help, 2 * INDENT)


def _examples(to: Screen, found: Rule) -> None:
    if not found.examples:
        return
    _heading(to, "Examples")
    for example in found.examples:
        lines = to.wrapped(written(example.resource), to.width - INDENT - WIDE)
        for i, line in enumerate(lines):
            verdict = to.cell("" if i else example.verdict, WIDE)
            to.say(" " * INDENT, (verdict, "dim"), line)


def _names(found: Rule) -> tuple[str, ...]:
    """The parameters a rule reads."""
    from finops_guard.evaluate.checks import parameters

    return parameters(found)


def _given(of: Pack, policy: Policy) -> dict[str, dict[str, str]]:
    """What each binding of the pack gives its parameters, as written in the policy."""
    found: dict[str, dict[str, str]] = {b.name: {} for b in policy.bindings if b.pack.name == of.name}
    for use in _uses(policy):
        name = str(use.get("as") or _pack_of(str(use.get("use")), of))
        if name in found and isinstance(use.get("with"), dict):
            found[name] |= {key: written(value) for key, value in use["with"].items()}
    teams = of.params.get("teams")
    if policy.teams and teams is not None and teams.type == "list":
        for values in found.values():
            values.setdefault("teams", ", ".join(policy.teams))
    return found


def _pack_of(use: str, of: Pack) -> str:
    """A use's name where it has no `as`: its pack's, which may be given by path."""
    return of.name if use == of.name or use.rpartition("/")[2] == of.path.rpartition("/")[2] else use


def _uses(policy: Policy) -> Iterator[dict[str, Any]]:
    packs = policy.raw.get("packs")
    for use in packs if isinstance(packs, list) else ():
        if isinstance(use, dict):
            yield use


def _parameter(param: Parameter, given: dict[str, dict[str, str]]) -> dict[str, object]:
    return {
        "name": param.name,
        "type": param.type,
        "default": None if param.required else value_of(param),
        "required": param.required,
        "help": param.help,
        "policy": {binding: values[param.name] for binding, values in given.items() if param.name in values},
    }


def _record(found: Rule, plain: Rule, of: Pack, given: dict[str, dict[str, str]]) -> dict[str, object]:
    return {
        "rule": found.id,
        "title": found.title,
        "severity": plain.severity,
        "capability": found.capability,
        "why": found.why,
        "learn": found.learn,
        "file": found.at.file if found.at else of.path,
        "line": found.at.line if found.at else None,
        "match": parts(plain.match),
        "require": parts(plain.require),
        "otherwise": [step(rung) for rung in plain.otherwise],
        "params": [_parameter(of.params[name], given) for name in _names(found)],
        "examples": [{"verdict": e.verdict, "resource": e.resource} for e in found.examples],
    }
