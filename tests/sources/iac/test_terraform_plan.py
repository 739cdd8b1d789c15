"""A plan says what will be there: tags key by key, machines, changes, places; and what is no plan is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Location, Notes, Unknown
from finops_guard.sources.iac import Reading, collect, terraform_plan
from tests.sources.iac.planning import AWS, KNOWN_AFTER, block, change, one, plan, read

REAL = Path(__file__).parents[4] / "shared" / "data" / "iac" / "plan"
TAGS = {"project": "churn", "team": "vision"}


def instance(**more: object) -> dict[str, object]:
    return {"instance_type": "p5.48xlarge", "tags": TAGS, "tags_all": TAGS, **more}


def test_a_machine_is_what_an_inventory_would_call_it(tmp_path: Path) -> None:
    found = one(tmp_path, change("aws_instance", "a", instance()), blocks=[block("aws_instance", "a")])
    assert found.id == "aws_instance.a"
    names = ("cloud", "type", "kind", "state", "change", "region", "accelerators.count", "taggable", "purchase")
    assert [found.look(name) for name in names] == [
        "aws", "AWS::EC2::Instance", "vm", "planned", "create", "eu-west-1", 8, True, "on-demand",
    ]  # fmt: skip
    assert found.facts["instance_type"] == "p5.48xlarge"
    assert isinstance(found.look("account"), Unknown)


def test_a_key_known_after_apply_is_unknown_and_not_absent(tmp_path: Path) -> None:
    known = {"project": "churn"}
    marks = {"tags": {"team": True}, "tags_all": {"team": True}}
    found = one(
        tmp_path,
        change("aws_instance", "a", instance(tags=known, tags_all=known), marks),
        blocks=[block("aws_instance", "a", tags={"references": ["terraform_data.n.id", "terraform_data.n"]})],
    )
    assert found.tags.look("project") == "churn"
    assert found.tags.look("team") == Unknown(f"{KNOWN_AFTER}, from terraform_data.n.id")
    assert found.tags.look("dataset") is None


def test_a_map_known_after_apply_says_nothing_of_any_key(tmp_path: Path) -> None:
    found = one(tmp_path, change("aws_instance", "a", {"instance_type": "g5.xlarge"}, {"tags": True, "tags_all": True}))
    assert found.tags.look("team") == Unknown(KNOWN_AFTER)
    assert found.tags.open_because == KNOWN_AFTER


def test_no_tags_at_all_are_a_fact(tmp_path: Path) -> None:
    found = one(tmp_path, change("aws_instance", "a", {"instance_type": "t3.micro", "tags": None}, {"tags_all": True}))
    assert found.tags.look("team") is None
    assert found.look("accelerators.count") == 0


DEFAULTS: dict[str, Any] = {
    **AWS,
    "aws.tagged": {
        "name": "aws",
        "alias": "tagged",
        "expressions": {
            "region": {"references": ["var.region"]},
            "default_tags": [{"tags": {"constant_value": {"team": "nlp", "cost": 7, "shared": True}}}],
        },
    },
    "aws.late": {"name": "aws", "expressions": {"default_tags": [{"tags": {"references": ["var.tags"]}}]}},
}


@pytest.mark.parametrize(
    ("provider", "team", "cost", "other"),
    [
        ("aws", None, None, None),
        ("aws.tagged", "nlp", "7", None),
        ("aws.late", Unknown("the provider's default_tags come from var.tags"), None, None),
    ],
)
def test_default_tags_are_those_of_the_own_provider(
    tmp_path: Path, provider: str, team: object, cost: object, other: object
) -> None:
    change_ = change("aws_instance", "a", instance(tags={"project": "churn"}), {"tags_all": True})
    del change_["change"]["after"]["tags_all"]
    found = one(tmp_path, change_, blocks=[block("aws_instance", "a", provider)], providers=DEFAULTS)
    assert found.tags.look("project") == "churn"
    assert found.tags.look("team") == team
    assert found.tags.get("shared", None) is None if provider == "aws" else True
    if provider != "aws.late":
        assert (found.tags.look("cost"), found.tags.look("dataset")) == (cost, other)


def test_own_tags_win_over_default_tags(tmp_path: Path) -> None:
    change_ = change("aws_instance", "a", instance(tags={"team": "vision"}), {"tags_all": True})
    del change_["change"]["after"]["tags_all"]
    found = one(tmp_path, change_, blocks=[block("aws_instance", "a", "aws.tagged")], providers=DEFAULTS)
    assert (found.tags.look("team"), found.tags.look("shared")) == ("vision", "true")


def test_the_final_map_of_the_plan_wins_over_what_we_would_make_of_it(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        change("aws_instance", "a", instance(tags={}, tags_all={"team": "ours"})),
        blocks=[block("aws_instance", "a", "aws.tagged")],
        providers=DEFAULTS,
    )
    assert dict(found.tags) == {"team": "ours"}


@pytest.mark.parametrize(
    ("region", "wanted"),
    [
        ({"constant_value": "us-gov-west-1"}, "us-gov-west-1"),
        ({"references": ["var.region"]}, "eu-north-1"),
        ({"references": ["local.region"]}, None),
        ({"references": ["var.region", "var.other"]}, None),
        ({}, None),
    ],
)
def test_a_region_is_that_of_the_provider_as_far_as_the_plan_says(
    tmp_path: Path, region: dict[str, object], wanted: str | None
) -> None:
    providers = {"aws": {"name": "aws", "expressions": {"region": region}}}
    blocks = [block("aws_instance", "a"), block("aws_instance", "a", "aws.other") | {"mode": "data"}]
    document = plan(change("aws_instance", "a", instance()), providers=providers, blocks=blocks)
    (found,) = read(tmp_path, document | {"variables": {"region": {"value": "eu-north-1"}}})
    assert found.look("region") == wanted if wanted else isinstance(found.look("region"), Unknown)


def test_what_a_resource_says_of_its_place_comes_first(tmp_path: Path) -> None:
    for more in ({"region": "eu-north-1"}, {"availability_zone": "eu-north-1a"}):
        assert one(tmp_path, change("aws_instance", "a", instance(**more))).look("region") == "eu-north-1"
    arn = "arn:aws:ec2:eu-north-1:111122223333:instance/i-1"
    kept = one(tmp_path, change("aws_instance", "a", instance(arn=arn), actions=("update",), before={"arn": arn}))
    assert (kept.look("region"), kept.look("account")) == ("eu-north-1", "111122223333")


def test_a_module_without_a_provider_of_its_own_has_its_parents(tmp_path: Path) -> None:
    inner = {"module": {"resources": [block("aws_instance", "this", "a:aws")]}}
    found = one(
        tmp_path,
        change("aws_instance", "this", instance(), module='module.a["x.y"]', index=0),
        calls={"a": inner},
    )
    assert found.id == 'module.a["x.y"].aws_instance.this[0]'
    assert found.look("region") == "eu-west-1"


GROUP = {
    "desired_capacity": 3,
    "min_size": 1,
    "tag": [
        {"key": "team", "value": "vision", "propagate_at_launch": True},
        {"key": "project", "value": "churn", "propagate_at_launch": False},
        {"key": "dataset", "value": None, "propagate_at_launch": True},
    ],
}
TEMPLATE = {
    "instance_type": "g5.xlarge",
    "tags": {"owner": "of the template alone"},
    "tags_all": {"owner": "of the template alone"},
    "tag_specifications": [
        {"resource_type": "instance", "tags": {"workload-type": "training", "team": "of the template"}},
        {"resource_type": "volume", "tags": {"purpose": "scratch"}},
    ],
}
REFERENCE = {"references": ["aws_launch_template.t.id", "aws_launch_template.t"]}


def grouped(folder: Path, group: object = GROUP, unknown: object = None) -> Any:
    return one(
        folder,
        change("aws_autoscaling_group", "g", group, unknown or {"launch_template": [{"id": True}]}),
        change("aws_launch_template", "t", TEMPLATE),
        blocks=[
            block("aws_autoscaling_group", "g", launch_template=[{"id": REFERENCE}]),
            block("aws_launch_template", "t"),
        ],
    )


def test_of_a_group_only_the_tags_that_reach_its_machines_count(tmp_path: Path) -> None:
    tags = grouped(tmp_path).tags
    assert dict(tags) == {"team": "vision", "workload-type": "training"}


def test_a_group_runs_the_machines_of_its_launch_template(tmp_path: Path) -> None:
    found = grouped(tmp_path)
    assert (found.facts["instance_type"], found.facts["instances"]) == ("g5.xlarge", 3)
    assert found.look("accelerators.count") == 3


def test_whether_a_tag_reaches_the_machines_may_be_unknown(tmp_path: Path) -> None:
    marks = {"launch_template": [{"id": True}], "tag": [{}, {"propagate_at_launch": True}]}
    group = {**GROUP, "tag": [GROUP["tag"][0], {"key": "project", "value": "churn"}]}  # type: ignore[index]
    found = grouped(tmp_path, group, marks)
    assert found.tags.look("project") == Unknown(f"whether it reaches the machines: {KNOWN_AFTER}")
    assert found.tags.look("team") == "vision"


def test_how_many_machines_may_be_unknown(tmp_path: Path) -> None:
    marks = {"launch_template": [{"id": True}], "desired_capacity": True}
    group = {name: value for name, value in GROUP.items() if name != "desired_capacity"}
    found = grouped(tmp_path, group, marks)
    assert found.look("accelerators.count") == 1  # nobody says how many: the least of the group
    found = grouped(tmp_path, {**group, "min_size": None}, marks)
    assert found.look("accelerators.count") == Unknown(KNOWN_AFTER)


def test_a_template_out_of_the_plan_may_add_tags(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        change("aws_autoscaling_group", "g", GROUP, {"launch_template": [{"id": True}]}),
        blocks=[block("aws_autoscaling_group", "g", launch_template=[{"id": {"references": ["var.lt"]}}])],
    )
    assert found.tags.look("team") == "vision"
    why = "its launch_template is not in the plan (var.lt)"
    assert found.tags.look("workload-type") == Unknown(f"its launch template may add tags: {why}")
    assert found.look("accelerators.count") == Unknown(why)


def test_a_template_is_found_through_a_module(tmp_path: Path) -> None:
    template = {"outputs": {"id": {"expression": REFERENCE}}, "resources": [block("aws_launch_template", "t")]}
    group = {
        "resources": [block("aws_autoscaling_group", "g", launch_template=[{"id": {"references": ["var.template"]}}])]
    }
    calls = {
        "template": {"module": template},
        "group": {
            "module": group,
            "expressions": {"template": {"references": ["module.template.id", "module.template"]}},
        },
    }
    found = one(
        tmp_path,
        change("aws_autoscaling_group", "g", GROUP, {"launch_template": [{"id": True}]}, module="module.group"),
        change("aws_launch_template", "t", TEMPLATE, module="module.template"),
        calls=calls,
    )
    assert found.facts["instance_type"] == "g5.xlarge"


def test_the_own_instance_of_a_template_is_taken(tmp_path: Path) -> None:
    marks = {"launch_template": [{"id": True}]}
    found = read(
        tmp_path,
        plan(
            *(change("aws_autoscaling_group", "g", GROUP, marks, index=key) for key in ("a", "b", "c")),
            *(change("aws_launch_template", "t", {**TEMPLATE, "instance_type": kind}, index=key)
              for key, kind in (("a", "p5.48xlarge"), ("b", "t3.micro"))),
            blocks=[block("aws_autoscaling_group", "g", launch_template=[{"id": REFERENCE}]),
                    block("aws_launch_template", "t")],
        ),
    )  # fmt: skip
    assert [each.look("accelerators.count") for each in found[:2]] == [24, 0]
    assert found[2].look("accelerators.count") == Unknown(
        "which aws_launch_template.t it refers to, the plan does not say"
    )


@pytest.mark.parametrize(
    ("kinds", "count", "fast"),
    [
        (("g5.xlarge", "p5.48xlarge"), None, True),
        (("g5.xlarge", "m5.large"), None, None),
        (("m5.large", "c5.large"), 0, None),
        (("g5.xlarge", "g5.xlarge"), 3, True),
    ],
)
def test_a_group_may_take_one_of_several_machines(
    tmp_path: Path, kinds: tuple[str, str], count: int | None, *, fast: bool | None
) -> None:
    overrides = [{"instance_type": kind} for kind in kinds]
    policy = [{"launch_template": [{"launch_template_specification": [{}], "override": overrides}]}]
    specification = [{"launch_template_id": REFERENCE}]
    found = one(
        tmp_path,
        change("aws_autoscaling_group", "g", {**GROUP, "mixed_instances_policy": policy}),
        change("aws_launch_template", "t", TEMPLATE),
        blocks=[
            block("aws_autoscaling_group", "g", mixed_instances_policy=[
                {"launch_template": [{"launch_template_specification": specification}]}]),
            block("aws_launch_template", "t"),
        ],
    )  # fmt: skip
    why = f"its machines may be of several types: {', '.join(kinds)}"
    assert found.look("accelerators.count") == (Unknown(why) if count is None else count)
    assert found.facts.get("accelerator_family") is fast


def test_an_endpoint_runs_the_machines_of_its_configuration(tmp_path: Path) -> None:
    variants = [{"instance_type": "ml.g5.xlarge", "initial_instance_count": 2}, {
        "instance_type": "ml.g5.xlarge", "initial_instance_count": 1}]  # fmt: skip
    found = one(
        tmp_path,
        change("aws_sagemaker_endpoint", "e", {"endpoint_config_name": "c", "tags": TAGS, "tags_all": TAGS}),
        change("aws_sagemaker_endpoint_configuration", "c", {"production_variants": variants}),
        blocks=[
            block("aws_sagemaker_endpoint", "e", endpoint_config_name={
                "references": ["aws_sagemaker_endpoint_configuration.c.name"]}),
            block("aws_sagemaker_endpoint_configuration", "c"),
        ],
    )  # fmt: skip
    assert (found.kind, found.look("accelerators.count"), found.facts["instances"]) == ("endpoint", 3, 3)


def test_declared_volumes_are_things_of_their_own(tmp_path: Path) -> None:
    after = instance(
        volume_tags={"team": "vision"},
        root_block_device=[{"volume_size": 200, "volume_type": "gp3", "tags": {"dataset": "faces"}}],
        ebs_block_device=[{"volume_size": 1000, "volume_type": "gp3", "tags_all": {"project": "churn"}}],
    )
    _, root, data = read(tmp_path, plan(change("aws_instance", "a", after)))
    assert root.id == "aws_instance.a.root_block_device[0]"
    assert (root.kind, dict(root.tags), root.look("capacity.provisioned")) == (
        "volume", {"team": "vision", "dataset": "faces"}, 200,
    )  # fmt: skip
    assert dict(data.tags) == {"team": "vision", "project": "churn"}


def test_default_tags_reach_the_volumes_of_a_provider_that_gives_them_all_tags(tmp_path: Path) -> None:
    device = {"volume_size": 200, "tags": {"dataset": "faces"}}
    cases: tuple[tuple[dict[str, object], dict[str, bool], dict[str, str]], ...] = (
        ({}, {}, {"dataset": "faces"}),  # before 5.39
        ({"tags_all": {}}, {"tags_all": True}, {"dataset": "faces", "team": "nlp", "cost": "7", "shared": "true"}),
    )
    for more, marks, wanted in cases:
        after = instance(root_block_device=[device | more])
        late = {"root_block_device": [marks]}
        blocks = [block("aws_instance", "a", "aws.tagged")]
        _, root = read(tmp_path, plan(change("aws_instance", "a", after, late), blocks=blocks, providers=DEFAULTS))
        assert dict(root.tags) == wanted


@pytest.mark.parametrize(
    ("actions", "what"),
    [
        (("create",), "create"),
        (("update",), "update"),
        (("delete", "create"), "replace"),
        (("create", "delete"), "replace"),
        (("no-op",), "none"),
        (("delete",), "delete"),
    ],
)
def test_what_is_done_has_one_word(tmp_path: Path, actions: tuple[str, ...], what: str) -> None:
    before = None if what == "create" else instance(instance_type="g5.xlarge")
    after = None if what == "delete" else instance()
    found = one(tmp_path, change("aws_instance", "a", after, actions=actions, before=before))
    assert found.look("change") == what
    if what == "create":
        assert "before" not in found.facts
    else:
        was: Any = found.facts["before"]
        assert (was["instance_type"], was["instances"]) == ("g5.xlarge", 1)
    assert dict(found.tags) == TAGS


@pytest.mark.parametrize("actions", [("read",), ("forget",)])
def test_what_is_read_or_forgotten_is_nothing(tmp_path: Path, actions: tuple[str, ...]) -> None:
    assert not read(tmp_path, plan(change("aws_instance", "a", instance(), actions=actions)))
    assert not read(tmp_path, plan(change("aws_ami", "a", {}, mode="data")))


def test_count_of_nothing_is_no_resource(tmp_path: Path) -> None:
    blocks = [block("aws_instance", "none") | {"count_expression": {"references": ["var.enable"]}}]
    assert not read(tmp_path, plan(blocks=blocks))


def test_labels_of_google_are_those_that_take_effect(tmp_path: Path) -> None:
    after = {
        "machine_type": "a2-highgpu-1g", "zone": "europe-west4-a", "project": "ml-prod", "tags": ["http"],
        "labels": {"team": "vision"}, "terraform_labels": {"team": "vision", "env": "dev"},
        "effective_labels": {"team": "vision", "env": "dev", "goog-terraform-provisioned": "true"},
    }  # fmt: skip
    found = one(tmp_path, change("google_compute_instance", "g", after))
    assert (dict(found.tags)["env"], found.look("region"), found.look("account")) == ("dev", "europe-west4", "ml-prod")
    assert (found.look("accelerators.count"), found.text("type")) == (1, "compute.googleapis.com/Instance")
    del after["effective_labels"]
    found = one(tmp_path, change("google_compute_instance", "g", after, {"effective_labels": True}))
    assert dict(found.tags) == {"team": "vision", "env": "dev"}


def test_accelerators_that_are_attached_count(tmp_path: Path) -> None:
    after = {
        "machine_type": "n1-standard-8",
        "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 2}],
        "labels": {},
    }
    found = one(tmp_path, change("google_compute_instance", "g", after))
    assert found.look("accelerators.count") == 2


def test_accelerators_that_nobody_wrote_down_are_those_of_the_machine_type(tmp_path: Path) -> None:
    after, late = {"machine_type": "n1-standard-8", "labels": {}}, {"guest_accelerator": True}
    written = block("google_compute_instance", "g", machine_type={"constant_value": "n1-standard-8"})
    found = one(tmp_path, change("google_compute_instance", "g", after, late), blocks=[written])
    assert found.look("accelerators.count") == 0
    written["expressions"]["guest_accelerator"] = {"references": ["var.accelerators"]}
    found = one(tmp_path, change("google_compute_instance", "g", after, late), blocks=[written])
    assert found.look("accelerators.count") == Unknown(KNOWN_AFTER)


def test_azure_says_region_and_group(tmp_path: Path) -> None:
    after = {
        "size": "Standard_NC24ads_A100_v4", "location": "West Europe", "resource_group_name": "rg-ml",
        "tags": {"Team": "vision"}, "priority": "Spot",
    }  # fmt: skip
    found = one(tmp_path, change("azurerm_linux_virtual_machine", "v", after))
    assert (found.look("region"), found.look("resource_group"), found.look("purchase")) == (
        "westeurope",
        "rg-ml",
        "spot",
    )
    assert (found.look("accelerators.count"), found.tags.look("team")) == (1, "vision")
    late = one(tmp_path, change("azurerm_linux_virtual_machine", "v", {}, {"tags": {"team": True}, "size": True}))
    assert late.tags.look("team") == Unknown(KNOWN_AFTER)
    assert late.look("accelerators.count") == Unknown(KNOWN_AFTER)


@pytest.mark.parametrize(
    ("type_", "after", "wanted"),
    [
        ("aws_security_group_rule", {"from_port": 0}, False),
        ("google_compute_firewall", {"name": "f"}, False),
        ("random_id", {"byte_length": 8}, False),
        ("aws_some_new_thing", {"name": "x", "tags": None}, True),
        ("aws_another_thing", {"name": "x"}, False),
        ("google_new_thing", {"tags": ["network"]}, False),
        ("aws_security_group_rule", {"tags": {"team": "vision"}}, True),  # a newer provider than the table
    ],
)
def test_what_can_carry_tags_is_what_has_the_attribute(
    tmp_path: Path, type_: str, after: dict[str, object], *, wanted: bool
) -> None:
    assert one(tmp_path, change(type_, "x", after)).look("taggable") is wanted


def test_sensitive_values_are_never_shown(tmp_path: Path) -> None:
    secret = "hunter2"
    after = instance(tags={"team": secret}, tags_all={"team": secret}, instance_type=secret)
    marks = {"tags": {"team": True}, "tags_all": {"team": True}, "instance_type": True}
    found = one(tmp_path, change("aws_instance", "a", after, sensitive=marks))
    assert found.tags.look("team") == Unknown("sensitive in the plan, so never shown")
    assert secret not in repr(found) + repr(found.tags.raw)


HOSTILE = ['a"b', "::error::x", "two\nlines", "\u202eevil", "<script>", "|", "`", "\ud83d", "é" * 300]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_keys_and_values_are_only_text(tmp_path: Path, text: str) -> None:
    tags = {text: text, "team": text}
    found = one(tmp_path, change("aws_instance", "a", instance(tags=tags, tags_all=tags), index=text))
    (value,) = {found.tags.raw[key] for key in found.tags.raw}
    assert value.encode("utf-8").decode() == value  # what is written anywhere must be text
    if "\ud83d" not in text:
        assert value == text


def test_tags_in_other_scripts_stay_what_they_are(tmp_path: Path) -> None:
    tags = {"équipe": "Zürich", "チーム": "視覚"}
    document = plan(change("aws_instance", "a", instance(tags=tags, tags_all=tags)))
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"):
        data = json.dumps(document, ensure_ascii=False).encode(encoding)
        (found,) = read(tmp_path, data)
        assert found.tags.raw == tags
        assert terraform_plan.recognises(tmp_path / "plan.json", data[:4096]), encoding


def test_what_the_cli_printed_is_passed_by_and_said(tmp_path: Path) -> None:
    noise = "data.aws_ami.x: Reading... {\n" * 400
    data = (noise + json.dumps(plan(change("aws_instance", "a", instance()))) + "\nReleasing state lock.\n").encode()
    notes = Notes()
    (found,) = read(tmp_path, data, notes)
    assert found.id == "aws_instance.a"
    assert notes.remarks == ["plan.json: text before and after the JSON of the plan was passed by"]
    assert terraform_plan.recognises(tmp_path / "plan.json", data[:4096])


def test_a_plan_is_told_from_other_documents_by_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    document = plan(change("aws_instance", "a", instance()), blocks=[block("aws_instance", f"b{n}") for n in range(99)])
    for text in (
        json.dumps(document, sort_keys=True),
        json.dumps(document, indent=2),
        f"noise\n{json.dumps(document, indent=1)}",
    ):
        path.write_text(text)
        assert terraform_plan.recognises(path, text.encode()[:4096])
    for text in ("", "{}", "[]", '{"Resources": {}}', "apiVersion: v1", '---\nplan: {"format_version": 1}', "{", "\0"):
        path.write_text(text)
        assert not terraform_plan.recognises(path, text.encode())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{}", "not a plan"),
        (b'{"format_version": "1.0", "values": {}}', "a Terraform state, not a plan"),
        (b'{"version": 4, "terraform_version": "1.5", "resources": []}', "a Terraform state, not a plan"),
        (b'{"@level": "info", "terraform_version": "1"}', "the log of"),
        (
            b'{"format_version": "1.0", "planned_values": {"root_module": {"resources": [{}]}}}',
            "without resource_changes",
        ),
        (b'{"format_version": "1.0", "resource_changes": {}}', "resource_changes is not a list"),
        (b'{"format_version": "1.0", "resource_changes": [1]}', "resource_changes[0] is no object"),
        (b'{"format_version": "1.0", "resource_changes": [{"mode": "managed"}]}', "resource_changes[0] has no change"),
        (b'{"resource_changes": [{"change": {"actions": ["explode"]}}]}', "no change is called 'explode'"),
        (b'{"resource_changes": [{"change": {"actions": ["create"]}}]}', "has no address, type or name"),
        (b"PK\x03\x04tfplan", "a saved plan in Terraform's own format"),
        (b'{"format_version": "1.0", "resource_changes": [', ":1:"),
        (b'\xff{"format_version"', "neither UTF-8 nor UTF-16"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "its JSON is no object"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(InputError) as wrong:
        read(tmp_path, data)
    assert why in wrong.value.what
    assert str(tmp_path / "plan.json") in wrong.value.what
    assert "\n" not in wrong.value.what


def test_a_plan_that_ended_in_an_error_is_not_complete(tmp_path: Path) -> None:
    notes = Notes()
    read(tmp_path, plan() | {"errored": True}, notes)
    assert [gap.reason for gap in notes.gaps] == ["the plan ended in an error: what would come after that is not in it"]


def test_a_block_is_found_in_the_sources_beside_the_plan(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('# é\n\n  resource "aws_instance" "a" {\n}\n/*\n*/\nresource aws_instance b {}\n')
    inner = tmp_path / "modules" / "m"
    inner.mkdir(parents=True)
    (inner / "x.tf").write_text('\nresource "aws_instance" "c" {}\n')
    calls = {"m": {"source": "./modules/m", "module": {"resources": [block("aws_instance", "c")]}}}
    found = read(
        tmp_path,
        plan(
            change("aws_instance", "a", instance(), index=0),
            change("aws_instance", "b", instance()),
            change("aws_instance", "c", instance(), module="module.m[0]"),
            change("aws_instance", "gone", instance()),
            calls=calls,
        ),
    )
    assert [each.at for each in found] == [
        Location(str(tmp_path / "main.tf"), 3, 3),
        Location(str(tmp_path / "main.tf"), 7),
        Location(str(inner / "x.tf"), 2),
        Location(str(tmp_path / "plan.json"), 1),
    ]


def test_what_only_looks_like_a_block_is_none_and_json_has_some(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text(
        '/*\nresource "aws_instance" "a" {\n}\n*/\nlocals {\n  x = <<EOT\nresource "aws_instance" "a" {\nEOT\n}\n'
    )
    (tmp_path / "b.tf").write_text('resource "aws_instance" "a" {\n}\n')
    (tmp_path / "c.tf.json").write_text('{"resource": {"aws_instance": {\n  "j": {"ami": "x"}\n}}}')
    (tmp_path / "d.tf").write_text('resource "aws_instance" "d" {\n  x = <<EOT\n')  # not right: by its lines
    found = read(tmp_path, plan(*(change("aws_instance", name, instance()) for name in ("a", "j", "d"))))
    assert [(Path(each.at.file).name, each.at.line) for each in found if each.at is not None] == [
        ("b.tf", 1), ("c.tf.json", 2), ("d.tf", 1),
    ]  # fmt: skip


def test_a_module_that_init_fetched_is_where_init_says(tmp_path: Path) -> None:
    folder = tmp_path / ".terraform" / "modules" / "m"
    folder.mkdir(parents=True)
    (folder / "x.tf").write_text('resource "aws_instance" "c" {}\n')
    listed = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Source": "org/m/aws", "Dir": ".terraform/modules/m"}]}
    (folder.parent / "modules.json").write_text(json.dumps(listed))
    calls = {"m": {"source": "org/m/aws", "module": {}}}
    found = one(tmp_path, change("aws_instance", "c", instance(), module="module.m"), calls=calls)
    assert found.at == Location(str(folder / "x.tf"), 1)


@pytest.mark.parametrize("wrong", ["", "{", '{"Modules": 3}', '{"Modules": [{}]}'])
def test_a_broken_list_of_modules_is_no_list(tmp_path: Path, wrong: str) -> None:
    (tmp_path / ".terraform" / "modules").mkdir(parents=True)
    (tmp_path / ".terraform" / "modules" / "modules.json").write_text(wrong)
    assert one(tmp_path, change("aws_instance", "c", instance(), module="module.m")).at is not None


def test_what_stands_where_a_value_belongs_never_breaks_the_reading(tmp_path: Path) -> None:
    strange: list[object] = [None, True, 3, 1e400, "x", [], [[]], [None], {}, {"a": [{}]}, {"0": None}]
    for value in strange:
        names = ("tags", "tags_all", "tag", "instance_type", "launch_template", "root_block_device", "region", "arn")
        for after in (dict.fromkeys(names, value), value):
            for type_ in ("aws_instance", "aws_autoscaling_group", "aws_sagemaker_endpoint", "google_x", "azurerm_x"):
                document = plan(change(type_, "a", after, value, before=after, actions=("update",), sensitive=value))
                document["configuration"] = {"provider_config": value, "root_module": {"resources": [value]}}
                assert read(tmp_path, document)
                document["configuration"] = value
                assert read(tmp_path, document)


@pytest.mark.skipif(not REAL.is_dir(), reason="other people's plans are not here")
@pytest.mark.parametrize("path", sorted(REAL.glob("*")) if REAL.is_dir() else [], ids=lambda path: path.name[-40:])
def test_a_real_plan_is_read_whole(path: Path) -> None:
    document = json.loads(path.read_bytes())
    wanted = [
        each["address"]
        for each in document.get("resource_changes") or []
        if each["mode"] == "managed" and each["change"]["actions"] not in (["read"], ["forget"])
    ]
    found = list(collect(path, Reading(Notes())))
    assert [each.id for each in found if "_block_device[" not in each.id] == wanted
    assert all(each.at is not None and each.at.line >= 1 for each in found)
