"""The table of types: whole, and true to what prices and the catalogue know."""

from __future__ import annotations

import pytest

from finops_guard.costs import tables
from finops_guard.evaluate.derive import AI_TYPES
from finops_guard.fields import KINDS
from finops_guard.sources.iac._types import cloud_of, iac_type, path_of

ROWS = list(tables.rows("iac_types"))
FACTS = {"volume_type", "engine", "lb_type", "endpoint_type", "tier", "sku", "accelerator_type", "accelerator_count"}
FACTS |= {"iops", "throughput", "zones", "tpu_type", "tpu_topology", "multi_az"}


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
    types = {*(row["type"] for row in ROWS), *(row["type"] for row in tables.rows("terraform_tags"))}
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


def test_a_type_is_in_one_table_and_carries_tags_where_its_provider_says() -> None:
    listed = {row["name"] for row in ROWS if row["language"] == "terraform"}
    rest = {row["type"]: row["tags"] for row in tables.rows("terraform_tags")}
    assert not listed & set(rest)
    assert len(rest) > 3000
    assert set(rest.values()) == {"", "tags", "labels", "user_labels", "metadata.0.labels"}
    for name, tags in {
        "aws_lb_listener_rule": "tags", "aws_volume_attachment": "", "aws_autoscaling_group": "tag",
        "aws_vpc_ipam_pool": "tags", "aws_bedrockagent_data_source": "", "aws_bedrockagentcore_agent_runtime": "tags",
        "azurerm_cdn_frontdoor_firewall_policy": "tags", "azurerm_maintenance_assignment_dynamic_scope": "",
        "azurerm_orchestrated_virtual_machine_scale_set": "tags", "azurerm_cognitive_deployment": "",
        "google_compute_instance_group_manager": "", "google_vertex_ai_reasoning_engine": "labels",
        "google_monitoring_metric_descriptor": "", "google_cloud_identity_group": "",
        "google_lustre_instance": "labels",
        "google_container_cluster": "resource_labels", "google_project_iam_custom_role": "",
    }.items():  # fmt: skip
        found = iac_type("terraform", name)
        assert found is not None, name
        assert found.tags == (path_of(tags) if tags else None), name
    assert iac_type("terraform", "aws_no_such_thing") is None


@pytest.mark.parametrize(
    "name",
    [
        "aws_sagemaker_mlflow_tracking_server", "aws_sagemaker_hub", "aws_bedrock_inference_profile",
        "aws_bedrockagentcore_memory", "aws_kendra_index", "azurerm_ai_services", "azurerm_ai_foundry",
        "azurerm_cognitive_account_project", "google_vertex_ai_reasoning_engine", "google_vertex_ai_rag_engine_config",
        "google_colab_runtime", "google_discovery_engine_search_engine",
    ],
)  # fmt: skip
def test_what_serves_models_is_ai_by_any_name(name: str) -> None:
    found = iac_type("terraform", name)
    assert found is not None
    assert found.type.startswith(AI_TYPES)
