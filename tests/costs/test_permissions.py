"""What reading costs needs is said by the modules that read them."""

from __future__ import annotations

import pytest

from finops_guard.advice import remedies
from finops_guard.costs import permissions


def test_each_billing_api_says_what_it_needs() -> None:
    assert permissions.of("aws-cost-explorer")[0] == "ce:GetCostAndUsage"
    assert permissions.of("azure-cost-management") == ("Microsoft.CostManagement/query/action",)
    assert permissions.of("gcp-bigquery") == ("bigquery.jobs.create", "bigquery.tables.getData")
    for other in ("focus", "bills/2026.csv", "_paid", "../x", ""):
        assert permissions.of(other) == ()


def test_those_of_aws_are_iam_actions_of_counts_and_prices_too() -> None:
    actions = permissions.on_aws()
    assert actions == sorted(set(actions))
    assert {"ce:GetCostAndUsage", "cloudwatch:GetMetricData", "ec2:DescribeSpotPriceHistory"} <= {*actions}
    assert not any("Microsoft" in action or "bigquery" in action for action in actions)


@pytest.mark.parametrize(
    ("source", "reason", "fix"),
    [
        ("aws-cost-explorer", "AccessDeniedException ce:GetCostAndUsage", "grant ce:GetCostAndUsage, ce:List"),
        ("azure-cost-management", "127.0.0.1 answered 403", "grant Microsoft.CostManagement/query/action to"),
        ("aws-cost-explorer", "aws-cost-explorer would cost more than 0.01 USD in one run", "let it cost more"),
        ("gcp-bigquery", "bigquery.googleapis.com did not answer: ConnectTimeout", "is there a way"),
        ("bills.csv", "bills.csv:3:BilledCost: 'x' is no amount", "mend the file"),
    ],
)
def test_doctor_says_how_cost_data_can_be_read(source: str, reason: str, fix: str) -> None:
    assert remedies.for_costs(source, reason).startswith(fix)
