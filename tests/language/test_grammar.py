"""The documents that define the language load without an error, word for word, and mean what they say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import Document, read
from finops_guard.language.pack import load_pack
from finops_guard.language.policy import check_policy, load_policy
from finops_guard.model import Cap, Compare, Money, Pack, Param, Policy, Ref, Window

FOLDER = Path(__file__).parent / "grammar"
TODAY = date(2026, 11, 25)


@pytest.fixture
def pack() -> Pack:
    loaded, problems = load_pack(read(FOLDER / "pack.yaml"))
    assert problems == []
    assert loaded is not None
    return loaded


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Policy, list[Diagnostic]]:
    (tmp_path / "policies").mkdir()
    for name in ("policy.yaml", "budgets.csv"):
        (tmp_path / "policies" / name).write_text((FOLDER / name).read_text("utf-8"), "utf-8")
    bases = {"msp-baseline": FOLDER / "msp-baseline.yaml"}
    monkeypatch.setattr("finops_guard.language.base.shipped_names", lambda _: bases)
    loaded, problems = check_policy(tmp_path / "policies" / "policy.yaml", TODAY)
    assert [str(problem) for problem in problems if not problem.warning] == []
    assert loaded is not None
    return loaded, problems


def test_a_rule_is_a_sentence(pack: Pack) -> None:
    rule = pack.rules["whose"]
    assert (rule.id, rule.severity, rule.capability) == ("ai-tags/whose", "high", "allocation")
    assert rule.match == Compare(Ref("field", "ai"), "eq", value=True)
    assert [(rung.do, rung.after, rung.mark) for rung in rule.otherwise] == [
        ("notify", None, True),
        ("stop", Param("grace"), False),
    ]
    assert rule.otherwise[1].warn == (4 * 3600,)
    assert [example.verdict for example in rule.examples] == ["pass", "fail", "fail", "unknown", "outside"]
    assert pack.params["grace"].default == 86400
    assert pack.params["teams"].default == ()
    assert not pack.params["teams"].required


def test_places_are_those_of_the_file(pack: Pack) -> None:
    rule = pack.rules["training-data"]
    lines = (FOLDER / "pack.yaml").read_text("utf-8").split("\n")
    assert rule.at is not None
    assert lines[rule.at.line - 1].startswith("  training-data:")
    assert rule.at.column == 3
    example = rule.examples[0]
    assert example.at is not None
    assert lines[example.at.line - 1][example.at.column - 1 :].startswith("{kind: training-job")


def test_every_section_of_a_policy(policy: tuple[Policy, list[Diagnostic]]) -> None:
    acme, _ = policy
    assert (acme.name, acme.mode, acme.currency) == ("acme", "enforce", "EUR")
    assert acme.permit == {"notify", "suggest", "tag", "stop"}
    assert acme.at_most == {"stop": Cap(10), "tag": Cap(500)}
    assert acme.fx == {("USD", "EUR"): (Decimal("0.92"), date(2026, 11, 1))}
    assert acme.scope["aws"]["regions"] == "enabled"
    assert acme.expect[0].match == {"account": "999…"}
    assert acme.aliases == {"modelversion": "model-version", "model-version": "model-version"}
    assert acme.inherit_tags == ("team", "project")
    assert acme.inherit_from == ("resource_group", "account")
    assert len(acme.also_ai) == 2
    assert list(acme.teams) == ["vision", "nlp"]
    assert acme.exempt[0].rule == "accelerator-waste/idle"
    assert acme.freeze[0].allowed == {"notify"}
    assert acme.windows["stop"].start == 19 * 60
    office = acme.schedules["office-hours"]
    assert office.hours == Window(frozenset(range(5)), 7 * 60, 19 * 60, "Europe/Amsterdam")
    assert office.holidays == {date(2026, 12, 25), date(2027, 1, 1)}
    assert [channel["to"] for channel in acme.channels] == ["email", "slack", "owner", "file"]


def test_bindings_come_in_order_and_lower_only(policy: tuple[Policy, list[Diagnostic]]) -> None:
    acme, _ = policy
    assert [(each.name, each.mode) for each in acme.bindings] == [
        ("tag-hygiene", "enforce"),
        ("ai-tags", "enforce"),
        ("waste-dev", "enforce"),
        ("accelerator-waste", "dry-run"),
        ("budgets", "dry-run"),
    ]
    waste = acme.bindings[3]
    assert waste.permit == {"notify"}
    assert "oversized" not in {rule.name for rule in waste.rules}
    assert next(rule for rule in waste.rules if rule.name == "idle").severity == "medium"
    whose = next(rule for rule in acme.bindings[1].rules if rule.name == "whose")
    assert ("vision", "nlp") in [test.value for test in _tests(whose.require)]


def _tests(condition: object) -> list[Compare]:
    if isinstance(condition, Compare):
        return [condition]
    return [test for item in getattr(condition, "items", ()) for test in _tests(item)]


def test_what_is_not_computed_yet_says_so(policy: tuple[Policy, list[Diagnostic]]) -> None:
    _, problems = policy
    warned = {problem.message.split("'")[1] for problem in problems}
    assert {"datasets"} <= warned
    assert not {"assume", "waivers", "approve", "costs", "rates", "shared", "budgets", "units"} & warned


def test_the_error_that_shows_how_errors_look() -> None:
    text = (
        "pack: demo\nversion: 1.0.0\nrules:\n  idle:\n    title: Used\n    severity: high\n    match:\n"
        "      accelerators: {cuont: {gte: 1}}\n    require: {ai: true}\n"
    )
    _, problems = load_pack(Document("rules/demo.yaml", text))
    assert "\n".join(str(problem) for problem in problems) == (
        "rules/demo.yaml:8:22: error: unknown field 'accelerators.cuont' in rule demo/idle\n"
        "  8 |       accelerators: {cuont: {gte: 1}}\n"
        "    |                      ^^^^^ did you mean 'count'?"
    )


def test_mistakes_of_all_files_come_in_one_error(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yaml").write_text("pack: mine\nversion: 1\nrules: {}\n", "utf-8")
    path = tmp_path / "acme.yaml"
    path.write_text("policy: acme\nowner: o\nmoed: enforce\npacks: [{use: mine}, {use: ai-tgas}]\n", "utf-8")
    with pytest.raises(LanguageError) as error:
        load_policy(path)
    found = [(Path(each.file).name, each.line, each.column) for each in error.value.diagnostics]
    assert found == [("acme.yaml", 3, 1), ("acme.yaml", 4, 28), ("mine.yaml", 2, 10), ("mine.yaml", 3, 1)]
    assert error.value.exit_code == 2
    assert error.value.help == "4 errors"


def test_money_without_a_rate_names_the_parameter(tmp_path: Path) -> None:
    """Prices are in US dollars; a limit in euros is never met or missed while the policy has no rate."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "dear.yaml").write_text(
        "pack: dear\nversion: 1.0.0\nparams: {limit: {type: money, default: 100 EUR}}\nrules:\n  a:\n    title: A\n"
        "    severity: low\n    match: all\n    require: {cost: {month: {lt: $limit}, hour: {lt: 9 USD}}}\n  b:\n"
        "    title: B\n    severity: low\n    match: {cost: {hour: {gt: 1 GBP}}}\n    require: {ai: true}\n",
        "utf-8",
    )
    path = tmp_path / "acme.yaml"

    def warned(more: str) -> list[tuple[int, int, str]]:
        path.write_text(f"policy: acme\nowner: o\npacks: [{{use: dear{more}\n", "utf-8")
        _, problems = check_policy(path, TODAY)
        assert all(problem.warning for problem in problems), problems
        return [(each.line, each.column, each.message) for each in problems]

    limit = "parameter 'limit' is {}, prices are in USD: not to be compared without a rate"
    pound = (3, 15, "'cost.hour' of dear/b is 1 GBP, prices are in USD: not to be compared without a rate")
    assert warned("}]") == [(3, 15, limit.format("100 EUR")), pound]
    assert warned(", with: {limit: 7 CHF}}]") == [(3, 35, limit.format("7 CHF")), pound]
    assert warned(", with: {limit: 7 USD}}]\nfx: {GBP: {USD: 1.3, as_of: 2026-11-01}}") == []
    rates = "fx: {USD: {EUR: 0.9, GBP: 0.8, as_of: 2026-11-01}}"
    assert warned("}]\n" + rates) == []
    assert Money(Decimal(100), "EUR") == Money(Decimal(100), "EUR")


