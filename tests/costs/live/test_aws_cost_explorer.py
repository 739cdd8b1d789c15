from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session

from finops_guard.costs.live import aws_cost_explorer
from finops_guard.costs.reach import Reach
from finops_guard.errors import ScanError
from finops_guard.model.money import CostSource
from tests.costs.answering import Answer, Answering, Asked, answering

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SOURCE = CostSource("aws-cost-explorer")


def amount(billed: str, effective: str) -> dict[str, dict[str, str]]:
    return {
        "UnblendedCost": {"Amount": billed, "Unit": "USD"},
        "AmortizedCost": {"Amount": effective, "Unit": "USD"},
    }


def period(day: str, *groups: tuple[list[str], str, str]) -> dict[str, object]:
    return {
        "TimePeriod": {"Start": day, "End": day},
        "Estimated": day > "2026-11-23",
        "Groups": [{"Keys": keys, "Metrics": amount(billed, effective)} for keys, billed, effective in groups],
    }


def aws(asked: Asked) -> Answer:
    """Cost Explorer with two pages of usage and one of the rest; STS speaks XML and is answered elsewhere."""
    target = str(asked.headers["X-Amz-Target"]).rpartition(".")[2]
    if target == "ListCostAllocationTags":
        return 200, {}, {"CostAllocationTags": [{"TagKey": "Team", "Type": "UserDefined", "Status": "Active"}]}
    if "Not" not in asked.body["Filter"]:
        groups = [(["Team$vision", "Tax"], "2.10", "2.10"), (["Team$", "Credit"], "-5", "-5")]
        return 200, {}, {"ResultsByTime": [period("2026-11-01", *groups)]}
    if "NextPageToken" not in asked.body:
        groups = [(["Team$vision", "111111111111"], "10.0000000001", "8"), (["Team$", "222222222222"], "1", "1")]
        return 200, {}, {"ResultsByTime": [period("2026-11-23", *groups)], "NextPageToken": "more"}
    return 200, {}, {"ResultsByTime": [period("2026-11-24", (["Team$vision", "111111111111"], "3", "3"))]}


class Sts:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "999999999999"}


def reach(here: Answering, cache: Path, **more: Any) -> Reach:
    session = Session("AKIDEXAMPLE", "secret", region_name="us-east-1")

    def client(service: str, region: str | None) -> Any:
        return Sts() if service == "sts" else session.client(service, region_name=region, endpoint_url=here.url)

    return Reach(NOW, cache, cache, aws=client, **more)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_usage_comes_by_tag_and_account_and_the_rest_by_what_it_is(tmp_path: Path) -> None:
    with answering(aws) as here:
        given = reach(here, tmp_path, keys=("team",))
        usage, rest = (rows(path) for path in aws_cost_explorer.fetch(SOURCE, given))
    assert [
        (row["ChargePeriodStart"], row["SubAccountId"], row["x_OnlyTag/Team"], row["BilledCost"]) for row in usage
    ] == [
        ("2026-11-23T00:00:00Z", "111111111111", "vision", "10.0000000001"),
        ("2026-11-23T00:00:00Z", "222222222222", "", "1"),
        ("2026-11-24T00:00:00Z", "111111111111", "vision", "3"),
    ]
    assert {row["EffectiveCost"] for row in usage} == {"8", "1", "3"}
    assert {(row["BillingCurrency"], row["ChargeCategory"]) for row in usage} == {("USD", "Usage")}
    assert not {"ServiceName", "Tags"} & usage[0].keys()
    assert [(row["ChargeCategory"], row["BilledCost"]) for row in rest] == [("Tax", "2.10"), ("Credit", "-5")]
    assert "SubAccountId" not in rest[0]
    asked = [each.body for each in here.asked if "TimePeriod" in each.body]
    assert asked[0]["TimePeriod"] == {"Start": "2026-08-01", "End": "2026-11-26"}
    assert asked[0]["GroupBy"] == [{"Type": "TAG", "Key": "Team"}, {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}]
    assert given.notes.calls["aws"].usd == Decimal("0.04")  # two pages, one, and how the key is spelled
    assert given.notes.remarks == ["Cost Explorer calls the figures of 1 days estimated"]


