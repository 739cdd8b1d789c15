"""What a plan adds to a month: known, between bounds, by team; what was there, and accelerators."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops_guard.costs.plan_delta import Deltas
from finops_guard.costs.planned import Mix, judged
from finops_guard.costs.pricing import Pricer
from finops_guard.enrich import enrich
from finops_guard.model import Budget, Compare, Condition, PlanDelta, Policy, Ref, Resource, Tags, Unknown

NOW = datetime(2026, 11, 25, tzinfo=UTC)
HOURS = 730
NOTHING = Decimal(0)
P5, G5 = Decimal("55.04"), Decimal("1.006")  # list prices an hour in us-east-1


def policy(**more: object) -> Policy:
    return Policy(name="acme", owner="o@acme.example", mode="enforce", permit=frozenset(), bindings=(),
                  path="acme.yaml", sha256="", **more)  # type: ignore[arg-type]  # fmt: skip


def planned(
    name: str, change: str = "create", *, machine: object = "p5.48xlarge", team: str | None = "vision", **more: object
) -> Resource:
    facts: dict[str, object] = {"instances": 1, **({} if machine is None else {"instance_type": machine}), **more}
    count = {"p5.48xlarge": 8, "g5.xlarge": 1}.get(str(machine))
    fields: dict[str, object] = {
        "id": name, "kind": "vm", "type": "AWS::EC2::Instance", "cloud": "aws", "state": "planned", "change": change,
        "region": "us-east-1", "purchase": "on-demand", **({} if count is None else {"accelerators.count": count}),
    }  # fmt: skip
    tags = Tags.of({} if team is None else {"team": team})
    return Resource(fields, tags, facts=facts)  # type: ignore[arg-type]


def total(*resources: Resource, **more: object) -> tuple[PlanDelta, ...]:
    rules = policy(**more)
    deltas = Deltas(rules, Pricer(date(2026, 11, 25)), NOW)
    assert [each.id for each in deltas.counted(enrich(resources, rules, NOW))] == [each.id for each in resources]
    return deltas.all()


def was(machine: str = "g5.xlarge", instances: int = 1) -> dict[str, object]:
    return {"instance_type": machine, "instances": instances, "region": "us-east-1", "spot": False}


def test_what_is_created_costs_what_it_costs() -> None:
    whole, vision = total(planned("a"))
    assert (whole.low, whole.high, whole.before, whole.accelerators) == (P5 * HOURS, P5 * HOURS, NOTHING, Decimal(8))
    assert (whole.name, whole.currency, whole.hidden) == ("", "USD", ())
    assert (vision.name, vision.low) == ("vision", whole.low)


def test_nothing_planned_is_no_delta() -> None:
    there = planned("a")
    there.fields["state"] = "running"
    assert total(there) == ()


def test_what_changes_counts_by_its_difference() -> None:
    whole, _ = total(planned("a", "replace", before=was()))
    assert whole.low == whole.high == (P5 - G5) * HOURS
    assert (whole.before, whole.accelerators) == (G5 * HOURS, Decimal(7))


def test_what_goes_is_taken_off_and_what_stays_is_what_was_there() -> None:
    whole, _ = total(
        planned("gone", "delete", before=was("p5.48xlarge")), planned("kept", "none", before=was("p5.48xlarge", 1))
    )
    assert whole.low == whole.high == -P5 * HOURS
    assert (whole.before, whole.accelerators) == (2 * P5 * HOURS, Decimal(-8))


def test_what_has_no_price_leaves_no_most() -> None:
    whole, _ = total(planned("a"), planned("b", machine="u9.metal"), planned("c", machine=Unknown("known after apply")))
    assert (whole.low, whole.high) == (P5 * HOURS, None)
    assert whole.hidden[0].startswith("b: no price for u9.metal")
    assert whole.hidden[1] == "c: its machine type is not known: known after apply"
    assert whole.accelerators is None
    assert whole.uncounted.startswith("b: ")


def test_what_goes_without_a_price_leaves_no_least() -> None:
    whole, _ = total(planned("a"), planned("gone", "delete", before=was("u9.metal")))
    assert (whole.low, whole.high, whole.before) == (None, P5 * HOURS, None)


def test_what_has_no_price_and_stays_as_large_as_it_was_adds_nothing() -> None:
    whole, _ = total(planned("a", "update", machine="u9.metal", before=was("u9.metal")))
    assert (whole.low, whole.high, whole.accelerators) == (NOTHING, NOTHING, NOTHING)


def test_what_no_provider_charges_for_adds_nothing() -> None:
    role = planned("role", machine=None, free=True)
    role.fields |= {"type": "AWS::IAM::Role", "kind": "other", "accelerators.count": 0}
    whole, _ = total(role, planned("a"))
    assert whole.low == whole.high == P5 * HOURS


def test_what_is_priced_by_use_is_counted_without_it_and_said() -> None:
    bucket = planned("bucket", machine=None)
    bucket.fields |= {"type": "AWS::S3::Bucket", "kind": "bucket", "accelerators.count": 0}
    whole, _ = total(bucket, planned("a"))
    assert (whole.high, whole.by_usage) == (P5 * HOURS, 1)


def test_without_a_team_it_is_only_in_the_whole() -> None:
    whole, nlp, vision = total(planned("a"), planned("b", machine="g5.xlarge", team="nlp"), planned("c", team=None))
    assert (whole.accelerators, nlp.accelerators, vision.accelerators) == (Decimal(17), Decimal(1), Decimal(8))
    assert whole.low == (2 * P5 + G5) * HOURS


def test_it_is_told_in_the_currency_of_the_policy() -> None:
    whole, _ = total(planned("a"), currency="EUR", fx={("USD", "EUR"): (Decimal("0.5"), date(2026, 11, 1))})
    assert (whole.currency, whole.low) == ("EUR", P5 * HOURS / 2)
    whole, _ = total(planned("a"), currency="EUR")
    assert (whole.low, whole.high, whole.hidden) == (NOTHING, None, ("a: no exchange rate from USD to EUR",))


CASES = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "replace", "delete", "none"]),
        st.sampled_from(["p5.48xlarge", "g5.xlarge", "u9.metal"]),
        st.sampled_from(["p5.48xlarge", "g5.xlarge", "u9.metal"]),
    ),
    max_size=6,
)
NEW: dict[str, object] = {}
PRICES = {"p5.48xlarge": P5 * HOURS, "g5.xlarge": G5 * HOURS}


@given(CASES)
def test_the_truth_lies_between_the_least_and_the_most(cases: list[tuple[str, str, str]]) -> None:
    resources = [
        planned(f"r{n}", change, machine=now, **(NEW if change == "create" else {"before": was(then)}))
        for n, (change, now, then) in enumerate(cases)
    ]
    for guess in (Decimal(0), Decimal(100_000)):  # whatever the machine without a price costs
        truth = Decimal(0)
        for change, now, then in cases:
            after = PRICES.get(now, guess) if change != "delete" else Decimal(0)
            before = PRICES.get(then, guess) if change != "create" else Decimal(0)
            truth += after - before if change != "none" else 0
        for delta in total(*resources)[:1]:
            assert delta.low is None or delta.low <= truth
            assert delta.high is None or delta.high >= truth


def test_of_a_plan_what_is_deleted_is_never_judged_and_what_stays_only_if_asked() -> None:
    changes = ("create", "update", "replace", "none", "delete")
    resources = {change: planned(change, change) for change in changes}
    assert [change for change in changes if judged(resources[change], every=False)] == ["create", "update", "replace"]
    assert [change for change in changes if judged(resources[change], every=True)] == [
        "create", "update", "replace", "none",
    ]  # fmt: skip
    del resources["none"].fields["change"]
    assert judged(resources["none"], every=False)  # no plan says that it stays


def test_whether_anything_is_there_is_seen_as_it_passes() -> None:
    there, other = planned("a"), planned("b")
    there.fields["state"] = "running"
    for resources, wanted in (([], False), ([other], True), ([there], False), ([other, there], False)):
        mix = Mix()
        assert [*mix.seen(resources)] == resources
        assert mix.only_planned is wanted


def test_what_has_no_price_and_grows_is_not_taken_for_the_same() -> None:
    units = planned("m", "update", machine=None, instances=10, before={"instances": 1})
    units.fields |= {"type": "AWS::Bedrock::ProvisionedModelThroughput", "accelerators.count": 0}
    whole, _ = total(units)
    assert (whole.low, whole.high, len(whole.hidden)) == (None, None, 1)
    units.facts["before"] = {"instances": 10}
    units.price = None
    whole, _ = total(units)
    assert (whole.low, whole.high) == (NOTHING, NOTHING)


def test_what_goes_from_one_team_to_another_is_taken_off_the_one_and_put_on_the_other() -> None:
    moved = planned("a", "update", team="nlp", before={**was("p5.48xlarge"), "team": "vision"})
    whole, nlp, vision = total(moved)
    assert (whole.low, whole.high, whole.accelerators) == (NOTHING, NOTHING, NOTHING)
    assert (nlp.name, nlp.low, nlp.before, nlp.accelerators) == ("nlp", P5 * HOURS, NOTHING, Decimal(8))
    assert (vision.name, vision.low, vision.before, vision.accelerators) == (
        "vision", -P5 * HOURS, P5 * HOURS, Decimal(-8),
    )  # fmt: skip
    first = planned("a", "update", team="nlp", before={**was("p5.48xlarge"), "team": None})
    whole, nlp = total(first)
    assert (whole.low, nlp.low, nlp.before) == (NOTHING, P5 * HOURS, NOTHING)


def test_whose_it_was_may_not_be_known() -> None:
    whole, nlp = total(planned("a", "update", team="nlp", before={**was(), "team": Unknown("sensitive")}))
    assert (whole.low, nlp.low, nlp.high) == ((P5 - G5) * HOURS, None, None)
    assert nlp.hidden == ("a: whose it was is not known",)


def test_what_was_there_has_the_same_discount_as_what_comes() -> None:
    deltas = Deltas(policy(), Pricer(NOW.date(), discount={"aws": Decimal("0.1")}), NOW)
    pricer = Pricer(NOW.date(), discount={"aws": Decimal("0.1")})
    assert [*deltas.counted(enrich([planned("a", "replace", before=was())], policy(), NOW, pricer))]
    whole = deltas.all()[0]
    assert (whole.low, whole.before) == ((P5 - G5) * HOURS * Decimal("0.9"), G5 * HOURS * Decimal("0.9"))


def test_what_may_be_anybody_s_leaves_nobody_a_most() -> None:
    late = planned("late", machine="g5.xlarge")
    late.tags = Tags.of({}, unknown={"team": "known after apply"})
    whole, vision = total(planned("a"), late)
    assert (whole.low, whole.high) == ((P5 + G5) * HOURS, (P5 + G5) * HOURS)
    assert (vision.low, vision.high, vision.hidden) == (
        P5 * HOURS, None, ("late: whose it is is not known",),
    )  # fmt: skip
    assert vision.accelerators is None
    stays = planned("stays", "none", machine="g5.xlarge", before=was())
    stays.tags = Tags.of({}, unknown={"team": "known after apply"})
    _, vision = total(planned("a"), stays)
    assert (vision.low, vision.high) == (P5 * HOURS, P5 * HOURS)


def budgets(**covers: Condition | None) -> dict[str, Budget]:
    return {
        name: Budget(name=name, limit=Decimal(1000), unit="USD", every="month", covers=condition)
        for name, condition in covers.items()
    }


def test_a_budget_of_another_tag_than_the_team_has_its_part() -> None:
    churn, account = Compare(Ref("tag", "project"), "eq", "churn"), Compare(Ref("field", "account"), "eq", "1")
    team = Compare(Ref("tag", "team"), "eq", "vision")
    known = budgets(churn=churn, account=account, team=team, all=None)
    mine, other, late = (planned(name, machine="g5.xlarge", team=None) for name in ("mine", "other", "late"))
    mine.tags, other.tags = Tags.of({"project": "churn"}), Tags.of({"project": "search"})
    whole, part = total(mine, other, budgets=known)
    assert (whole.low, part.name, part.budget, part.low, part.high) == (
        2 * G5 * HOURS, "budget churn", "churn", G5 * HOURS, G5 * HOURS,
    )  # fmt: skip
    late.tags = Tags.of({}, unknown={"project": "known after apply"})
    for each in (mine, other, late):
        each.price = None
    _, part = total(mine, other, late, budgets=known)
    assert (part.low, part.high) == (G5 * HOURS, None)
    assert part.hidden == ("late: whether budget 'churn' covers it is unknown",)
