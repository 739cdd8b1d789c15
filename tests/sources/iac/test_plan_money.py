"""Plans in terraform's shape, and what they add to a month: every number by hand from the price tables' rows."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.costs.plan_delta import Deltas
from finops_guard.costs.pricing import Pricer
from finops_guard.enrich import enrich
from finops_guard.model import Notes, PlanDelta, Unknown
from finops_guard.outputs._deltas import delta_row
from finops_guard.sources.iac import Reading, terraform
from tests.costs.test_plan_delta import NOW, policy
from tests.sources.iac.planning import block, change, plan, read

H = 730
PROVIDERS = {
    "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}},
    "google": {"name": "google", "expressions": {"region": {"constant_value": "europe-west4"}}},
    "azurerm": {"name": "azurerm"},
}
MYSQL = Decimal("0.171")
P4D, P5 = Decimal("21.957600"), Decimal("55.04")
ND96, A2 = Decimal("98.32"), Decimal("3.74797")
IO2 = Decimal("12.5") + 6000 * Decimal("0.065")
NONE = Decimal(0)
POOL = {"vm_size": "Standard_ND96isr_H100_v5"}
GPU_POOL = [{"machine_type": "a2-highgpu-1g"}]


def delta(folder: Path, *changes: dict[str, Any], blocks: object = None, **more: object) -> PlanDelta:
    """The whole of a plan; without blocks, everything that is known is written in the sources."""
    if blocks is None:
        blocks = [
            block(each["type"], each["name"], each["type"].partition("_")[0], **{key: {} for key in told(each)})
            for each in changes
        ]
    document = plan(*changes, providers=PROVIDERS, blocks=blocks)
    rules = policy(**more)
    deltas = Deltas(rules, Pricer(NOW.date()), NOW)
    assert [*deltas.counted(enrich(read(folder, document), rules, NOW))]
    return deltas.all()[0]


def told(each: dict[str, Any]) -> list[str]:
    return [*(each["change"]["after"] or {})]


def both(type_: str, after: dict[str, object], before: dict[str, object]) -> dict[str, Any]:
    return change(type_, "a", after, before=before, actions=("update",))


@pytest.mark.parametrize(
    ("planned", "low", "high", "accelerators"),
    [
        (change("aws_instance", "a", {"instance_type": "p5.48xlarge"}), P5 * H, P5 * H, 8),
        (both("aws_instance", {"instance_type": "p5.48xlarge"}, {"instance_type": "p4d.24xlarge"}),
         (P5 - P4D) * H, (P5 - P4D) * H, 0),
        (change("aws_ebs_volume", "a", {"type": "gp3", "size": 100, "iops": 6000, "throughput": 250}),
         Decimal(8 + 15 + 5), Decimal(28), 0),
        (change("aws_ebs_volume", "a", {"type": "io2", "size": 100, "iops": 6000}), IO2, IO2, 0),
        (change("aws_ebs_volume", "a", {"type": "io2", "size": 100, "iops": 64000}), NONE, None, 0),  # next tier
        (change("aws_ebs_volume", "a", {"type": "gp3", "size": 100}, {"iops": True, "throughput": True}),
         Decimal(8), Decimal(8), 0),
        (change("aws_ebs_volume", "a", {"size": 100}, {"type": True}), Decimal(10), Decimal(10), 0),
        (both("aws_ebs_volume", {"type": "gp3", "size": 200, "iops": 4000}, {"type": "gp3", "size": 100, "iops": 3000}),
         Decimal(8 + 5), Decimal(13), 0),
        (change("aws_vpc_endpoint", "a", {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b", "c"]}),
         Decimal("21.9"), Decimal("21.9"), 0),
        (change("aws_vpc_endpoint", "a", {"vpc_endpoint_type": "Gateway"}), NONE, NONE, 0),
        (change("aws_vpc_endpoint", "a", {"service_name": "s3"}, {"vpc_endpoint_type": True}), NONE, NONE, 0),
        (change("aws_vpc_endpoint_subnet_association", "a", {"subnet_id": "a"}), Decimal("7.3"), Decimal("7.3"), 0),
        (change("aws_ec2_client_vpn_network_association", "a", {"subnet_id": "a"}), Decimal(73), Decimal(73), 0),
        (change("google_pubsub_topic_iam_binding", "a", {"role": "r"}), NONE, NONE, 0),
        (change("aws_lb", "a", {"internal": True}), Decimal("0.0225") * H, Decimal("0.0225") * H, 0),
        (change("aws_networkfirewall_firewall", "a", {"subnet_mapping": [{"subnet_id": "a"}, {"subnet_id": "b"}]}),
         Decimal("0.395") * 2 * H, Decimal("0.395") * 2 * H, 0),
        (change("aws_db_instance", "a", {"instance_class": "db.m5.large", "engine": "mysql", "multi_az": True}),
         MYSQL * 2 * H, MYSQL * 2 * H, 0),
        (change("aws_db_instance", "a", {"instance_class": "db.m5.large", "engine": "mysql"}, {"multi_az": True}),
         MYSQL * H, MYSQL * H, 0),
        (change("aws_spot_fleet_request", "a",
                {"target_capacity": 4, "launch_specification": [{"instance_type": "p4d.24xlarge"}]}), NONE, None, 32),
        (change("aws_batch_compute_environment", "a",
                {"compute_resources": [{"instance_type": ["p4d"], "max_vcpus": 960}]}), NONE, None, None),
        (change("aws_emr_cluster", "a",
                {"core_instance_group": [{"instance_type": "p4d.24xlarge", "instance_count": 2}]}), NONE, None, 16),
        (change("awscc_sagemaker_cluster", "a",
                {"instance_groups": [{"instance_type": "ml.c5.xlarge", "instance_count": 1},
                                     {"instance_type": "ml.p5.48xlarge", "instance_count": 16}]}), NONE, None, None),
        (change("azurerm_kubernetes_cluster_node_pool", "a", {**POOL, "node_count": 2}),
         ND96 * 2 * H, ND96 * 2 * H, 16),
        (change("azurerm_kubernetes_cluster_node_pool", "a",
                {**POOL, "auto_scaling_enabled": True, "min_count": 1, "max_count": 8}, {"node_count": True}),
         ND96 * H, ND96 * 8 * H, None),
        (change("azurerm_machine_learning_compute_cluster", "a",
                {**POOL, "location": "eastus", "scale_settings": [{"min_node_count": 0, "max_node_count": 4}]}),
         NONE, ND96 * 4 * H, None),
        (change("azurerm_machine_learning_compute_cluster", "a",
                {**POOL, "vm_priority": "LowPriority", "scale_settings": [{"min_node_count": 1, "max_node_count": 1}]}),
         NONE, None, 8),
        (change("google_compute_instance", "a",
                {"machine_type": "n2-standard-8", "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 4}]}),
         NONE, None, 4),
        (change("google_container_node_pool", "a",
                {"location": "europe-west4-a", "node_count": 2, "node_config": GPU_POOL}), A2 * 2 * H, A2 * 2 * H, 2),
        (change("google_container_node_pool", "a",
                {"location": "europe-west4", "node_count": 2, "node_locations": ["a", "b"], "node_config": GPU_POOL}),
         A2 * 4 * H, A2 * 4 * H, 4),
        (change("google_container_node_pool", "a",
                {"location": "europe-west4", "node_count": 2, "node_config": GPU_POOL}), A2 * 2 * H, A2 * 6 * H, None),
        (change("google_tpu_v2_vm", "a", {"accelerator_type": "v5litepod-8", "zone": "us-central1-a"}),
         Decimal("1.2") * 8 * H, Decimal("1.2") * 8 * H, 8),
        (change("google_tpu_v2_vm", "a", {"accelerator_config": [{"type": "V5P", "topology": "2x2x1"}]}),
         Decimal("4.2") * 4 * H, Decimal("4.2") * 4 * H, 4),
        (change("google_cloud_run_v2_service", "a",
                {"template": [{"node_selector": [{"accelerator": "nvidia-l4"}],
                               "scaling": [{"max_instance_count": 3}]}]}),
         NONE, None, None),
        (change("google_cloud_run_v2_service", "a",
                {"template": [{"scaling": [{"min_instance_count": 2, "max_instance_count": 2}]}]}), NONE, None, 0),
        (change("google_cloud_run_v2_job", "a",
                {"template": [{"task_count": 4, "template": [{"node_selector": [{"accelerator": "nvidia-l4"}]}]}]}),
         NONE, None, 4),
        (change("azurerm_batch_pool", "a", {**POOL, "fixed_scale": [{"target_dedicated_nodes": 3}]}), NONE, None, 24),
        (change("azurerm_batch_pool", "a", {**POOL, "auto_scale": [{"formula": "$n=1"}]}), NONE, None, None),
        (change("google_compute_reservation", "a",
                {"specific_reservation": [{"count": 4, "instance_properties": [{"machine_type": "a3-highgpu-8g"}]}]}),
         NONE, None, 32),
        (change("google_dataproc_cluster", "a", {"cluster_config": [{"worker_config": [{
            "num_instances": 2, "machine_type": "n1-standard-8",
            "accelerators": [{"accelerator_type": "nvidia-tesla-t4", "accelerator_count": 2}]}]}]}), NONE, None, 4),
        (both("aws_bedrock_provisioned_model_throughput", {"model_units": 10}, {"model_units": 1}), None, None, 0),
        (both("aws_bedrock_provisioned_model_throughput", {"model_units": 1}, {"model_units": 1}), NONE, NONE, 0),
        (both("google_compute_instance",
              {"machine_type": "n1-standard-8", "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 4}]},
              {"machine_type": "n1-standard-8", "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 1}]}),
         None, None, 3),
    ],
)  # fmt: skip
def test_what_a_plan_adds_is_the_price_of_what_it_has(
    tmp_path: Path, planned: dict[str, Any], low: Decimal | None, high: Decimal | None, accelerators: int | None
) -> None:
    found = delta(tmp_path, planned)
    for told_, wanted in ((found.low, low), (found.high, high)):
        assert (told_ is None) == (wanted is None), (found.low, found.high, found.hidden)
        assert told_ is None or wanted is None or abs(told_ - wanted) < Decimal("0.001"), (found.low, found.high)
    assert (None if found.accelerators is None else int(found.accelerators)) == accelerators, found.uncounted


def test_what_scales_as_it_did_adds_nothing_and_what_scales_further_may(tmp_path: Path) -> None:
    was: dict[str, object] = {
        **POOL,
        "scale_settings": [{"min_node_count": 0, "max_node_count": 4}],
        "location": "eastus",
    }
    name = "azurerm_machine_learning_compute_cluster"
    same = delta(tmp_path, both(name, {**was, "tags": {"team": "vision"}}, was))
    assert (same.low, same.high, same.accelerators) == (NONE, NONE, NONE)
    more: dict[str, object] = {**was, "scale_settings": [{"min_node_count": 1, "max_node_count": 8}]}
    found = delta(tmp_path, both(name, more, was))
    assert (found.low, found.high) == (ND96 * (1 - 4) * H, ND96 * (8 - 0) * H)
    assumed = delta(tmp_path, change(name, "a", more), assume={f"{name}.a": {"instances": 3}})
    assert (assumed.low, assumed.high, assumed.accelerators) == (ND96 * 3 * H, ND96 * 3 * H, Decimal(24))


def test_a_group_of_instances_runs_what_its_template_says(tmp_path: Path) -> None:
    template = {"references": ["google_compute_instance_template.t.self_link", "google_compute_instance_template.t"]}
    blocks = [
        block("google_compute_instance_group_manager", "g", "google", version=[{"instance_template": template}]),
        block("google_compute_instance_template", "t", "google"),
    ]
    found = delta(
        tmp_path,
        change("google_compute_instance_group_manager", "g", {"target_size": 2, "version": [{}]}, {
            "version": [{"instance_template": True}]}),
        change("google_compute_instance_template", "t", {"machine_type": "a2-highgpu-1g", "labels": {}}),
        blocks=blocks,
    )  # fmt: skip
    assert (found.low, found.high) == (A2 * 2 * H, A2 * 2 * H)
    assert found.accelerators == 2  # the template has none itself


def test_a_template_of_machines_with_accelerators_is_judged_where_its_labels_are(tmp_path: Path) -> None:
    (found,) = enrich(
        read(tmp_path, plan(change("google_compute_instance_template", "t", {"machine_type": "a3-highgpu-8g"}))),
        policy(),
        NOW,
    )
    assert (found.look("ai"), found.look("taggable"), found.look("accelerators.count")) == (True, True, 8)


def test_machines_of_several_types_are_not_those_of_the_first(tmp_path: Path) -> None:
    groups = [{"instance_type": kind, "instance_count": 1} for kind in ("ml.c5.xlarge", "ml.p5.48xlarge")]
    found = read(tmp_path, plan(change("awscc_sagemaker_cluster", "c", {"instance_groups": groups})))[0]
    why = "its machines may be of several types: ml.c5.xlarge, ml.p5.48xlarge"
    assert found.look("accelerators.count") == Unknown(why)
    alike = [{"instance_type": "ml.p5.48xlarge", "instance_count": number} for number in (2, 3)]
    found = read(tmp_path, plan(change("awscc_sagemaker_cluster", "c", {"instance_groups": alike})))[0]
    assert found.look("accelerators.count") == 40


AKS: dict[str, object] = {
    "location": "eastus",
    "sku_tier": "Standard",
    "default_node_pool": [{**POOL, "node_count": 2}],
}
GKE: dict[str, object] = {"location": "europe-west4-a", "initial_node_count": 2, "node_config": GPU_POOL}
FEE = Decimal("0.1") * H


@pytest.mark.parametrize(
    ("planned", "amount", "accelerators"),
    [
        (change("azurerm_kubernetes_cluster", "a", AKS), FEE + ND96 * 2 * H, 16),
        (change("azurerm_kubernetes_cluster", "a", {**AKS, "sku_tier": "Free"}), ND96 * 2 * H, 16),
        (both("azurerm_kubernetes_cluster", {**AKS, "default_node_pool": [{**POOL, "node_count": 5}]}, AKS),
         ND96 * 3 * H, 24),
        (change("google_container_cluster", "a", GKE), FEE + A2 * 2 * H, 2),
        (change("google_container_cluster", "a", {**GKE, "remove_default_node_pool": True}), FEE, 0),
        (change("google_container_cluster", "a", {**GKE, "enable_autopilot": True}), FEE, 0),
        (change("google_container_cluster", "a",
                {"location": "europe-west4-a", "node_pool": [{"node_count": 3, "node_config": GPU_POOL}]}),
         FEE + A2 * 3 * H, 3),
    ],
)  # fmt: skip
def test_pools_inside_a_cluster_are_counted_as_any_other(
    tmp_path: Path, planned: dict[str, Any], amount: Decimal, accelerators: int
) -> None:
    found = delta(tmp_path, planned)
    assert (found.low, found.high, found.hidden) == (amount, amount, ())
    assert found.accelerators == accelerators


def test_pools_that_are_in_the_state_alone_are_resources_of_their_own(tmp_path: Path) -> None:
    state: dict[str, object] = {**GKE, "node_pool": [{"node_count": 9, "node_config": GPU_POOL}]}
    planned = both("google_container_cluster", state, state)
    blocks = [block("google_container_cluster", "a", "google", location={}, remove_default_node_pool={})]
    assert [each.kind for each in read(tmp_path, plan(planned, blocks=blocks))] == ["cluster"]


def test_a_pool_inside_a_cluster_has_the_tags_of_its_own_block(tmp_path: Path) -> None:
    pool = {**POOL, "tags": {"team": "nlp"}}
    after = {**AKS, "tags": {"team": "vision"}, "default_node_pool": [pool]}
    cluster, found = read(tmp_path, plan(change("azurerm_kubernetes_cluster", "a", after)))
    assert (dict(cluster.tags), dict(found.tags)) == ({"team": "vision"}, {"team": "nlp"})
    assert (found.id, found.kind, found.look("taggable")) == (
        "azurerm_kubernetes_cluster.a.default_node_pool", "node-pool", True,
    )  # fmt: skip
    (tmp_path / "main.tf").write_text("""
