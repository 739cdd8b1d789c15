"""What is on a shelf comes back as it was, in the one order, as often as it is asked for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from finops_guard.model import Location, Money, Price, Reason, Tags, Unknown
from finops_guard.state.shelf import Shelf, order, ordered
from tests.plan.build import NOW, finding, machine, rule

if TYPE_CHECKING:
    from finops_guard.model import Finding

RULES = (rule(name="a"), rule(name="b"))
moneys = st.none() | st.decimals(-5, 5, places=2).map(lambda amount: Money(amount, "EUR"))


@st.composite
def found(draw: st.DrawFn) -> Finding:
    month = draw(moneys)
    raw = draw(st.dictionaries(st.sampled_from(["Team", "team", "x"]), st.sampled_from(["", "a", "b"])))
    open_because = draw(st.none() | st.just("denied"))
    on = machine(
        draw(st.sampled_from("abc")),
        tags=Tags.of(raw, open_because=open_because, unknown={"y": "known after apply"}),
        **{"cost.month": Unknown("") if month is None else month},
        created=NOW,
        unknown={"usage.requests": "no metric"},
        facts={"attached_to": ["i-1"]},
    )
    on.at = draw(st.none() | st.just(Location("main.tf", 3, 7)))
    on.price = Price(month, "list-price", "2026-11-01") if month else None
    made = finding(on, draw(st.sampled_from(RULES)), exempt=draw(st.none() | st.just("until Friday")), since=NOW)
    made.reasons = (Reason("tags.team", "any", ((Reason("tags.team", "in", ("a",), Unknown("open")),),), None),)
    return made


def same(one: Finding, other: Finding) -> bool:
    """Every part, that which maps do not compare too."""
    tags = [
        (list(t), t.raw, t.conflicts, t.unknown, t.open_because, type(t))
        for t in (one.resource.tags, other.resource.tags)
    ]
    return one == other and one.rule is other.rule and tags[0] == tags[1]


@given(st.lists(found(), max_size=12), st.integers(1, 4))
def test_a_shelf_gives_what_was_put_on_it_in_order(made: list[Finding], held: int) -> None:
    shelf = ordered(iter(made), held=held)
    wanted = sorted(made, key=order)
    assert isinstance(shelf, Shelf) == (len(made) >= held)
    for _ in range(2):
        back = list(shelf)
        assert len(back) == len(shelf) == len(wanted)
        assert all(map(same, back, wanted))


def test_two_may_look_at_once() -> None:
    shelf = ordered((finding(machine(f"i-{n:03}")) for n in range(300)), held=40)
    one, other = iter(shelf), iter(shelf)
    names = [each.resource.id for each in islice(one, 150)]
    assert [each.resource.id for each in islice(other, 150)] == names == [f"i-{n:03}" for n in range(150)]
    assert next(one) in shelf
    assert finding(machine("elsewhere")) not in shelf


def test_what_memory_holds_stays_there() -> None:
    made = [finding(machine(name)) for name in "ba"]
    assert ordered(made, held=1) == (made[1], made[0])
    shelf = ordered(iter(made), held=1)
    assert ordered(shelf) is shelf
