"""What changed between two packs, and what that asks of the version."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from finops_guard.evaluate import predicate
from finops_guard.language.difference import bump, difference, enough, next_version
from finops_guard.language.document import Document
from finops_guard.language.entails import entails
from finops_guard.language.pack import load_pack
from finops_guard.model import All, AnyOf, Condition, Not, Pack, Resource
from tests.cli.house import PACK
from tests.evaluate.strategies import CONDITIONS, NOW, resources


def pack(text: str = PACK) -> Pack:
    loaded, problems = load_pack(Document("demo.yaml", text))
    assert [str(problem) for problem in problems if not problem.warning] == []
    assert loaded is not None
    return loaded


def changes(*replaced: tuple[str, str]) -> list[tuple[str, str, str]]:
    text = PACK
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return [(change.subject, change.part, change.effect) for change in difference(pack(), pack(text))]


def test_a_pack_does_not_differ_from_itself() -> None:
    assert changes() == []
    assert bump([]) is None


@pytest.mark.parametrize(
    ("old", "new", "part", "effect"),
    [
        ("{lte: 8}", "{lte: 4}", "require", "stricter"),
        ("{lte: 8}", "{lt: 8}", "require", "stricter"),
        ("{lte: 8}", "{lte: 9}", "require", "looser"),
        ("{lte: 8}", "{gte: 8}", "require", "changed"),
        ("{lte: 8}", "{exists: true}", "require", "looser"),
        ("{lte: 8}", "4", "require", "stricter"),
        ("{accelerators: {count: {lte: 8}}}", "{accelerators: {count: {lte: 8}}, ai: true}", "require", "stricter"),
        ("severity: low", "severity: high", "severity", "stricter"),
        ("title: Machines are small", "title: Machines are not large", "title", "worded"),
        ("[{kind: vm, accelerators: {count: 16}}]", "[{kind: vm, accelerators: {count: 17}}]", "examples", "worded"),
    ],
)
def test_a_rule_moved(old: str, new: str, part: str, effect: str) -> None:
    assert changes((old, new)) == [("rule small", part, effect)]


@pytest.mark.parametrize(
    ("match", "effect"),
    [
        ("{kind: [vm, notebook]}", "stricter"),
        ("all", "stricter"),
        ("{kind: vm, ai: true}", "looser"),
        ("{kind: notebook}", "changed"),
        ("{any: [{kind: vm}]}", ""),
        ("{all: [{kind: vm}, {kind: [vm, notebook]}]}", ""),
    ],
)
def test_a_rule_about_more_asks_more(match: str, effect: str) -> None:
    wanted = [("rule small", "match", effect)] if effect else []
    assert changes(("{kind: vm}\n    require: {acc", f"{match}\n    require: {{acc")) == wanted


def test_a_literal_that_became_a_parameter_with_that_default_did_not_change() -> None:
    added = ("params:\n", "params:\n  most: {type: number, default: 8}\n")
    assert changes(added, ("{lte: 8}", "{lte: $most}")) == [("parameter most", "", "added")]


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("after: $wait, warn: [4h]", "after: $wait, warn: [8h]", "changed"),
        ("after: $wait, warn: [4h]", "after: 12h, warn: [4h]", "changed"),
        ("      - {do: stop, after: $wait, warn: [4h]}\n", "", "later"),
        ("{do: notify, mark: true}", "{do: notify, mark: true}\n      - {do: ticket, after: 2h}", "added"),
        ("warn: [4h]}", "warn: [4h]}\n      - {do: terminate, after: 90d}", "sooner"),
    ],
)
def test_a_ladder_moved(old: str, new: str, effect: str) -> None:
    found = changes((old, new))
    assert ("rule whose", "otherwise", effect) in found
    assert {subject for subject, _, _ in found} <= {"rule whose", "parameter wait"}


def test_a_wait_moved() -> None:
    long, short = (pack(PACK.replace("after: $wait", f"after: {wait}")) for wait in ("48h", "24h"))
    assert [(c.part, c.effect) for c in difference(long, short)] == [("otherwise", "sooner")]
    assert [(c.part, c.effect) for c in difference(short, long)] == [("otherwise", "later")]


@pytest.mark.parametrize(
    ("old", "new", "part", "effect"),
    [
        ("default: []", "default: [vision]", "default", "stricter"),
        ("default: [], ", "", "default", "changed"),
        ("stricter: subset, ", "", "stricter", "changed"),
        ("may own spend", "may pay", "help", "worded"),
    ],
)
def test_a_parameter_moved(old: str, new: str, part: str, effect: str) -> None:
    assert ("parameter teams", part, effect) in changes((old, new))


def test_a_type_moved() -> None:
    text = PACK.replace("{in: $teams}", "{in: [a]}")
    new = text.replace("teams: {type: list, default: [], stricter: subset", "teams: {type: text, default: x")
    assert next((c.part, c.effect) for c in difference(pack(text), pack(new))) == ("type", "changed")


@pytest.mark.parametrize(("default", "effect"), [("12h", "looser"), ("48h", "stricter")])
def test_a_default_moved_its_declared_way(default: str, effect: str) -> None:
    assert changes(("default: 24h", f"default: {default}")) == [("parameter wait", "default", effect)]


def test_what_came_and_what_went() -> None:
    renamed = changes(("  small:\n", "  tiny:\n"), ("  wait: {", "  patience: {"), ("$wait", "$patience"))
    assert ("rule small", "", "removed") in renamed
    assert ("rule tiny", "", "added") in renamed
    assert ("parameter wait", "", "removed") in renamed
    assert ("parameter patience", "", "added") in renamed


@pytest.mark.parametrize(
    ("old", "new", "by"),
    [
        ("may own spend", "may pay", "patch"),
        ("{lte: 8}", "{lte: 4}", "minor"),
        ("{lte: 8}", "{lte: 9}", "major"),
        ("  small:\n", "  tiny:\n", "major"),
        ("params:\n", "params:\n  region: {type: text}\n", "major"),
        ("params:\n", "params:\n  region: {type: text, default: x}\n", "minor"),
    ],
)
def test_what_a_change_asks_of_the_version(old: str, new: str, by: str) -> None:
    assert bump(difference(pack(), pack(PACK.replace(old, new)))) == by


def test_versions() -> None:
    assert [next_version("1.2.3", by) for by in ("major", "minor", "patch")] == ["2.0.0", "1.3.0", "1.2.4"]
    assert [next_version("0.2.3", by) for by in ("major", "minor", "patch")] == ["0.3.0", "0.2.4", "0.2.4"]
    assert enough("1.2.3", "2.0.0", "major")
    assert enough("1.2.3", "1.10.0", "minor")
    assert not enough("1.10.0", "1.9.9", "patch")


@given(CONDITIONS, CONDITIONS, resources())
def test_what_entails_another_holds_nowhere_without_it(one: Condition, other: Condition, resource: Resource) -> None:
    for left, right in ((one, other), (All((one, other)), one), (one, AnyOf((one, other))), (Not(one), Not(other))):
        if entails(left, right) and predicate(left, NOW)(resource) is True:
            assert predicate(right, NOW)(resource) is True


@given(CONDITIONS)
def test_a_condition_entails_itself_and_what_is_weaker(one: Condition) -> None:
    assert entails(one, one)
    assert entails(one, All(()))
    assert entails(All((one, Not(one))), one)
    assert entails(one, AnyOf((Not(one), one)))


def test_shipped_packs_do_not_differ_from_themselves() -> None:
    for path in sorted((Path(__file__).parents[2] / "rules").glob("*.yaml")):
        text = path.read_text("utf-8")
        assert difference(pack(text), pack(text)) == []