variable "late" {}
resource "azurerm_kubernetes_cluster" "a" {
  location = "eastus"
  default_node_pool {
    vm_size    = "Standard_ND96isr_H100_v5"
    node_count = 2
    tags       = { team = var.late }
  }
}
resource "google_container_cluster" "g" {
  location           = "europe-west4-a"
  initial_node_count = 3
  node_config {
    machine_type = "a2-highgpu-1g"
  }
}
""")
    _, aks, _, gke = terraform.collect(tmp_path, Reading(Notes()))
    assert (aks.look("accelerators.count"), aks.tags.look("team")) == (16, Unknown("variable late has no value"))
    assert (gke.id, gke.look("accelerators.count")) == ("google_container_cluster.g.node_config", 3)


@pytest.mark.parametrize("number", [10**13, 10**30, 10**4000, "1e400", -(10**40), "9" * 5000, 1e308])
def test_no_number_is_too_large_to_be_told(tmp_path: Path, number: object) -> None:
    late = [
        change("aws_ebs_volume", "v", {"type": "gp3", "size": number}),
        change("aws_ebs_volume", "w", {"type": "gp3", "size": 100, "iops": number}),
        change("azurerm_kubernetes_cluster_node_pool", "p", {**POOL, "node_count": number}),
        change("azurerm_kubernetes_cluster_node_pool", "q", {**POOL, "min_count": 0, "max_count": number}),
        change("google_compute_instance", "i", {"guest_accelerator": [{"type": "t4", "count": number}]}),
        change("google_tpu_v2_vm", "t", {"accelerator_config": [{"type": "V5P", "topology": "9999x9999x9999"}]}),
    ]
    kind = {"machine_type": "n1-standard-8", "guest_accelerator": [{"type": "t4", "count": 1}]}
    was = {**kind, "guest_accelerator": [{"type": "t4", "count": number}]}
    late.append(change("google_compute_instance", "j", kind, before=was, actions=("update",)))
    found = delta(tmp_path, *late)
    assert (found.high, found.accelerators) == (None, None)
    assert json.dumps(delta_row(found))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.floats(allow_nan=False) | st.text(max_size=4) | st.just("p4d"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "0", "instance_type"]), inner),
    max_leaves=4,
)
NAMES = (
    *(
        "location",
        "node_locations",
        "autoscaling",
        "default_node_pool",
        "node_pool",
        "node_config",
        "min_count",
        "tags",
    ),
    *("max_count", "node_count", "instance_groups", "compute_resources", "accelerator_config", "guest_accelerator"),
    *("instance_type", "instance_types", "machine_type", "vm_size", "size", "type", "iops", "throughput", "multi_az"),
    *("subnet_ids", "scale_settings", "scaling_config", "launch_specification", "target_capacity", "tags_all", "team"),
)
TYPES = (
    *("azurerm_kubernetes_cluster", "google_container_cluster", "google_container_node_pool", "google_tpu_v2_vm"),
    *("aws_batch_compute_environment", "awscc_sagemaker_cluster", "azurerm_kubernetes_cluster_node_pool"),
    *("aws_ebs_volume", "aws_db_instance", "aws_eks_node_group", "aws_spot_fleet_request", "aws_vpc_endpoint"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(TYPES),
    *(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=5) for _ in range(3)),
)
def test_whatever_stands_in_a_plan_is_told_or_unknown(
    tmp_path: Path, type_: str, after: dict[str, object], before: dict[str, object], unknown: dict[str, object]
) -> None:
    planned = change(type_, "a", after, unknown, before=before, actions=("update",))
    blocks = [block(type_, "a", "aws", **{name: {} for name in after})]
    assert json.dumps(delta_row(delta(tmp_path, planned, blocks=blocks)))
