from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.costs.asks import Ask, Total
from finops_guard.costs.ledger import open_ledger
from finops_guard.costs.reach import Reach
from finops_guard.costs.sharing import divided, shares
from finops_guard.model import Compare, CostSource, Ref, Split
from tests.costs.budgeting import NOW, row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any, Literal

    from finops_guard.costs.ledger import Ledger
    from tests.costs.budgeting import Row

EKS = Compare(Ref("field", "charge.service"), "eq", "Amazon EKS")
SUPPORT = Compare(Ref("field", "charge.service"), "eq", "AWS Support")
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
AMOUNTS = st.decimals(min_value=-(10**15), max_value=10**15, places=18, allow_nan=False)


def cost(amount: str, service: str = "Amazon EC2", team: str | None = None, **more: Any) -> Row:
    return row("2026-11-03", amount, tags={"team": team} if team else {}, ServiceName=service, **more)


def ledger(folder: Path, rows: Iterable[Row]) -> Ledger:
    rows = list(rows)
    path = folder / "focus.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, list(dict.fromkeys(name for each in rows for name in each)), restval="")
        out.writeheader()
        out.writerows(rows)
    return open_ledger([CostSource("focus", {"path": str(path)})], Reach(NOW, folder, folder / "cache"))


def split(
    folder: Path,
    rows: Iterable[Row],
    by: Literal["accelerator_hours", "cost", "even"],
    teams: Iterable[str] = ("nlp", "vision"),
    hours: Mapping[str, Decimal] | None = None,
) -> dict[str | None, dict[str, Decimal]]:
    with ledger(folder, rows) as bills:
        found = shares(bills, [Split(EKS, by)], tuple(teams), START, END, "effective", hours)
    return {team: dict(amounts) for team, amounts in found.items()}


def test_the_split_is_by_accelerator_hours_and_hours_of_no_team_are_nobodys(tmp_path: Path) -> None:
    hours = {"vision": Decimal(30), "nlp": Decimal(10), "": Decimal(40), "left-long-ago": Decimal(20)}
    found = split(tmp_path, [cost("100", "Amazon EKS"), cost("5", team="vision")], "accelerator_hours", hours=hours)
    assert found == {
        "nlp": {"USD": Decimal(10)},
        "vision": {"USD": Decimal(30)},
        None: {"USD": Decimal(60)},
    }


def test_the_split_is_by_what_teams_spend_themselves_and_untagged_spend_carries_its_part(tmp_path: Path) -> None:
    rows = [cost("30", "Amazon EKS", "vision"), cost("60", team="vision"), cost("20", team="nlp"), cost("20")]
    assert split(tmp_path, rows, "cost") == {
        "nlp": {"USD": Decimal(6)},
        "vision": {"USD": Decimal(18)},
        None: {"USD": Decimal(6)},
    }


def test_each_currency_is_split_by_what_is_spent_in_it(tmp_path: Path) -> None:
    rows = [
        cost("10", "Amazon EKS"),
        cost("8", "Amazon EKS", BillingCurrency="EUR"),
        cost("7", "Amazon EKS", BillingCurrency="SEK"),
        cost("1", team="vision"),
        cost("1", team="nlp", BillingCurrency="EUR"),
    ]
    assert split(tmp_path, rows, "cost") == {
        "nlp": {"EUR": Decimal(8)},
        "vision": {"USD": Decimal(10)},
        None: {"SEK": Decimal(7)},
    }


def test_an_even_split_is_over_the_policys_teams(tmp_path: Path) -> None:
    found = split(tmp_path, [cost("10", "Amazon EKS"), cost("99", team="vision")], "even", ("a", "b", "c"))
    assert sum(amounts["USD"] for amounts in found.values()) == 10
    assert set(found) == {"a", "b", "c"}
    assert found["b"] == found["c"] == {"USD": Decimal("3.333333333333333333")}
    assert found["a"] == {"USD": Decimal("3.333333333333333334")}
    assert split(tmp_path, [cost("10", "Amazon EKS")], "even", ()) == {None: {"USD": Decimal(10)}}


def test_what_nothing_weighs_is_nobodys(tmp_path: Path) -> None:
    assert split(tmp_path, [cost("10", "Amazon EKS")], "accelerator_hours") == {None: {"USD": Decimal(10)}}


