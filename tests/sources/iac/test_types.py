"""The table of types: whole, and true to what prices and the catalogue know."""

from __future__ import annotations

import pytest

from finops_guard.costs import tables
from finops_guard.evaluate.derive import AI_TYPES
from finops_guard.fields import KINDS
from finops_guard.sources.iac._types import cloud_of, iac_type, path_of

ROWS = list(tables.rows("iac_types"))
FACTS = {"volume_type", "engine", "lb_type", "endpoint_type", "tier", "sku", "accelerator_type", "accelerator_count"}
FACTS |= {"iops", "throughput", "zones", "tpu_type", "tpu_topology"}


def test_every_row_is_whole_and_stands_once() -> None:
    names = [(row["language"], row["name"].casefold()) for row in ROWS]
    assert len(names) == len(set(names)) > 300
    assert {row["language"] for row in ROWS} == {"terraform", "cloudformation", "arm", "kubernetes"}
    assert {row["kind"] for row in ROWS} <= set(KINDS)
    assert {row["cost"] for row in ROWS} == {"", "free"}
    assert [row for row in ROWS if not row["type"]] == []
    facts = {pair.partition("=")[0] for row in ROWS for pair in row["facts"].split()}
    assert facts <= FACTS


def test_a_type_is_one_kind_in_every_language() -> None:
    kinds: dict[str, set[str]] = {}
    for row in ROWS:
        kinds.setdefault(row["type"], set()).add(row["kind"])
    mixed = {type_ for type_, found in kinds.items() if len(found) > 1}
    assert mixed == {"Microsoft.MachineLearningServices/workspaces/computes"}  # a compute instance is a notebook


def test_what_is_priced_by_its_machine_says_where_the_machine_is() -> None:
    priced = tables.priced_by()
    for row in ROWS:
        how = priced.get(row["type"].casefold())
        if how is not None:
            assert row["cost"] != "free", row
            if how.by in {"machine", "parts"} and "aiplatform" not in row["type"]:
                assert row["machine"] or row["via"] or row["name"].endswith(("Space", "space")), row
            if how.by == "size":
                assert row["size"], row


def test_types_that_are_ai_are_in_the_table() -> None:
    types = {row["type"] for row in ROWS}
    assert [prefix for prefix in AI_TYPES if not any(type_.startswith(prefix) for type_ in types)] == []


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("aws_instance", "aws"), ("awscc_s3_bucket", "aws"), ("AWS::S3::Bucket", "aws"), ("google_x", "gcp"),
        ("azurerm_x", "azure"), ("azapi_resource", "azure"), ("Microsoft.Web/sites", "azure"), ("random_id", None),
        ("compute.googleapis.com/Instance", "gcp"), ("kubernetes_pod", None),
    ],
)  # fmt: skip
def test_a_type_belongs_to_a_cloud(name: str, cloud: str | None) -> None:
    assert cloud_of(name) == cloud


def test_a_row_is_found_by_language_and_name() -> None:
    found = iac_type("arm", "microsoft.compute/VIRTUALMACHINES")
    assert found is not None
    assert found.machine == (("properties", "hardwareProfile", "vmSize"),)
    assert iac_type("terraform", "AWS::EC2::Instance") is None
    group = iac_type("terraform", "aws_autoscaling_group")
    assert group is not None
    assert (group.tags, group.count) == (("tag",), (("desired_capacity",), ("min_size",)))
    assert path_of("a.0.b") == ("a", 0, "b")
