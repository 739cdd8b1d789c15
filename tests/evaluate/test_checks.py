"""Examples as checks, and branches as they were seen."""

from __future__ import annotations

from datetime import UTC, datetime

from finops_guard.evaluate.checks import Branches, examples, lacking, parameters, with_defaults
from finops_guard.language.document import Document
from finops_guard.language.pack import load_pack
from finops_guard.model import Pack, Rule

NOW = datetime(2026, 11, 25, tzinfo=UTC)
PACK = """\
pack: demo
version: 1.0.0
params:
  teams: {type: list}
  over: {type: duration, default: 3d}
  wait: {type: duration}
rules:
  it:
    title: It is so
    severity: low
    match: MATCH
    require: REQUIRE
    otherwise: [{do: notify}, {do: stop, after: $wait}]
    examples: EXAMPLES
  other:
    title: It is so
    severity: low
    match: all
    require: {tags: {team: {in: $teams}}, usage: {cpu_percent: {gte: 5%, over: $over}}}
"""


def demo(match: str = "all", require: str = "{ai: true}", examples: str = "{pass: [{ai: true}]}") -> tuple[Pack, Rule]:
    text = PACK.replace("MATCH", match).replace("REQUIRE", require).replace("EXAMPLES", examples)
    pack, problems = load_pack(Document("demo.yaml", text))
    assert pack is not None, problems
    return pack, pack.rules["it"]


def seen(match: str, require: str, shown: str) -> dict[str, set[bool]]:
    pack, rule = demo(match, require, shown)
    bound = with_defaults(pack, rule)
    assert isinstance(bound, Rule)
    branches = Branches([bound], NOW)
    for check in examples(pack, bound, NOW):
        branches.see(check.rule, check.resource)
    return {f"{branch.part} {branch.test.ref}": branch.seen for branch in branches.all}


def test_an_example_gets_its_verdict_or_says_why_not() -> None:
    shown = (
        "{pass: [{kind: job, ai: true}, {kind: job, ai: false}], outside: [{kind: vm, ai: true}], "
        "unknown: [{kind: notebook, ai: true}]}"
    )
    pack, rule = demo("{not: {kind: vm}}", "{ai: true, taggable: true}", shown)
    bound = with_defaults(pack, rule)
    assert isinstance(bound, Rule)
    good, bad, outside, wrong = examples(pack, bound, NOW)
    assert good.held
    assert outside.held
    assert (bad.held, bad.got, [reason.field for reason in bad.reasons]) == (False, "fail", ["ai"])
    assert (wrong.expected, wrong.got, wrong.held) == ("unknown", "pass", False)
    assert bad.at is not None
    assert bad.at.line == 14


def test_a_branch_is_seen_true_and_false() -> None:
    shown = "{pass: [{kind: vm, ai: true}], fail: [{kind: vm, ai: false}], outside: [{kind: bucket}]}"
    assert seen("{kind: vm}", "{ai: true}", shown) == {"match kind": {True, False}, "require ai": {True, False}}


def test_what_is_outside_shows_nothing_of_what_is_required() -> None:
    shown = "{pass: [{kind: vm, ai: true}], outside: [{kind: bucket, ai: false}]}"
    assert seen("{kind: vm}", "{ai: true}", shown) == {"match kind": {True, False}, "require ai": {True}}


def test_what_is_unknown_shows_neither() -> None:
    assert seen("all", "{region: eu-west-1}", "{unknown: [{kind: vm}]}") == {"require region": set()}


def test_each_alternative_is_a_branch_of_its_own() -> None:
    shown = "{pass: [{kind: vm, ai: true, region: a}]}"
    assert seen("all", "{any: [{ai: true}, {not: {region: a}}]}", shown) == {
        "require ai": {True},
        "require region": {True},
    }


def test_a_field_that_the_kind_does_not_have_is_absent_not_unknown() -> None:
    assert seen("all", "{log: {retention: {lt: 30d}}}", "{fail: [{kind: vm}]}") == {"require log.retention": {False}}


def test_parameters_that_a_test_needs_and_nobody_gives() -> None:
    pack, it = demo()
    other = pack.rules["other"]
    assert parameters(other) == ("teams", "over")
    assert parameters(it) == ("wait",)
    assert with_defaults(pack, other) == ("teams",)
    assert lacking(other, {"teams": ("a",), "over": None}) == ("over",)
    assert isinstance(with_defaults(pack, it), Rule), "what only the ladder reads changes no verdict"
