"""The examples of shipped rules: there are enough of them, each gets its verdict, and they can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from finops_guard.language.schema import VERDICTS
from finops_guard.model import Money, Pack, Parameter, Rule
from tests.rules.shipped import PACKS, RULES, dropped, name_of, verdicts

each_rule = pytest.mark.parametrize(("pack", "rule"), RULES, ids=name_of)


@each_rule
def test_each_example_gets_its_verdict(pack: Pack, rule: Rule) -> None:
    wrong = [
        f"{example.at} is {got}, not {example.verdict}"
        for example, got in zip(rule.examples, verdicts(pack, rule), strict=True)
        if got != example.verdict
    ]
    assert wrong == []


def test_each_rule_shows_every_verdict() -> None:
    lacking = {rule.id: lacks for _, rule in RULES if (lacks := set(VERDICTS) - {e.verdict for e in rule.examples})}
    assert lacking == {}


@each_rule
def test_each_part_of_a_rule_is_needed_by_some_example(pack: Pack, rule: Rule) -> None:
    """A test that could be dropped unnoticed is one that a slip of the pen would drop unnoticed."""
    asked = [example.verdict for example in rule.examples]
    parts = [(f"match: {test}", replace(rule, match=rest)) for test, rest in dropped(rule.match)]
    parts += [(f"require: {test}", replace(rule, require=rest)) for test, rest in dropped(rule.require)]
    assert parts
    assert [part for part, without in parts if verdicts(pack, without) == asked] == []


@pytest.mark.parametrize("pack", PACKS, ids=name_of)
def test_a_stricter_parameter_lets_nothing_go(pack: Pack) -> None:
    """What fails with the defaults fails with any parameter moved its stricter way, as `extends` relies on."""
    loose = [
        f"{name} lets {example.at} go"
        for name, param in pack.params.items()
        if param.stricter is not None
        for rule in pack.rules.values()
        for example, got in zip(rule.examples, verdicts(pack, rule, {name: _strictest(param)}), strict=True)
        if example.verdict == "fail" and got != "fail"
    ]
    assert loose == []


def _strictest(param: Parameter) -> object:
    match param.stricter, param.default:
        case "subset", list() | tuple() as values:
            return tuple(values[:1]) or ("no-such-team",)
        case "lower", Money(currency=currency):
            return Money(0, currency)  # type: ignore[arg-type] # an int will do for comparing
        case "lower", _:
            return 0
        case "higher", _ if param.type == "percent":
            return 100.0
        case "higher", int() | float() as value:
            return value * 1000
        case "true" | "false" as way, _:
            return way == "true"
    pytest.fail(f"how does {param.name} get stricter?")
