from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.costs.allocation_asked import Wanted
from finops_guard.costs.allocation_unusual import unusual_days
from tests.costs.budgeting import ACCOUNT, days, ledger, row

if TYPE_CHECKING:
    from pathlib import Path


def test_an_account_that_is_first_used_today_is_not_judged_yet(tmp_path: Path) -> None:
    new = row("2026-11-25", "900") | {"SubAccountId": "444455556666"}
    spike = row("2026-11-22", "900")
    with ledger(tmp_path, [*days("2026-08-20", "2026-11-24", "100"), spike, new]) as bills:
        found = unusual_days(bills, Wanted())
    assert [(each.group.account, f"{each.day}") for each in found.days] == [(ACCOUNT, "2026-11-22")]
