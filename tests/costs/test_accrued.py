"""What accrues: hours since the last bill, at a price, never twice; what cannot be counted is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.costs.accrued import Accrual, Running, running
from finops_guard.costs.periods import period_of
from finops_guard.model import Budget, Money, Resource
from tests.costs.budgeting import NOW, RATES, budget, days, machine, row, status, team

ID = "i-0abc1234def567890"
HOUR = timedelta(hours=1)
FOUR: dict[str, Any] = {"accelerators.count": 4}
BILLED = days("2026-10-01", "2026-11-24", "10")
"""Bills of other machines of the account: they are complete until 23 November, 00:00."""


def accrued(folder: Path, of: Budget, *machines: Resource, rows: Any = BILLED, at: datetime = NOW) -> Decimal:
    found = status(folder, of, rows, machines, at=at).accrued
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("since", "hours"),
    [
        (NOW - HOUR, "1"),
        (NOW - timedelta(minutes=1), "0.01666666666666666666666666667"),
        (NOW, "0"),
        (datetime.fromisoformat("2026-11-23T00:00:00Z"), "60"),
        (datetime.fromisoformat("2026-11-10T00:00:00Z"), "60"),  # billed until the 23rd, then two days and a half
        (NOW + HOUR, "0"),  # a clock that is ahead of ours
    ],
)
def test_the_later_of_start_and_boundary_counts(tmp_path: Path, since: datetime, hours: str) -> None:
    found = accrued(tmp_path, budget(), machine(since=since, hour="10"))
    assert found.quantize(Decimal("1e-20")) == (Decimal(hours) * 10).quantize(Decimal("1e-20"))


def test_no_period_accrues_what_ran_before_it(tmp_path: Path) -> None:
    first = datetime.fromisoformat("2026-11-01T06:00:00Z")
    rows = days("2026-10-01", "2026-10-31", "10")
    assert accrued(tmp_path, budget(), machine(since=NOW - timedelta(days=60), hour="1"), rows=rows, at=first) == 6
    day = budget(every="day", timezone="America/New_York")  # which began at 05:00 UTC
    assert accrued(tmp_path, day, machine(since=NOW - timedelta(days=60), hour="1")) == 7


def test_what_is_billed_before_the_period_is_not_taken_from_it(tmp_path: Path) -> None:
    """On the first, bills are complete until the 30th; the machine's 31 October was billed, its November was not."""
    first = datetime.fromisoformat("2026-11-01T12:00:00Z")
    rows = [*days("2026-10-01", "2026-10-31", "10"), row("2026-10-31T00:00", "24", ResourceId=ID)]
    assert accrued(tmp_path, budget(), machine(since=first - timedelta(days=20), hour="1"), rows=rows, at=first) == 12


def test_what_is_billed_already_does_not_accrue_again(tmp_path: Path) -> None:
    """Bills come in pieces: of the 60 hours since the boundary ten are billed, by the id that the bill gives."""
    for resource_id in (ID, f"arn:aws:ec2:us-east-1:111122223333:instance/{ID}"):
        rows = [*BILLED, row("2026-11-23T00:00", "100", hours=10, ResourceId=resource_id)]
        found = status(tmp_path, budget(), rows, [machine(since=NOW - timedelta(days=9), hour="10")])
        assert (found.actual, found.accrued) == (Decimal(340), Decimal(500))


def test_what_is_billed_above_the_price_leaves_nothing(tmp_path: Path) -> None:
    rows = [*BILLED, row("2026-11-23T00:00", "9000", ResourceId=ID)]
    assert accrued(tmp_path, budget(), machine(since=NOW - timedelta(days=9), hour="10"), rows=rows) == 0


def test_an_account_without_bills_accrues_from_the_start(tmp_path: Path) -> None:
    other = machine(since=NOW - timedelta(days=9), hour="1", account="444455556666")
    assert accrued(tmp_path, budget(), other) == 9 * 24
    assert status(tmp_path, budget(), None, [other]).accrued == 9 * 24


def test_only_what_the_budget_covers_accrues(tmp_path: Path) -> None:
    ours = machine(hour="10", tags={"team": "vision"})
    assert accrued(tmp_path, budget(covers=team("vision")), ours, machine("i-1", tags={"team": "nlp"})) == 10
    unread = machine("i-2")
    unread.tags = type(unread.tags).unreadable("AccessDenied")
    found = status(tmp_path, budget(covers=team("vision")), BILLED, [ours, unread])
    assert found.accrued == 10
    (said,) = found.unknown
    assert said.startswith("1 running: whether the budget covers it is not known (i-2)")


