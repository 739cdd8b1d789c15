"""The shipped packs as loaded, and their examples as judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from finops_guard.evaluate import Evaluator
from finops_guard.evaluate.derive import Setting, derive
from finops_guard.language.bind import bind_rule
from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import read
from finops_guard.language.examples import resource_of
from finops_guard.language.pack import load_pack
from finops_guard.model import All, AnyOf, Binding, Compare, Condition, Example, Not, Pack, Rule

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FILES = sorted((Path(__file__).parents[2] / "rules").glob("*.yaml"))


def loaded(path: Path) -> tuple[Pack, list[Diagnostic]]:
    pack, problems = load_pack(read(path))
    assert pack is not None
    return pack, problems


PACKS = [loaded(path)[0] for path in FILES]
RULES = [(pack, rule) for pack in PACKS for rule in pack.rules.values()]


def name_of(value: object) -> str | None:
    """How pytest names a case."""
    return value.id if isinstance(value, Rule) else value.name if isinstance(value, Pack) else None


def defaults(pack: Pack) -> dict[str, object]:
    return {name: param.default for name, param in pack.params.items()}


def verdicts(pack: Pack, rule: Rule, values: Mapping[str, object] | None = None) -> list[str]:
    """The verdict of each example, in order, with the pack's defaults or the given values."""
    bound = bind_rule(rule, defaults(pack) | dict(values or {}))
    evaluator = Evaluator([Binding("it", pack, (bound,), All(()), "dry-run", frozenset())], NOW, include_pass=True)
    return [_verdict(evaluator, example) for example in rule.examples]


def _verdict(evaluator: Evaluator, example: Example) -> str:
    resource = resource_of(example.resource, example.at)
    found = evaluator.judge(derive([resource], Setting(NOW, omitted_adds_nothing=True)))
    return next((judgement.verdict for judgement in found), "outside")


def dropped(condition: Condition) -> Iterator[tuple[Compare, Condition]]:
    """Each test of a condition, with what the condition is without it."""
    match condition:
        case Compare():
            yield condition, All(())
        case Not(item):
            for test, rest in dropped(item):
                yield test, All(()) if rest == All(()) else Not(rest)
        case All(items):
            yield from ((test, All(rest)) for test, rest in _dropped_of(items))
        case AnyOf(items):
            yield from ((test, AnyOf(rest) if rest else All(())) for test, rest in _dropped_of(items))


def _dropped_of(items: Sequence[Condition]) -> Iterator[tuple[Compare, tuple[Condition, ...]]]:
    for i, item in enumerate(items):
        for test, rest in dropped(item):
            kept = () if isinstance(item, Compare) else (rest,)
            yield test, (*items[:i], *kept, *items[i + 1 :])
