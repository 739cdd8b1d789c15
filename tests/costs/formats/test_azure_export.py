from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finops_guard.costs.asks import Ask
from finops_guard.costs.formats import azure_export
from finops_guard.model import Compare, Ref
from tests.costs.ledger.books import opened, total

if TYPE_CHECKING:
    from pathlib import Path

ID = "/subscriptions/5AB/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/VM-1"
HEAD = (
    "SubscriptionId,SubscriptionName,Date,MeterId,MeterCategory,MeterName,Quantity,UnitOfMeasure,{cost},{currency},"
    "ResourceId,ResourceGroup,ChargeType,PricingModel,PublisherType,ServiceFamily,Tags\n"
)
ROW = (
    "5AB,Research,{day},m-1,Virtual Machines,NC24,{hours},1 Hour,{amount},EUR,{id},RG,{kind},{model},Azure,Compute,"
    '"{tags}"\n'
)


def row(**cells: str) -> str:
    given = {"day": "11/03/2026", "hours": "24", "amount": "72.000000000000000001", "id": ID, "kind": "Usage",
             "model": "OnDemand", "tags": '""team"": ""vision"",""env"": """"'}  # fmt: skip
    return ROW.format(**{**given, **cells})


@pytest.mark.parametrize("cost", ["Cost", "CostInBillingCurrency"])
@pytest.mark.parametrize("currency", ["BillingCurrency", "BillingCurrencyCode"])
def test_every_generation(tmp_path: Path, cost: str, currency: str) -> None:
    (tmp_path / "ea.csv").write_text("\ufeff" + HEAD.format(cost=cost, currency=currency) + row(), "utf-8")
    with opened(tmp_path, "ea.csv") as book:
        (file,) = book.files
        assert (file.format, file.refused) == ("azure-cost", ())
        assert total(book, "billed") == {"EUR": Decimal("72.000000000000000001")}
        assert f"has one cost ({cost}), which counts as billed and as effective" in file.notes
        assert "1 tags without braces, added" in file.notes


def test_a_row_is_a_day(tmp_path: Path) -> None:
    """focus_converters puts a month's rows on its first day."""
    body = "".join(row(day=f"11/0{day}/2026", amount="1") for day in (1, 2, 3))
    (tmp_path / "ea.csv").write_text(HEAD.format(cost="Cost", currency="BillingCurrency") + body, "utf-8")
    with opened(tmp_path, "ea.csv") as book:
        days = [one.key for one in book.totals(Ask(by=("day",)))]
        assert days == [("2026-11-01",), ("2026-11-02",), ("2026-11-03",)]
        assert book.newest() is not None
        assert str(book.newest())[:10] == "2026-11-04"


def test_what_a_row_says(tmp_path: Path) -> None:
    body = (
        row()
        + row(kind="Refund", amount="-1")
        + row(kind="UnusedReservation")
        + row(kind="Purchase", model="Reservation")
    )
    (tmp_path / "ea.csv").write_text(HEAD.format(cost="Cost", currency="BillingCurrency") + body, "utf-8")
    with opened(tmp_path, "ea.csv") as book:
        kinds = {one.key[0]: one.rows for one in book.totals(Ask(by=("charge_category",)))}
        assert kinds == {"Usage": 2, "Adjustment": 1, "Purchase": 1}
        (one,) = book.totals(
            Ask(by=("account", "account_name", "id", "type", "tags.team", "tags.env"), usage_only=True)
        )
        assert one.key == ("5ab", "Research", ID.lower(), "Microsoft.Compute/virtualMachines", "vision", None)
        found = book.totals(Ask(where=Compare(Ref("field", "id"), "eq", ID)))
        assert [(each.rows, each.decided) for each in found] == [(4, True)]
        by_type = Compare(Ref("field", "type"), "eq", "Microsoft.Compute/virtualMachines")
        assert sum(each.rows for each in book.totals(Ask(where=by_type))) == 4


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "ea.csv").write_text(HEAD.format(cost="Price", currency="BillingCurrency") + row(), "utf-8")
    with opened(tmp_path, "ea.csv") as book:
        assert book.files[0].refused == ("ea.csv: lacks CostInBillingCurrency or Cost or PreTaxCost",)


def test_focus_from_azure_is_focus() -> None:
    columns = ["EffectiveCost", "BilledCost", "MeterId", "SubscriptionId", "Cost", "Date"]
    assert azure_export.detect(columns) is None
