"""Accounts as their bill sees them; moto has none of it, so a server with AWS's answers stands before it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.model import Need, Resource, Unknown
from finops_guard.sources import aws
from tests.sources.aws.acts import acting
from tests.sources.aws.cloud import OWN, answer, scan

if TYPE_CHECKING:
    from finops_guard.model import Notes
    from tests.sources.aws.cloud import Cloud

BILL = Need(frozenset({"account"}), frozenset({"exports.fresh"}))
NOW = datetime.now(UTC)
MONTH = f"{NOW:%Y-%m}-01T00:00:00Z"
CUR = "SELECT line_item_usage_account_id FROM COST_AND_USAGE_REPORT"


def export(name: str, query: str = CUR, hours: int | None = 9, status: str = "HEALTHY") -> dict[str, Any]:
    told: dict[str, Any] = {"StatusCode": status}
    if hours is not None:
        told["LastRefreshedAt"] = (NOW - timedelta(hours=hours)).timestamp()
    return {"ExportArn": f"arn:aws:bcm-data-exports:us-east-1:{OWN}:export/{name}", "ExportName": name,
            "ExportStatus": told, "query": query}  # fmt: skip


def report(hours: int | None = 9, status: str | None = "SUCCESS") -> dict[str, Any]:
    delivered = "" if hours is None else f"{NOW - timedelta(hours=hours):%Y%m%dT%H%M%SZ}"
    told = {"lastDelivery": delivered, "lastStatus": status}
    return {"ReportName": "cur", "ReportStatus": {key: value for key, value in told.items() if value}}


def tag(key: str, status: str = "Active", used: str | None = MONTH) -> dict[str, str]:
    return {"TagKey": key, "Type": "UserDefined", "Status": status} | ({"LastUsedDate": used} if used else {})


def billing(cloud: Cloud, *exports: dict[str, Any], reports: Any = (), tags: Any = (), payer: str | None = OWN) -> None:
    """What AWS says of the account's bill; a page of tags for each list. `payer` None: it is in no organization."""
    cloud.one_a_page = False
    listed = {each["ExportArn"]: each["query"] for each in exports}
    alone = {"__type": "AWSOrganizationsNotInUseException", "message": "no"}
    mine = {"Organization": {"Id": "o-1", "MasterAccountId": payer}}
    pages = [*tags] if tags and isinstance(tags[0], list) else [[*tags]]

    def keys(asked: dict[str, Any]) -> Any:
        page = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(page + 1)} if page + 1 < len(pages) else {}
        return answer({"CostAllocationTags": pages[page], **more})

    cloud.instead = {
        "DescribeOrganization": lambda _: answer(alone, 400) if payer is None else answer(mine),
        "ListExports": lambda _: answer({"Exports": [{k: v for k, v in e.items() if k != "query"} for e in exports]}),
        "GetExport": lambda asked: answer(
            {"Export": {"Name": "x", "DataQuery": {"QueryStatement": listed[asked["ExportArn"]]}}}
        ),
        "DescribeReportDefinitions": lambda _: answer({"ReportDefinitions": [*reports]}),
        "ListCostAllocationTags": keys,
    }


def told() -> tuple[dict[str, Any], Resource, Notes]:
    (account,), notes = scan(BILL)
    names = {name for name in (*account.fields, *account.unknown) if name.startswith("exports.")}
    return {name.removeprefix("exports."): account.look(name) for name in names}, account, notes


def test_a_payer_says_what_is_exported_and_which_keys_reach_the_bill(cloud: Cloud) -> None:
    billing(cloud, export("focus"), tags=[tag("team"), tag("Project"), tag("Team", "Inactive"),
            tag("old", "Inactive", "2020-06-01T00:00:00Z"), tag("ever", "Inactive", None)])  # fmt: skip
    found, account, notes = told()
    assert found == {"present": True, "fresh": True, "activated_keys": ("Project", "team")}
    assert account.facts["inactive_keys"] == ("Team", "ever")
    assert (account.id, account.kind, account.fields["type"]) == (
        f"arn:aws:iam::{OWN}:root", "account", "AWS::Organizations::Account",
    )  # fmt: skip
    assert (account.fields["taggable"], account.fields["region"]) == (False, "global")
    assert notes.gaps == []
    assert {region for service, _, region in cloud.asked if service in ("ce", "cur", "bcm-data-exports")} == {
        "us-east-1"
    }