def test_an_unknown_price_is_said_and_is_not_nothing(tmp_path: Path) -> None:
    found = status(tmp_path, budget(), BILLED, [machine(hour=None), machine("i-1", hour="10")])
    assert found.accrued == 10
    assert found.unknown == (f"1 running: no price for it ({ID})",)


def test_an_unknown_start_is_said(tmp_path: Path) -> None:
    other: dict[str, Any] = {"account": "444455556666"}
    found = status(tmp_path, budget(), BILLED, [machine(since=None, **other)])
    assert found.accrued == 0
    assert found.unknown == (f"1 running: when it started is not known ({ID})",)
    made = machine(since=None, hour="2", created=NOW - 5 * HOUR, **other)
    assert accrued(tmp_path, budget(), made) == 10
    # Billed until the boundary it ran before it.
    assert accrued(tmp_path, budget(), machine(since=None, hour="2")) == 120


def test_prices_come_in_the_currency_of_the_budget(tmp_path: Path) -> None:
    assert accrued(tmp_path, budget(unit="EUR"), machine(hour="100")) == 92
    found = status(tmp_path, budget(unit="CHF"), (), [machine(hour="100")])
    assert found.accrued == 0
    assert found.unknown == (f"1 running: no rate from USD to CHF ({ID})",)


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"state": "running"}, True),
        ({"state": "creating"}, True),
        ({"state": "stopped", "kind": "volume", "accelerators.count": 0}, True),  # a disk that nothing uses is billed
        ({"state": "stopped", "cost.hour": Money(Decimal(0), "USD")}, False),
        ({"state": "completed"}, False),
        ({"state": "deleting"}, False),
        ({"state": "planned"}, False),
        ({"state": None, "kind": "gateway", "type": "AWS::EC2::NatGateway"}, True),
    ],
)
def test_what_costs_by_the_hour(fields: dict[str, Any], counts: bool) -> None:  # noqa: FBT001 # a table
    assert (running(machine(**fields)) is not None) is counts


@pytest.mark.parametrize(
    ("type_", "state", "listed"),
    [
        ("AWS::EC2::Instance", "running", True),
        ("AWS::EC2::Instance", None, False),
        ("AWS::S3::Bucket", "running", False),  # priced by use: in the bill alone
        ("AWS::EKS::Nodegroup", "running", False),  # its machines are counted
        ("AWS::Unheard::Of", "running", True),
        ("AWS::IAM::Role", None, False),
    ],
)
def test_what_should_have_a_price_is_listed_without_one(type_: str, state: str | None, listed: bool) -> None:  # noqa: FBT001
    assert (running(machine(hour=None, type=type_, state=state)) is not None) is listed


def test_a_machine_whose_state_is_unknown_is_listed() -> None:
    found = machine(hour=None)
    del found.fields["state"]
    assert running(found) is not None


def test_hours_of_accelerators_accrue(tmp_path: Path) -> None:
    quota = budget("gpus", "2000", "accelerator-hours")
    assert accrued(tmp_path, quota, machine(hour=None), machine("i-1", **FOUR)) == 12
    odd = machine("i-2")
    del odd.fields["accelerators.count"]
    found = status(tmp_path, quota, BILLED, [odd])
    assert found.accrued == 0
    assert found.unknown == ("1 running: how many accelerators it has is not known (i-2)",)


def test_billed_hours_of_accelerators_do_not_accrue_again(tmp_path: Path) -> None:
    meter: dict[str, Any] = {
        "SkuMeter": "BoxUsage:p5.48xlarge",
        "ConsumedQuantity": "10",
        "ConsumedUnit": "Hours",
        "ResourceId": ID,
    }
    rows = [*BILLED, row("2026-11-24T00:00", "550.40", hours=10, **meter)]
    found = status(tmp_path, budget("gpus", "2000", "accelerator-hours"), rows, [machine(since=NOW - 20 * HOUR)])
    assert (found.actual, found.accrued) == (Decimal(80), Decimal(80))


