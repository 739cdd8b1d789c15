from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finops_guard.costs.live import azure_cost_management
from finops_guard.costs.reach import Reach
from finops_guard.costs.web import Site
from finops_guard.errors import ScanError
from finops_guard.model.money import CostSource
from tests.costs.answering import Answer, Answering, Asked, answering

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SOURCE = CostSource("azure-cost-management", {"scope": "$env.SCOPE"})
COLUMNS = [
    {"name": "Cost", "type": "Number"},
    {"name": "UsageDate", "type": "Number"},
    {"name": "SubscriptionId", "type": "String"},
    {"name": "TagKey", "type": "String"},
    {"name": "TagValue", "type": "String"},
    {"name": "Currency", "type": "String"},
]
ROWS: dict[str, list[list[object]]] = {
    "ActualCost": [[10.1, 20261101, "AAAA", "team", "vision", "EUR"], [0.3, 20261101, "AAAA", "", "", "EUR"]],
    "AmortizedCost": [[8.25, 20261101, "AAAA", "team", "vision", "EUR"], [0.7, 20261102, "AAAA", "", "", "EUR"]],
}


def reach(here: Answering, cache: Path, **more: Any) -> Reach:
    environ = {"FINOPS_GUARD_AZURE_ENDPOINT": here.url, "SCOPE": "/subscriptions/aaaa/"}
    return Reach(NOW, cache, cache, environ, **more)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_billed_and_effective_are_joined_by_day_and_group(tmp_path: Path) -> None:
    def azure(asked: Asked) -> Answer:
        return 200, {}, {"properties": {"nextLink": None, "columns": COLUMNS, "rows": ROWS[asked.body["type"]]}}

    with answering(azure) as here:
        (path,) = azure_cost_management.fetch(SOURCE, reach(here, tmp_path, keys=("team",)))
    assert [
        (row["ChargePeriodStart"][:10], row["x_OnlyTag/team"], row["BilledCost"], row["EffectiveCost"])
        for row in rows(path)
    ] == [
        ("2026-11-01", "vision", "10.1", "8.25"),
        ("2026-11-01", "", "0.3", "0"),
        ("2026-11-02", "", "0", "0.7"),
    ]
    assert {(row["SubAccountId"], row["BillingCurrency"]) for row in rows(path)} == {("aaaa", "EUR")}
    assert here.asked[0].path.startswith("/subscriptions/aaaa/providers/Microsoft.CostManagement/query?api-version=")
    assert here.asked[0].body["timePeriod"] == {"from": "2026-08-01T00:00:00Z", "to": "2026-11-26T00:00:00Z"}
    assert {"type": "TagKey", "name": "team"} in here.asked[0].body["dataset"]["grouping"]


def test_pages_are_followed_where_they_are_ours(tmp_path: Path) -> None:
    def azure(asked: Asked) -> Answer:
        first = "skip" not in asked.path
        link = f"{here.url}{asked.path}&skip=1" if first else ""
        some = ROWS["ActualCost"][:1] if first else ROWS["ActualCost"][1:]
        return 200, {}, {"properties": {"nextLink": link, "columns": COLUMNS, "rows": some}}

    with answering(azure) as here:
        (path,) = azure_cost_management.fetch(SOURCE, reach(here, tmp_path, keys=("team",)))
    assert len(rows(path)) == 2
    assert len(here.asked) == 4


def test_a_next_page_somewhere_else_is_not_asked(tmp_path: Path) -> None:
    def azure(_: Asked) -> Answer:
        return 200, {}, {"properties": {"nextLink": "https://evil.example/x", "columns": COLUMNS, "rows": []}}

    with answering(azure) as here, pytest.raises(ScanError, match="names a next page somewhere else"):
        list(azure_cost_management.fetch(SOURCE, reach(here, tmp_path, keys=("team",))))


@pytest.mark.parametrize("said", [{}, {"properties": {"columns": COLUMNS, "rows": [[1]]}}, [1], None])
def test_an_answer_of_another_shape_is_refused(said: object, tmp_path: Path) -> None:
    with answering(lambda _: (200, {}, said)) as here, pytest.raises(ScanError, match="did not answer as Azure"):
        list(azure_cost_management.fetch(SOURCE, reach(here, tmp_path)))
    assert list((tmp_path / "live").glob("*.csv")) == []


def test_of_azures_limits_the_longest_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    prefix = "x-ms-ratelimit-microsoft.costmanagement"
    limits = {f"{prefix}-qpu-retry-after": "2", f"{prefix}-entity-retry-after": "7", "Retry-After": "1"}
    full = {"properties": {"nextLink": None, "columns": COLUMNS, "rows": []}}
    answers: list[Answer] = [(429, limits, {}), (200, {}, full), (200, {}, full)]
    with answering(lambda _: answers.pop(0)) as here:
        monkeypatch.setattr("finops_guard.costs.endpoints.azure", lambda _: Site(here.url, pause=waited.append))
        (path,) = azure_cost_management.fetch(SOURCE, reach(here, tmp_path, keys=("team",)))
    assert rows(path) == []
    assert len(waited) == 1
    assert 7 <= waited[0] < 9