def test_a_destructive_verb_without_room_is_warned_of(tmp_path: Path) -> None:
    """By default a destructive verb acts on nothing; a policy that permits one meant more."""
    path = tmp_path / "acme.yaml"
    text = "policy: acme\nowner: o\npermit: [notify, stop]\npacks: [{use: ai-tags}]\nnotify: [{to: file, path: n}]\n"
    path.write_text(text, "utf-8")
    _, problems = check_policy(path, TODAY)
    assert [(each.line, each.column, each.warning, each.hint) for each in problems] == [
        (3, 1, True, "at_most: {stop: 10}")
    ]
    path.write_text(text + "at_most: {stop: 0}\n", "utf-8")
    assert check_policy(path, TODAY)[1] == []


def test_a_use_that_is_never_reached_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(
        "policy: acme\nowner: o\npacks:\n  - use: ai-tags\n  - use: ai-tags\n    as: again\n    where: {kind: vm}\n",
        "utf-8",
    )
    _, problems = check_policy(path, TODAY)
    assert [(each.line, each.column, each.warning) for each in problems] == [(5, 10, True)]
    assert problems[0].message == "never reached: 'ai-tags' uses ai-tags before it, for every resource"


def test_a_local_pack_with_a_shipped_name_needs_its_path(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "ai-tags.yaml").write_text((FOLDER / "pack.yaml").read_text("utf-8"), "utf-8")
    path = tmp_path / "acme.yaml"
    path.write_text("policy: acme\nowner: o\npacks: [{use: ai-tags}]\n", "utf-8")
    _, problems = check_policy(path, TODAY)
    assert [(each.line, each.column) for each in problems] == [(3, 15)]
    assert "has the name of a shipped pack" in problems[0].message
    assert problems[0].hint == "write use: ./rules/ai-tags.yaml if you mean your own"
    path.write_text("policy: acme\nowner: o\npacks: [{use: ./rules/ai-tags.yaml}]\n", "utf-8")
    loaded, problems = check_policy(path, TODAY)
    assert problems == []
    assert loaded is not None
    assert len(loaded.bindings[0].rules) == 2


def test_a_required_parameter_is_asked_for_once(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yaml").write_text(
        "pack: mine\nversion: 1.0.0\nparams: {team: {type: text}}\nrules:\n  a:\n    title: A\n    severity: low\n"
        "    match: all\n    require: {tags: {team: $team}}\n",
        "utf-8",
    )
    path = tmp_path / "acme.yaml"
    text = "policy: acme\nowner: o\npacks: [{use: mine%s}]\n"
    text += "exempt: [{rule: mine/a, until: 2026-12-01, reason: r, by: b}]\n"
    for more, line, column, message in (
        ("", 3, 15, "pack mine needs parameter 'team'"),
        (", with: {taem: x}", 3, 28, "pack mine has no parameter 'taem'"),
        (", with: {team: 5}", 3, 34, "'5' is not text, and 'team' is one"),
    ):
        path.write_text(text % more, "utf-8")
        _, problems = check_policy(path, TODAY)
        assert [(each.line, each.column, each.message) for each in problems] == [(line, column, message)]
