"""Which rows of a bill a forecast goes on from: a decision table, from files to the forecast of a budget."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.costs.budgeting import budget, days, row, status

if TYPE_CHECKING:
    from pathlib import Path

# 2026-11-25 at noon: complete until the 23rd (AWS is two days late), so 22 days are billed and 8 are ahead.
CALM = days("2026-06-01", "2026-11-24", "100")
WHOLE = Decimal(30 * 100)


@pytest.mark.parametrize(
    ("what", "adds"),
    [
        pytest.param({"ChargeCategory": "Purchase", "hours": 24 * 30}, 700, id="a fee is paid once"),
        pytest.param({"ChargeCategory": "Tax"}, 700, id="a tax is paid once"),
        pytest.param({"ChargeCategory": "Adjustment"}, 700, id="an adjustment is made once"),
        pytest.param({"ChargeCategory": "Credit", "cost": "-700"}, -700, id="a credit is given once"),
        pytest.param({"ChargeClass": "Correction"}, 700, id="a correction of usage is made once"),
        pytest.param({"ChargeClass": "Correction", "cost": "-700"}, -700, id="and may be negative"),
        pytest.param({}, 700 + 8 * 100, id="usage goes on"),
        pytest.param({"day": "2026-10-10", "ChargeCategory": "Purchase"}, 0, id="a fee of another month is its own"),
        pytest.param(
            {"day": "2026-11-24", "cost": "300"},
            0,
            id="a day that still grows is neither history nor more than is expected",
        ),
    ],
)
def test_only_usage_that_corrects_nothing_goes_on(tmp_path: Path, what: dict[str, Any], adds: int) -> None:
    more = {"day": "2026-11-20", "cost": "700"} | what
    extra = row(more.pop("day"), more.pop("cost"), **more)
    found = status(tmp_path, budget(limit="100000"), [*CALM, extra]).forecast
    assert found.amount == WHOLE + adds


def test_a_series_of_nothing_but_fees_is_not_multiplied(tmp_path: Path) -> None:
    fees = [row(f"2026-{month:02}-01", "900", ChargeCategory="Purchase", hours=24 * 30) for month in range(6, 12)]
    found = status(tmp_path, budget(limit="100000"), [*fees, *days("2026-06-01", "2026-11-24", "1")]).forecast
    assert found.amount == 930