def test_what_a_provider_allocated_stays_where_it_is(tmp_path: Path) -> None:
    allocated = {"AllocatedMethodId": "split-even", "AllocatedTags": json.dumps({"team": "nlp"})}
    rows = [
        cost("40", "Amazon EKS", "platform", **allocated),
        cost("3", "Amazon EKS", **(allocated | {"AllocatedTags": ""})),
        cost("10", "Amazon EKS", "platform"),
    ]
    assert split(tmp_path, rows, "accelerator_hours", hours={"vision": Decimal(1)}) == {
        "nlp": {"USD": Decimal(40)},
        "vision": {"USD": Decimal(10)},
        None: {"USD": Decimal(3)},
    }


def test_a_row_belongs_to_the_first_split_that_selects_it(tmp_path: Path) -> None:
    rows = [cost("10", "Amazon EKS"), cost("4", "AWS Support"), cost("1", team="nlp"), cost("3", team="vision")]
    everything = Compare(Ref("field", "charge.category"), "eq", "Compute")
    with ledger(tmp_path, rows) as bills:
        found = shares(
            bills,
            [Split(EKS, "even"), Split(SUPPORT, "cost"), Split(everything, "even")],
            ("nlp", "vision"),
            START,
            END,
        )
    # 10 evenly, 4 by cost (of which there is none besides what is shared), 4 evenly.
    assert found == {"nlp": {"USD": Decimal(7)}, "vision": {"USD": Decimal(7)}, None: {"USD": Decimal(4)}}


def test_a_row_outside_the_days_is_not_split(tmp_path: Path) -> None:
    late = row("2026-12-01", "5", ServiceName="Amazon EKS")
    assert split(tmp_path, [late, cost("2", "Amazon EKS")], "even", ("vision",)) == {"vision": {"USD": Decimal(2)}}


def test_rows_of_which_it_cannot_be_told_are_not_split(tmp_path: Path) -> None:
    idle = Compare(Ref("field", "state"), "eq", "stopped")
    with ledger(tmp_path, [cost("10", "Amazon EKS")]) as bills:
        assert shares(bills, [Split(idle, "even")], ("vision",), START, END) == {}


class Answers:
    """A ledger of one group that is shared and some that are not."""

    def __init__(self, pot: Decimal, spent: Mapping[str | None, Decimal]) -> None:
        self.pot = pot
        self.spent = spent

    def totals(self, ask: Ask) -> list[Total]:
        if len(ask.by) == 2:
            return [Total((None, None), "USD", self.pot, 1)]
        return [Total((team,), "USD", amount, 1) for team, amount in self.spent.items()]


@given(AMOUNTS, st.dictionaries(st.sampled_from([None, "a", "b", "c", "d", "e"]), AMOUNTS, max_size=6))
def test_shares_add_up_to_what_was_split_to_the_last_digit(pot: Decimal, spent: Mapping[str | None, Decimal]) -> None:
    found = shares(Answers(pot, spent), [Split(EKS, "cost")], ("a", "b", "c"), START, END)  # type: ignore[arg-type] # answers as a ledger does
    assert exactly(amounts.get("USD", Decimal(0)) for amounts in found.values()) == Fraction(pot)
    assert set(found) <= {"a", "b", "c", None}


@given(
    AMOUNTS,
    st.dictionaries(st.sampled_from(["a", "b", "c", None]), st.decimals(0, 10**9, places=6), min_size=1),
)
def test_a_part_is_its_weights_within_a_hair(amount: Decimal, weights: Mapping[str | None, Decimal]) -> None:
    parts = divided(amount, weights)
    assert exactly(parts.values()) == Fraction(amount)
    whole = exactly(weights.values())
    for who, part in parts.items():
        if whole:
            assert abs(Fraction(part) - Fraction(amount) * Fraction(weights[who]) / whole) < Fraction(4, 10**18)
            assert part * amount >= 0


def exactly(amounts: Iterable[Decimal]) -> Fraction:
    """A sum that rounds nothing."""
    return sum(map(Fraction, amounts), Fraction(0))


@pytest.mark.parametrize("weight", [Decimal(-5), Decimal(0)])
def test_who_is_refunded_more_than_he_spends_carries_nothing(weight: Decimal) -> None:
    assert divided(Decimal(10), {"a": weight, "b": Decimal(1)}) == {"b": Decimal(10)}
