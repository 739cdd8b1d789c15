"""What sources without a plan add: at most all of it, or what they cost less what they did."""

from __future__ import annotations

from decimal import Decimal

from finops_guard.costs.plan_base import added
from finops_guard.model import PlanDelta

NOTHING = Decimal(0)


def declared(low: str | None, high: str | None, name: str = "", gpus: int | None = 8) -> PlanDelta:
    least, most = (None if each is None else Decimal(each) for each in (low, high))
    count = None if gpus is None else Decimal(gpus)
    return PlanDelta(name, "USD", least, most, NOTHING, count, hidden=() if low == high else ("x: no price",),
                     uncounted="" if gpus is not None else "x: unknown", alone=(least, count))  # fmt: skip


def amounts(delta: PlanDelta) -> list[str]:
    return [str(each) for each in (delta.low, delta.high, delta.before, delta.accelerators)]


def test_a_plan_says_itself_what_it_adds() -> None:
    plan = PlanDelta("", "USD", Decimal(5), Decimal(5), Decimal(9), NOTHING)
    assert added([plan], None) == added([plan], []) == (plan,)


def test_of_sources_alone_all_of_it_is_the_most() -> None:
    (found,) = added([declared("100", "100")], None)
    assert (found.low, found.high, found.before, found.accelerators) == (None, Decimal(100), None, None)
    assert found.hidden == (found.uncounted,) == ("no plan says what is there already",)
    (found,) = added([declared("100", "100", gpus=0)], None)
    assert (found.accelerators, found.uncounted) == (NOTHING, "")


def test_beside_a_base_it_is_the_difference() -> None:
    base = added([declared("100", "100"), declared("100", "100", "nlp")], None)
    whole, vision, nlp = added([declared("250", "250", gpus=24), declared("250", "250", "vision", 24)], base)
    assert amounts(whole) == ["150", "150", "100", "16"]
    assert amounts(vision) == ["250", "250", "0", "24"]  # it was not there
    assert amounts(nlp) == ["-100", "-100", "100", "-8"]  # it is no more
    assert (whole.hidden, whole.uncounted, whole.alone) == ((), "", None)


def test_where_there_was_nothing_all_of_it_is_new() -> None:
    (found,) = added([declared("100", "100")], ())
    assert amounts(found) == ["100", "100", "0", "8"]


def test_what_either_does_not_know_the_difference_does_not() -> None:
    unsure = added([declared("100", None, gpus=None)], None)
    (found,) = added([declared("250", "250")], unsure)
    assert (found.low, found.high, found.before, found.accelerators) == (None, Decimal(150), None, None)
    assert found.hidden == ("before: x: no price",)
    (found,) = added([declared("250", None)], added([declared("100", "100")], None))
    assert (found.low, found.high, found.hidden) == (Decimal(150), None, ("x: no price",))