@pytest.mark.parametrize(
    ("exports", "reports", "present", "fresh"),
    [
        ([], [], False, False),
        ([export("x", "SELECT * FROM COST_OPTIMIZATION_RECOMMENDATIONS")], [], False, False),
        ([export("x", "SELECT a FROM FOCUS_1_2_AWS")], [], True, True),
        ([export("x", hours=47)], [], True, True),
        ([export("x", hours=49)], [], True, False),
        ([export("x", status="UNHEALTHY")], [], True, False),
        ([export("x", hours=200), export("y", hours=3)], [], True, True),
        ([export("x", hours=None)], [], True, None),
        ([], [report()], True, True),
        ([], [report(hours=80)], True, False),
        ([], [report(status="ERROR_NO_BUCKET")], True, False),
        ([], [report(hours=None)], True, None),
    ],
)
def test_an_export_is_fresh_when_it_is_healthy_and_was_delivered(
    cloud: Cloud,
    exports: list[Any],
    reports: list[Any],
    present: bool,  # noqa: FBT001
    fresh: bool | None,  # noqa: FBT001
) -> None:
    billing(cloud, *exports, reports=reports)
    found, _, _ = told()
    assert found["present"] is present
    assert isinstance(found["fresh"], Unknown) if fresh is None else found["fresh"] is fresh


@pytest.mark.parametrize(("payer", "pays"), [(None, True), (OWN, True), ("999999999999", False)])
def test_of_an_account_that_does_not_pay_no_more_is_asked(cloud: Cloud, payer: str | None, pays: bool) -> None:  # noqa: FBT001
    billing(cloud, export("x"), payer=payer)
    found, notes = scan(BILL)
    assert len(found) == int(pays)
    asked = Counter(operation for _, operation, _ in cloud.asked)
    assert asked["ListExports"] == asked["ListCostAllocationTags"] == int(pays)
    assert notes.gaps == []


def test_each_page_of_tags_costs_a_cent(cloud: Cloud) -> None:
    billing(cloud, tags=[[tag("a")], [tag("b")], [tag("c")]])
    found, _, notes = told()
    assert found["activated_keys"] == ("a", "b", "c")
    assert notes.calls["aws"].usd == Decimal("0.03")


def test_what_is_denied_is_unknown_and_a_gap_and_the_rest_is_told(cloud: Cloud) -> None:
    billing(cloud, reports=[report(hours=80)])
    cloud.denied = {("bcm-data-exports", "ListExports"), ("ce", "ListCostAllocationTags")}
    found, _, notes = told()
    exports, tags = (
        Unknown("AccessDenied bcm-data-exports:ListExports"),
        Unknown("AccessDenied ce:ListCostAllocationTags"),
    )
    assert found == {"present": True, "fresh": exports, "activated_keys": tags}
    assert {gap.reason for gap in notes.gaps} == {exports.reason, tags.reason}
    billing(cloud)
    assert told()[0]["present"] == exports


def test_who_pays_is_unknown_when_that_is_denied(cloud: Cloud) -> None:
    billing(cloud)
    cloud.denied = {("organizations", "DescribeOrganization")}
    found, _, notes = told()
    assert set(found.values()) == {Unknown("AccessDenied organizations:DescribeOrganization")}
    assert [gap.type for gap in notes.gaps] == ["AWS::Organizations::Account"]


def test_the_callers_own_bill_is_read_though_its_resources_are_out_of_scope(cloud: Cloud) -> None:
    billing(cloud, export("x"))
    other = "222222222222"
    accounts, notes = scan(BILL, accounts=[other], roles={"scan": "r"})
    assert [account.fields["account"] for account in accounts] == [OWN]
    assert notes.gaps == []


def test_nothing_is_done_to_it() -> None:
    assert not any(aws.can("AWS::Organizations::Account", verb) for verb in ("tag", "stop", "terminate"))
    assert aws.can("AWS::S3::Bucket", "tag")


def test_it_is_read_again_as_it_was(cloud: Cloud) -> None:
    billing(cloud, export("x"), tags=[tag("team")])
    _, account, _ = told()
    other = Resource({**account.fields, "id": "arn:aws:iam::222222222222:root"}, account.tags)
    (again,) = acting().read([account, other], ())
    assert {name: again.look(name) for name in account.fields} == {name: account.look(name) for name in account.fields}


@pytest.mark.parametrize(
    "need",
    [
        Need(None, frozenset({"cost.month"})),
        Need(frozenset({"account", "vm"}), frozenset({"budget.name"})),
        Need(frozenset({"vm"}), frozenset({"exports.fresh"})),
    ],
)
def test_nobody_is_asked_unless_a_rule_asks(cloud: Cloud, need: Need) -> None:
    billing(cloud, export("x"))
    found, _ = scan(need)
    assert [each for each in found if each.kind == "account"] == []
    assert not {service for service, _, _ in cloud.asked} & {"ce", "cur", "bcm-data-exports"}
    assert "DescribeOrganization" not in {operation for _, operation, _ in cloud.asked}
