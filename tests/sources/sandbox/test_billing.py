"""What the company's bill says of itself, to the account that pays and to nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.sources.sandbox.conftest import NOW, Cloud


def test_the_payer_sees_its_export_and_the_keys(cloud: Cloud) -> None:
    exports = cloud.home("bcm-data-exports", "us-east-1")
    (export,) = exports.list_exports()["Exports"]
    assert export["ExportStatus"]["StatusCode"] == "HEALTHY"
    assert 0 < (NOW - export["ExportStatus"]["LastRefreshedAt"]).total_seconds() < 86400
    query = exports.get_export(ExportArn=export["ExportArn"])["Export"]["DataQuery"]["QueryStatement"]
    assert query.endswith("FROM FOCUS_1_2_AWS")
    assert cloud.home("cur", "us-east-1").describe_report_definitions()["ReportDefinitions"] == []
    tags = cloud.home("ce", "us-east-1").list_cost_allocation_tags()["CostAllocationTags"]
    states = {tag["TagKey"]: tag["Status"] for tag in tags}
    assert (states["team"], states["ModelVersion"], states["model_version"]) == ("Active", "Active", "Inactive")
    inactive = cloud.home("ce", "us-east-1").list_cost_allocation_tags(Status="Inactive")["CostAllocationTags"]
    assert {tag["TagKey"] for tag in inactive} == {key for key, state in states.items() if state == "Inactive"}


def test_a_member_does_not(cloud: Cloud, account: Callable[[str], str]) -> None:
    with pytest.raises(ClientError, match="doesn't have access") as error:
        cloud.client("ce", account("serving"), "us-east-1").list_cost_allocation_tags()
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
