from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from finops_guard.model import All, AnyOf, Compare, Condition, Money, Not, Param, Reason, Ref, Tags, Unknown
from finops_guard.outputs._conditions import said
from finops_guard.outputs._words import because

KINDS = ("training", "tuning")
EIGHT = tuple(f"team-{n}" for n in range(8))
DAY = datetime(2026, 7, 20, tzinfo=UTC)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (
            Reason("tags.workload-type", "in", KINDS, "trainning"),
            "tags.workload-type is 'trainning', not one of training, tuning (did you mean 'training'?)",
        ),
        (
            Reason("tags.workload-type", "in", KINDS, "Tuning"),
            "tags.workload-type is 'Tuning', not one of training, tuning (did you mean 'tuning'?)",
        ),
        (Reason("tags.team", "in", ("nlp",), "zz"), "tags.team is 'zz', not 'nlp'"),
        (Reason("tags.team", "in", frozenset({"b", "a"}), "zz"), "tags.team is 'zz', not one of a, b"),
        (
            Reason("tags.team", "in", (*EIGHT, "team-9"), "visoin"),
            f"tags.team is 'visoin', not one of {', '.join(EIGHT)}, … (9 in all)",
        ),
        (Reason("tags.team", "in", (*EIGHT, "vision"), "visoin"), None),
        (Reason("tags.team", "exists", expected=True, actual=None), "tags.team is absent"),
        (Reason("tags.team", "in", (), None), "tags.team is absent"),
        (Reason("tags.secret", "exists", expected=False, actual="x"), "tags.secret is 'x', should be absent"),
        (Reason("state", "eq", "stopped", "running"), "state is 'running', not 'stopped'"),
        (Reason("tags.env", "eq", "prod", "prdo"), "tags.env is 'prdo', not 'prod'"),
        (Reason("protected", "eq", expected=True, actual=False), "protected is false, not true"),
        (
            Reason("region", "not_in", ("us-east-1", "us-west-2"), "us-east-1"),
            "region is 'us-east-1', must not be one of us-east-1, us-west-2",
        ),
        (Reason("tags.project", "matches", "[a-z]+", "A1"), "tags.project is 'A1', not of the form [a-z]+"),
        (Reason("region", "same_as", Ref("field", "data.region"), "x"), "region is 'x', not the same as data.region"),
        (
            Reason("region", "same_as", (Ref("tag", "region"), "y"), "x"),
            "region is 'x', not the same as tags.region ('y')",
        ),
        (Reason("tags.expires-on", "after_now", True, DAY), "tags.expires-on is 2026-07-20, not in the future"),  # noqa: FBT003
        (Reason("tags.expires-on", "after_now", True, "soon"), "tags.expires-on is 'soon', not a date in the future"),  # noqa: FBT003
        (
            Reason("usage.accelerator_percent", "gte", (5.0, 259_200, "mean"), 2.13),
            "usage.accelerator_percent (mean over 3d) is 2.1 %, not at least 5 %",
        ),
        (
            Reason("usage.network_bytes", "gt", (10**9, 604_800, "sum"), 1.5e6),
            "usage.network_bytes (sum over 7d) is 1.5 MB, not over 1 GB",
        ),
        (Reason("age", "lte", 604_800, 1_036_800), "age is 12d, over 7d"),
        (Reason("age", "lt", 604_800, 604_800), "age is 7d, not under 7d"),
        (Reason("age", "lte", 604_800, 604_860), "age is 7d1m, over 7d"),
        (Reason("age", "lte", 94_200, 94_201), "age is 1d2h10m1s, over 1d2h10m"),
        (Reason("budget.used_percent", "lte", 80.0, 80.04), "budget.used_percent is 80.04 %, over 80 %"),
        (Reason("accelerators.memory", "gte", 8e10, 4e10), "accelerators.memory is 40 GB, not at least 80 GB"),
        (Reason("accelerators.count", "lte", 8, 1024), "accelerators.count is 1,024, over 8"),
        (Reason("cost.month", "lte", eur("1000"), eur("1234.5")), "cost.month is 1,234.50 EUR, over 1,000.00 EUR"),
        (Reason("unit_cost.cost", "lte", eur("0.012"), eur("0.0131")), "unit_cost.cost is 0.0131 EUR, over 0.012 EUR"),
        (Reason("cost.month", "lte", eur("5"), Unknown("no rate")), "cost.month is unknown: no rate"),
        (
            Reason("tags.team", "in", KINDS, Tags.of({"Team": "nlp", "team": "vision"}).look("team")),
            "tags.team has conflicting spellings: Team='nlp', team='vision'",
        ),
        (
            Reason("", "any", ((("tags.a", "in", ("x",), None),), (("tags.b", "in", ("y",), None),)), None),
            "no alternative holds: (1) tags.a is absent; (2) tags.b is absent",
        ),
        (
            Reason(
                "",
                "any",
                ((Reason("tags.a", "in", (), None), Reason("age", "lt", 60, 61)), (Reason("tags.b", "in", (), None),)),
                None,
            ),
            "no alternative holds: (1) tags.a is absent and age is 1m1s, not under 1m; (2) tags.b is absent",
        ),
        (
            Reason("", "not", Compare(Ref("tag", "env"), "in", ("prod", "prd")), None),
            "must not hold, but does: tags.env is one of prod, prd",
        ),
        (
            Reason("", "not", Compare(Ref("field", "state"), "eq", "running"), Unknown("not collected")),
            "cannot tell whether state is 'running': not collected",
        ),
    ],
)  # fmt: skip
def test_a_reason_reads_as_a_sentence(reason: Reason, text: str | None) -> None:
    if text is None:
        assert because(reason).endswith("… (9 in all) (did you mean 'vision'?)")
    else:
        assert because(reason) == text


def _field(name: str, op: str, value: object, over: int | Param | None = None) -> Compare:
    return Compare(Ref("field", name), op, value, over)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (All(()), "anything"),
        (_field("age", "gte", 604_800), "age is at least 7d"),
        (_field("usage.cpu_percent", "lt", 5.0, 86_400), "usage.cpu_percent (mean over 1d) is under 5 %"),
        (_field("usage.tokens", "lt", Param("n"), Param("w")), "usage.tokens (mean over $w) is under $n"),
        (Compare(Ref("tag", "team"), "exists", value=False), "tags.team is absent"),
        (Compare(Ref("tag", "expires-on"), "after_now", value=True), "tags.expires-on is in the future"),
        (Compare(Ref("tag", "p"), "matches", "a+"), "tags.p is of the form a+"),
        (_field("region", "same_as", Ref("field", "data.region")), "region is the same as data.region"),
        (
            All((_field("state", "eq", "running"), AnyOf((_field("ai", "eq", value=True), _field("age", "gt", 60))))),
            "state is 'running' and (ai is true or age is over 1m)",
        ),
        (Not(All((_field("state", "eq", "running"),))), "not state is 'running'"),
    ],
)  # fmt: skip
def test_a_condition_reads_as_a_sentence(condition: Condition, text: str) -> None:
    assert said(condition) == text
