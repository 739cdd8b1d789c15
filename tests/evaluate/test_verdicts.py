"""The verdict table of the language (LANGUAGE §2), row by row."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from finops_guard.evaluate import Evaluator, Judgement, predicate
from finops_guard.model import All, AnyOf, Compare, Condition, Money, Not, Ref, Resource, Rule, Tags, Unknown
from tests.evaluate.strategies import FX, NOW, binding

ABSENT, UNKNOWN, CONFLICT = "absent", "unknown", "conflict"
EVERYTHING = All(())
TEAM, OWNER = Ref("tag", "team"), Ref("tag", "owner")
REGION, DATA = Ref("field", "region"), Ref("field", "data.region")
SPELT = "conflicting spellings: Team='nlp', team='vision'"
YES, NO = Compare(Ref("field", "cloud"), "eq", "aws"), Compare(Ref("field", "cloud"), "eq", "gcp")
MAYBE = Compare(Ref("field", "account"), "eq", "1")
"""Tests that hold, do not hold, and cannot be told, on every resource below."""


def _resource(team: str | None = ABSENT, **fields: Any) -> Resource:
    match team:
        case "unknown":
            tags = Tags.unreadable("denied")
        case "conflict":
            tags = Tags.of({"team": "vision", "Team": "nlp"})
        case _:
            tags = Tags.of({} if team == ABSENT or team is None else {"team": team})
    return Resource({"cloud": "aws", **fields}, tags, {"account": "denied"})


def _judged(match: Condition, require: Condition, resource: Resource) -> Judgement | None:
    evaluator = Evaluator(
        [binding("use", (Rule("pack", "rule", "t", "low", match, require),))], NOW, FX, include_pass=True
    )
    found = list(evaluator.judge([resource]))
    assert len(found) <= 1
    assert evaluator.passed["use", "pack/rule"] == sum(judged.verdict == "pass" for judged in found)
    return found[0] if found else None


def _verdict(match: Condition, require: Condition, resource: Resource) -> str:
    judged = _judged(match, require, resource)
    return judged.verdict if judged else "outside"


def _tag(op: str, value: object) -> Compare:
    return Compare(TEAM, op, value)


OPERATORS = [
    #        test                             'vision'  absent  unknown  conflict
    (_tag("eq", "vision"),                    (True,    False,  None,    None)),
    (_tag("eq", "nlp"),                       (False,   False,  None,    None)),
    (_tag("in", ("nlp", "vision")),           (True,    False,  None,    None)),
    (_tag("in", ()),                          (True,    False,  None,    None)),
    (_tag("not_in", ("prod",)),               (True,    False,  None,    None)),
    (_tag("not_in", ("vision",)),             (False,   False,  None,    None)),
    (_tag("not_in", ()),                      (True,    False,  None,    None)),
    (_tag("matches", "[a-z]+"),               (True,    False,  None,    None)),
    (_tag("matches", "[0-9]*"),               (False,   False,  None,    None)),
    (_tag("same_as", Ref("field", "name")),   (True,    False,  None,    None)),
    (_tag("same_as", REGION),                 (False,   False,  None,    None)),
    (_tag("exists", True),                    (True,    False,  None,    None)),
    (_tag("exists", False),                   (False,   True,   None,    None)),
    (_tag("after_now", True),                 (False,   False,  None,    None)),
    (_tag("after_now", False),                (False,   False,  None,    None)),
]  # fmt: skip
"""As a `match` or `where` sees it: absent is false for every operator but `exists: false`."""


@pytest.mark.parametrize(
    ("test", "values"), OPERATORS, ids=lambda value: value.op if isinstance(value, Compare) else ""
)
def test_a_known_value_compares_an_absent_one_is_false_an_unknown_one_unknown(
    test: Compare, values: tuple[bool | None, ...]
) -> None:
    for team, holds in zip(("vision", ABSENT, UNKNOWN, CONFLICT), values, strict=True):
        assert predicate(test, NOW)(_resource(team, name="vision", region="eu-west-1")) is holds, team


FIELDS: list[tuple[str, str, object, object, object]] = [
    # field            op      value                          holds for                  does not hold for
    ("region",         "eq",     "eu-west-1",                   "eu-west-1",               "EU-WEST-1"),
    ("ai",             "eq",     True,                          True,                      False),
    ("ai",             "eq",     False,                         False,                     True),
    ("accelerators.count", "in", (1, 8),                        8,                         2),
    ("accelerators.count", "lt", 8,                             7,                         8),
    ("age",            "lte",    3600,                          3600,                      3601),
    ("budget.used_percent", "gte", 80.0,                        80.0,                      79.9),
    ("cost.month",     "gt",     Money(Decimal(8), "EUR"),      Money(Decimal(9), "EUR"),  Money(Decimal(8), "EUR")),
    ("cost.month",     "eq",     Money(Decimal(8), "EUR"),      Money(Decimal(10), "USD"), Money(Decimal(8), "USD")),
    ("created",        "lt",     NOW,                           datetime(2026, 1, 1, tzinfo=UTC), NOW),
    ("created",        "after_now", True,                       datetime(2027, 1, 1, tzinfo=UTC), NOW),
    ("region",         "same_as", DATA,                         "eu-central-1",            "us-east-1"),
    ("accelerators.memory", "gte", 80_000_000_000,              80_000_000_000,            1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "op", "wanted", "holds_for", "fails_for"), FIELDS)
def test_fields_compare_by_their_type(name: str, op: str, wanted: object, holds_for: object, fails_for: object) -> None:
    holds = predicate(Compare(Ref("field", name), op, wanted), NOW, FX)
    other: Any = {"data.region": "eu-central-1"}
    assert holds(_resource(ABSENT, **other, **{name: holds_for})) is True
    assert holds(_resource(ABSENT, **other, **{name: fails_for})) is False
    assert holds(_resource(ABSENT, **other, **{name: None})) is False
    assert holds(_resource(ABSENT, **other)) is None


KLEENE = [
    #  a      b      all     any
    (YES,   YES,   True,   True),
    (YES,   NO,    False,  True),
    (NO,    NO,    False,  False),
    (YES,   MAYBE, None,   True),
    (NO,    MAYBE, False,  None),
    (MAYBE, MAYBE, None,   None),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "both", "either"), KLEENE)
def test_any_all_and_not_are_kleene(a: Condition, b: Condition, both: bool | None, either: bool | None) -> None:
    for first, second in ((a, b), (b, a)):
        for condition, holds in ((All((first, second)), both), (AnyOf((first, second)), either)):
            assert predicate(condition, NOW)(_resource()) is holds
            assert predicate(Not(condition), NOW)(_resource()) is (None if holds is None else not holds)


VERDICTS = [
    # match   require  verdict
    (YES,   YES,   "pass"),
    (YES,   NO,    "fail"),
    (YES,   MAYBE, "unknown"),
    (NO,    YES,   "outside"),
    (NO,    NO,    "outside"),
    (NO,    MAYBE, "outside"),
    (MAYBE, YES,   "outside"),  # it passes if it is in, so nothing is lost
    (MAYBE, NO,    "unknown"),
    (MAYBE, MAYBE, "unknown"),
    (EVERYTHING, YES, "pass"),
]  # fmt: skip


@pytest.mark.parametrize(("match", "require", "verdict"), VERDICTS)
def test_match_and_require_make_the_verdict(match: Condition, require: Condition, verdict: str) -> None:
    assert _verdict(match, require, _resource()) == verdict


def test_not_in_never_selects_what_lacks_the_tag() -> None:
    other_than_prod = Compare(Ref("tag", "environment"), "not_in", ("prod",))
    assert predicate(other_than_prod, NOW)(_resource()) is False
    assert _verdict(other_than_prod, NO, _resource()) == "outside"


CONFLICTS = [
    _tag("eq", "vision"),
    _tag("in", ("vision", "nlp")),
    _tag("not_in", ("prod",)),
    _tag("exists", True),
    _tag("exists", False),
    _tag("matches", ".*"),
    _tag("same_as", REGION),
    Compare(REGION, "same_as", TEAM),
    Not(_tag("eq", "vision")),
    Not(_tag("exists", True)),
    Not(_tag("exists", False)),
    Not(Not(_tag("in", ()))),
    Not(AnyOf((_tag("eq", "prod"), NO))),
    AnyOf((_tag("eq", "vision"), NO)),
    All((YES, _tag("in", ()))),
]


@pytest.mark.parametrize("require", CONFLICTS, ids=str)
def test_conflicting_spellings_fail_a_requirement_and_are_named(require: Condition) -> None:
    judged = _judged(EVERYTHING, require, _resource(CONFLICT, region="vision"))
    assert judged
    assert judged.verdict == "fail"
    assert "Team='nlp'" in str(judged.reasons)
    assert "team='vision'" in str(judged.reasons)


@pytest.mark.parametrize("condition", CONFLICTS, ids=str)
def test_conflicting_spellings_are_unknown_in_match_and_where(condition: Condition) -> None:
    resource = _resource(CONFLICT, region="vision")
    assert predicate(condition, NOW)(resource) is None
    judged = _judged(condition, NO, resource)
    assert judged
    assert judged.verdict == "unknown"
    assert SPELT in str(judged.reasons)
    where = Evaluator([binding("use", (Rule("pack", "rule", "t", "low", EVERYTHING, NO),), condition)], NOW)
    assert [(one.verdict, one.acts) for one in where.judge([resource])] == [("fail", False)]


def test_a_requirement_that_holds_another_way_does_not_need_the_conflicting_key() -> None:
    assert _verdict(EVERYTHING, AnyOf((_tag("eq", "vision"), YES)), _resource(CONFLICT)) == "pass"


def test_a_missing_key_of_an_open_tag_map_is_unknown() -> None:
    known = Resource({}, Tags.of({"team": "vision"}, open_because="known after apply"))
    assert _verdict(EVERYTHING, _tag("eq", "vision"), known) == "pass"
    judged = _judged(EVERYTHING, Compare(OWNER, "exists", True), known)
    assert judged
    assert (judged.verdict, judged.reasons) == (
        "unknown",
        (("tags.owner", "exists", True, Unknown("known after apply")),),
    )


@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_an_empty_or_blank_tag_is_absent(value: str) -> None:
    resource = Resource({}, Tags.of({"team": value}))
    assert _verdict(EVERYTHING, _tag("exists", True), resource) == "fail"
    assert _verdict(EVERYTHING, _tag("exists", False), resource) == "pass"


def test_values_compare_exactly_and_keys_do_not() -> None:
    resource = Resource({}, Tags.of({"Cost_Center ": "CC-1"}))
    assert predicate(Compare(Ref("tag", "cost-center"), "eq", "CC-1"), NOW)(resource) is True
    assert predicate(Compare(Ref("tag", "cost-center"), "eq", "cc-1"), NOW)(resource) is False


def test_money_without_a_rate_is_unknown_and_says_so() -> None:
    test = Compare(Ref("field", "cost.month"), "lte", Money(Decimal(8), "EUR"))
    judged = _judged(EVERYTHING, test, _resource(ABSENT, **{"cost.month": Money(Decimal(8), "GBP")}))
    assert judged
    assert judged.verdict == "unknown"
    assert judged.reasons[0][3] == Unknown("no exchange rate to EUR")


def test_a_field_of_other_kinds_is_absent_a_fact_with_a_reason() -> None:
    retention = Compare(Ref("field", "log.retention"), "lte", 86_400)
    judged = _judged(EVERYTHING, retention, _resource(kind="vm"))
    assert judged
    assert (judged.verdict, judged.reasons) == ("fail", (("log.retention", "lte", 86_400, None),))
    assert _verdict(EVERYTHING, retention, _resource(kind="log-store")) == "unknown"
    assert _verdict(EVERYTHING, retention, _resource()) == "unknown"


def test_only_what_matters_is_given_as_a_reason() -> None:
    decided = AnyOf((MAYBE, YES))
    judged = _judged(decided, Compare(REGION, "eq", "eu-west-1"), _resource())
    assert judged
    assert [reason[0] for reason in judged.reasons] == ["region"]


@pytest.mark.parametrize("kind", ["vm", "notebook", None])
def test_in_an_empty_list_parameter_takes_any_value_of_every_field(kind: str | None) -> None:
    expected = "pass" if kind else "fail"
    assert _verdict(EVERYTHING, Compare(Ref("field", "kind"), "in", ()), _resource(kind=kind)) == expected


def test_the_first_binding_whose_where_holds_judges() -> None:
    rule = Rule("pack", "rule", "t", "low", EVERYTHING, NO)
    uses = [binding("vision", (rule,), _tag("eq", "vision")), binding("rest", (rule,))]
    found = Evaluator(uses, NOW).judge(_resource(team) for team in ("vision", "nlp", ABSENT, UNKNOWN))
    assert [(judged.binding.name, judged.acts) for judged in found] == [
        ("vision", True),
        ("rest", True),
        ("rest", True),
        ("vision", False),  # it cannot be told: judged there, never acted on
    ]