def test_only_a_job_ends_by_itself(tmp_path: Path) -> None:
    """A machine that no complete day knows goes on until the period is over; a job is only what it ran."""
    rest = Decimal(132)  # hours
    going_on = status(tmp_path, budget(), (), [machine(hour="1")]).forecast
    assert going_on.amount is None  # nothing is billed: no cost data
    rows = days("2026-10-01", "2026-11-24", "0")
    assert status(tmp_path, budget(), rows, [machine(hour="1")]).forecast.amount == 1 + rest
    job = machine(hour="1", kind="training-job")
    assert status(tmp_path, budget(), rows, [job]).forecast.amount == 1


amounts = st.decimals(0, 100, places=2)
ages = st.integers(0, 40 * 24 * 60)


@given(amounts, ages, st.integers(0, 20), amounts, st.booleans())
def test_accrual_is_between_nothing_and_all_hours(
    price: Decimal,
    minutes: int,
    late: int,
    paid: Decimal,
    known: bool,  # noqa: FBT001 # drawn
) -> None:
    """And the later the boundary, the less accrues."""
    of = budget()
    period = period_of(of, NOW)
    account = ("aws", "1")
    since = NOW - timedelta(minutes=minutes)
    run = Running("x", account, since, Money(price, "USD"), "", Decimal(1), ends=False)

    def amount(boundary: datetime | None) -> Decimal:
        boundaries = {} if boundary is None else {account: boundary}
        accrual = Accrual(of, period, NOW, boundaries, {"x": {"USD": paid}}, RATES)
        accrual.add(run)
        return accrual.amount

    boundary = NOW - timedelta(days=late) if known else None
    hours = Decimal(int((NOW - max(since, period.start)).total_seconds())) / 3600
    assert 0 <= amount(boundary) <= max(price * hours - paid, Decimal(0))
    if boundary is not None:
        assert amount(boundary) <= amount(boundary - timedelta(days=1))


def foreseen(folder: Path, rows: Any, *machines: Resource) -> Decimal | None:
    return status(folder, budget(), rows, machines).forecast.amount


def hourly(first: str, last: str, cost: str, id_: str = ID) -> list[Any]:
    """Bills of one machine, a row a day, beside 10 a day of others."""
    return [*BILLED, *days(first, last, cost, ResourceId=id_)]


OTHERS = 220 + 80
"""22 complete days of others, and the eight that follow."""


def test_a_machine_that_began_since_goes_on_to_the_end_of_the_period(tmp_path: Path) -> None:
    """Billed for two days already, from the boundary on: that is part of it, neither lost nor counted twice."""
    since = datetime.fromisoformat("2026-11-23T00:00:00Z")
    rows = hourly("2026-11-23", "2026-11-24", "24")
    assert foreseen(tmp_path, rows, machine(since=since, hour="1")) == OTHERS + 8 * 24


def test_a_machine_of_some_days_weighs_all_it_costs_and_not_a_seventh(tmp_path: Path) -> None:
    """It began on the 21st: two complete days of its 24 are in the last week."""
    since = datetime.fromisoformat("2026-11-21T00:00:00Z")
    rows = hourly("2026-11-21", "2026-11-24", "24")
    assert foreseen(tmp_path, rows, machine(since=since, hour="1")) == OTHERS + 10 * 24


def test_a_job_of_some_days_is_what_it_ran(tmp_path: Path) -> None:
    since = datetime.fromisoformat("2026-11-21T00:00:00Z")
    rows = hourly("2026-11-21", "2026-11-24", "24")
    assert foreseen(tmp_path, rows, machine(since=since, hour="1", kind="job")) == OTHERS + 2 * 24 + 60


def test_a_machine_of_office_hours_goes_on_as_it_did(tmp_path: Path) -> None:
    """Started this morning, as every day: its days are in the bill, at ten hours each."""
    rows = hourly("2026-08-01", "2026-11-24", "10")
    with_it = foreseen(tmp_path, rows, machine(since=NOW - 5 * HOUR, hour="1"))
    assert with_it == foreseen(tmp_path, rows) == OTHERS + 22 * 10 + 8 * 10


def test_a_machine_that_the_bill_calls_otherwise_is_not_counted_twice(tmp_path: Path) -> None:
    since = datetime.fromisoformat("2026-11-21T00:00:00Z")
    rows = hourly("2026-11-21", "2026-11-24", "24", id_="")
    assert foreseen(tmp_path, rows, machine(since=since, hour="1")) == foreseen(tmp_path, rows)
