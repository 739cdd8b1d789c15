"""What changed between two packs, in terms of what they ask: stricter, looser, or only worded otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from finops_guard.language.bind import bind_condition
from finops_guard.language.entails import entails
from finops_guard.model import DESTRUCTIVE, SEVERITIES, Condition, Money, Pack, Param, Parameter, Rule, Rung

Effect = Literal["removed", "looser", "changed", "sooner", "added", "stricter", "later", "worded"]
Bump = Literal["major", "minor", "patch"]
BUMPS: Mapping[Effect, Bump] = {
    "removed": "major",  # what a policy names is gone
    "looser": "major",  # what was asked is asked no more, unnoticed
    "changed": "major",  # neither can be ruled out
    "sooner": "major",  # acts earlier, or acts more
    "added": "minor",
    "stricter": "minor",
    "later": "minor",
    "worded": "patch",
}
_TEXTS = ("title", "why", "learn", "capability")
_RANK: tuple[Bump, ...] = ("patch", "minor", "major")


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `subject` is `rule NAME`, `parameter NAME` or `pack`, `part` what of it; before and after as data."""

    subject: str
    part: str
    effect: Effect
    before: object = None
    after: object = None


def difference(old: Pack, new: Pack) -> list[Change]:
    """Every change, in the order of the packs: parameters, then rules."""
    changes = [*_parameters(old.params, new.params), *_rules(old, new)]
    if old.summary != new.summary:
        changes.append(Change("pack", "summary", "worded", old.summary, new.summary))
    return changes


def bump(changes: list[Change]) -> Bump | None:
    """Which part of the version must go up for these changes; None without changes."""
    bumps = [_bump(change) for change in changes]
    return max(bumps, key=_RANK.index) if bumps else None


def _bump(change: Change) -> Bump:
    if change.effect == "added" and isinstance(change.after, Parameter) and change.after.required:
        return "major"  # policies that do not give it load no more
    return BUMPS[change.effect]


def next_version(version: str, by: Bump) -> str:
    """The version after `version` (semver.org §6-8; before 1.0.0 a minor bump announces what breaks, §4)."""
    major, minor, patch = (int(part) for part in version.split("."))
    if by == "patch" or (by == "minor" and not major):
        return f"{major}.{minor}.{patch + 1}"
    if by == "minor" or not major:
        return f"{major}.{minor + 1}.0"
    return f"{major + 1}.0.0"


def enough(old: str, new: str, by: Bump) -> bool:
    """Whether the new version announces changes of that size."""
    return _numbers(new) >= _numbers(next_version(old, by))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _parameters(old: Mapping[str, Parameter], new: Mapping[str, Parameter]) -> Iterator[Change]:
    for name, before in old.items():
        subject = f"parameter {name}"
        after = new.get(name)
        if after is None:
            yield Change(subject, "", "removed", before)
            continue
        if before.type != after.type:
            yield Change(subject, "type", "changed", before.type, after.type)
        elif before.required != after.required:
            effect: Effect = "changed" if after.required else "added"
            yield Change(subject, "default", effect, before.default, after.default)
        elif before.default != after.default:
            yield Change(subject, "default", _moved(before, before.default, after.default), before, after)
        if before.stricter != after.stricter:
            yield Change(subject, "stricter", "changed", before.stricter, after.stricter)
        if before.help != after.help:
            yield Change(subject, "help", "worded", before.help, after.help)
    for name, added in new.items():
        if name not in old:
            yield Change(f"parameter {name}", "", "added", None, added)


def _moved(param: Parameter, before: Any, after: Any) -> Effect:
    """Whether a default moved its stricter way."""
    if isinstance(before, Money) and isinstance(after, Money):
        if before.currency != after.currency:
            return "changed"
        before, after = before.amount, after.amount
    match param.stricter:
        case "subset" | "superset":
            small, large = (set(after), set(before)) if param.stricter == "subset" else (set(before), set(after))
            if param.stricter == "subset" and () in (before, after):  # empty: any
                return "stricter" if before == () else "looser"
            return "stricter" if small <= large else "looser" if large <= small else "changed"
        case "lower" | "higher":
            return "stricter" if (after < before) == (param.stricter == "lower") else "looser"
        case "true" | "false":
            return "stricter" if after is (param.stricter == "true") else "looser"
    return "changed"


def _rules(old: Pack, new: Pack) -> Iterator[Change]:
    for name, before in old.rules.items():
        after = new.rules.get(name)
        if after is None:
            yield Change(f"rule {name}", "", "removed", before)
        else:
            yield from _rule(before, after, old, new)
    for name, added in new.rules.items():
        if name not in old.rules:
            yield Change(f"rule {name}", "", "added", None, added)


def _rule(before: Rule, after: Rule, old: Pack, new: Pack) -> Iterator[Change]:
    subject = f"rule {before.name}"
    if effect := _compared(before.match, after.match, old, new):
        # A rule that is about more things asks more.
        turned: dict[Effect, Effect] = {"stricter": "looser", "looser": "stricter"}
        yield Change(subject, "match", turned.get(effect, effect), before.match, after.match)
    if effect := _compared(before.require, after.require, old, new):
        yield Change(subject, "require", effect, before.require, after.require)
    if before.severity != after.severity:
        up = SEVERITIES.index(after.severity) > SEVERITIES.index(before.severity)
        yield Change(subject, "severity", "stricter" if up else "looser", before.severity, after.severity)
    yield from _ladder(subject, before.otherwise, after.otherwise)
    for text in _TEXTS:
        if getattr(before, text) != getattr(after, text):
            yield Change(subject, text, "worded", getattr(before, text), getattr(after, text))
    shown = [[(example.verdict, example.resource) for example in rule.examples] for rule in (before, after)]
    if shown[0] != shown[1]:
        yield Change(subject, "examples", "worded", len(before.examples), len(after.examples))


def _compared(before: Condition, after: Condition, old: Pack, new: Pack) -> Effect | None:
    """How a requirement moved; a literal that became a parameter with that default did not."""
    if before == after:
        return None
    before, after = bind_condition(before, _values(old)), bind_condition(after, _values(new))
    narrower, wider = entails(after, before), entails(before, after)
    if narrower and wider:
        return None
    return "stricter" if narrower else "looser" if wider else "changed"


def _values(pack: Pack) -> dict[str, object]:
    return {name: Param(name) if param.required else param.default for name, param in pack.params.items()}


def _ladder(subject: str, before: tuple[Rung, ...], after: tuple[Rung, ...]) -> Iterator[Change]:
    """Steps by their verb and how often it came before."""
    old, new = _numbered(before), _numbered(after)
    for key, rung in old.items():
        if key not in new:
            yield Change(subject, "otherwise", "later", rung)
        elif rung != new[key]:
            yield Change(subject, "otherwise", _step(rung, new[key]), rung, new[key])
    for key, rung in new.items():
        if key not in old:
            yield Change(subject, "otherwise", "sooner" if rung.do in DESTRUCTIVE else "added", None, rung)


def _numbered(ladder: tuple[Rung, ...]) -> dict[tuple[str, int], Rung]:
    verbs = [rung.do for rung in ladder]
    return {(rung.do, verbs[:i].count(rung.do)): rung for i, rung in enumerate(ladder)}


def _step(before: Rung, after: Rung) -> Effect:
    if isinstance(before.after, int) and isinstance(after.after, int) and before.after != after.after:
        return "later" if after.after > before.after else "sooner"
    return "changed"
