from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_guard.costs.counts import Counted, counted
from finops_guard.errors import InputError
from finops_guard.model import Compare, Ref
from tests.costs.budgeting import Row, ledger, row
from tests.costs.counts.asking import asked, told

BOT = {"project": "bot"}


def tokens(day: str, quantity: str, unit: str = "Tokens", **more: Any) -> Row:
    return row(day, "1", tags=more.pop("tags", BOT), **{"ConsumedQuantity": quantity, "ConsumedUnit": unit, **more})


def of(folder: Path, rows: list[Row], metric: str | None = None, **more: Any) -> Counted:
    covers = Compare(Ref("tag", "project"), "eq", "bot")
    with ledger(folder, rows) as bills:
        settings = {} if metric is None else {"metric": metric}
        return counted(asked("focus", settings, covers=covers, ledger=bills, **more))


def test_what_the_selection_consumed_by_day_and_nothing_else(tmp_path: Path) -> None:
    rows = [
        tokens("2026-11-01", "1000"),
        tokens("2026-11-01T23:00", "0.5", hours=1),
        tokens("2026-11-03", "7", tags={"project": "other"}),
        tokens("2026-11-04", "9", ChargeCategory="Purchase"),
        tokens("2026-11-04", "-2", ChargeClass="Correction"),
        tokens("2026-10-31", "5"),
        row("2026-11-05", "1", tags=BOT),
    ]
    found = of(tmp_path, rows)
    assert told(found) == {1: {(): Decimal("1000.5")}, 2: {}, 3: {}, 4: {}, 5: {}}
    assert found.definition == "ConsumedQuantity of usage rows in tokens, added up by UTC day of ChargePeriodStart"


def test_a_unit_of_so_many_is_taken_apart(tmp_path: Path) -> None:
    rows = [
        tokens("2026-11-01", "3", "1000 Tokens"),
        tokens("2026-11-01", "5"),
        tokens("2026-11-02", "2", "1,000 tokens"),
    ]
    found = of(tmp_path, rows, "tokens")
    assert told(found)[1] == {(): Decimal(3005)}
    assert told(found)[2] == {(): Decimal(2000)}


def test_of_several_units_one_must_be_named(tmp_path: Path) -> None:
    rows = [tokens("2026-11-01", "3"), tokens("2026-11-01", "5", "Hours"), tokens("2026-11-02", "4", "GB")]
    with pytest.raises(InputError, match="ConsumedQuantity is in gb, hours, tokens") as wrong:
        of(tmp_path, rows)
    assert wrong.value.help == "say which to count: metric: gb"
    assert told(of(tmp_path, rows, "GB"))[2] == {(): Decimal(4)}


def test_keys_are_tags_and_another_selection_may_be_counted(tmp_path: Path) -> None:
    rows = [tokens("2026-11-01", "3", tags={"project": "bot", "Model_Version": "v1"}), tokens("2026-11-01", "4")]
    assert told(of(tmp_path, rows, by=("model-version",)))[1] == {("v1",): Decimal(3), (None,): Decimal(4)}
    match = Compare(Ref("tag", "model-version"), "eq", "v1")
    assert told(of(tmp_path, rows, match=match))[1] == {(): Decimal(3)}


def test_rows_that_cannot_be_decided_are_not_counted_silently(tmp_path: Path) -> None:
    found = of(tmp_path, [tokens("2026-11-01", "3")], match=Compare(Ref("field", "state"), "eq", "running"))
    assert told(found)[1] == {}
    assert found.estimated
    assert found.remarks == ("of 1 rows the bill cannot tell whether they are counted",)


def test_without_cost_data_there_is_nothing_to_count() -> None:
    with pytest.raises(InputError, match="no cost data"):
        counted(asked("focus", {}))