def test_how_a_key_is_spelled_is_looked_for_on_every_page(tmp_path: Path) -> None:
    def many(asked: Asked) -> Answer:
        status, headers, said = aws(asked)
        if "ListCostAllocationTags" in str(asked.headers["X-Amz-Target"]) and "NextToken" not in asked.body:
            return 200, {}, {"CostAllocationTags": [{"TagKey": "other"}], "NextToken": "more"}
        return status, headers, said

    with answering(many) as here:
        given = reach(here, tmp_path, keys=("team",))
        usage = rows(next(aws_cost_explorer.fetch(SOURCE, given)))
    assert "x_OnlyTag/Team" in usage[0]
    assert given.notes.calls["aws"].usd == Decimal("0.04")


def test_without_a_tag_key_it_is_by_account_and_service(tmp_path: Path) -> None:
    def by_service(_: Asked) -> Answer:
        return 200, {}, {"ResultsByTime": [period("2026-11-23", (["111111111111", "Amazon SageMaker"], "1", "1"))]}

    with answering(by_service) as here:
        usage = rows(next(aws_cost_explorer.fetch(SOURCE, reach(here, tmp_path))))
    assert (usage[0]["SubAccountId"], usage[0]["ServiceName"]) == ("111111111111", "Amazon SageMaker")
    assert "Tags" not in usage[0]


def test_an_answer_is_kept_for_eight_hours_and_costs_nothing_until_then(tmp_path: Path) -> None:
    with answering(aws) as here:
        first = [path.read_bytes() for path in aws_cost_explorer.fetch(SOURCE, reach(here, tmp_path, keys=("team",)))]
        sent = len(here.asked)
        again = reach(here, tmp_path, keys=("team",))
        assert [path.read_bytes() for path in aws_cost_explorer.fetch(SOURCE, again)] == first
        assert len(here.asked) == sent
        assert again.notes.calls["aws"].usd == 0
        later = Reach(NOW + timedelta(hours=8), tmp_path, tmp_path, aws=again.aws, keys=("team",))
        list(aws_cost_explorer.fetch(SOURCE, later))
    assert later.notes.calls["aws"].usd == Decimal("0.04")


@pytest.mark.parametrize(
    ("source", "more", "said"),
    [
        (SOURCE, {"max_usd": Decimal("0.02")}, "would cost more than 0.02 USD in one run"),
        (CostSource("aws-cost-explorer", {"max_per_day": "0.03 USD"}), {}, "has cost 0.03 USD today"),
    ],
)
def test_what_it_may_cost_is_a_bound(source: CostSource, more: dict[str, Any], said: str, tmp_path: Path) -> None:
    with answering(aws) as here, pytest.raises(ScanError, match=said):
        list(aws_cost_explorer.fetch(source, reach(here, tmp_path, keys=("team",), **more)))
    paid = [each for each in here.asked if "TimePeriod" in each.body]
    whole = list((tmp_path / "live").glob("*.csv"))
    assert (len(paid), len(whole)) == ((1, 0) if more else (2, 1))  # what was paid and is whole stays


def test_a_refusal_names_the_permission(tmp_path: Path) -> None:
    def refuse(_: Asked) -> Answer:
        return 400, {}, {"__type": "AccessDeniedException", "message": "secret words"}

    with answering(refuse) as here, pytest.raises(ScanError, match="AccessDeniedException ce:GetCostAndUsage") as wrong:
        list(aws_cost_explorer.fetch(SOURCE, reach(here, tmp_path)))
    assert "secret" not in str(wrong.value)
    assert list((tmp_path / "live").glob("*.csv")) == []
