"""Terraform plans of any size from a seed, with the verdict that each resource deserves.

About 40 % of the resources lack a tag. The shapes are those of `terraform show -json` of 1.11 (format 1.2): own tags,
modules, for_each and count, provider default tags through aliases, values and whole maps known only after apply, what
stays as it is, and what can carry no tags.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

KEYS = ("project", "team", "workload-type")
VALUES = {"project": ["churn", "support-bot"], "team": ["vision", "nlp"], "workload-type": ["training", "inference"]}
_MACHINES = ("p5.48xlarge", "g5.xlarge", "p4d.24xlarge", "g6.12xlarge")
_FAULTS = 0.4
_COMPUTED = (
    "arn",
    "availability_zone",
    "cpu_core_count",
    "host_id",
    "id",
    "instance_state",
    "private_dns",
    "private_ip",
)


@dataclass
class Estate:
    """A plan and what is to be found in it: address -> fail, pass or unknown; what is not there is not judged."""

    plan: dict[str, Any]
    verdicts: dict[str, str] = field(default_factory=dict)

    def text(self) -> bytes:
        """The plan as a file."""
        return json.dumps(self.plan, separators=(",", ":")).encode()


def estate(count: int, seed: int = 1) -> Estate:
    """A plan of `count` resources."""
    chance = random.Random(seed)
    found = Estate(_plan())
    for number in range(count):
        _SHAPES[number % len(_SHAPES)](found, number, chance)
    return found


def _plan() -> dict[str, Any]:
    tags = {"tags": {"constant_value": {"project": "churn", "team": "vision"}}}
    region = {"region": {"constant_value": "us-east-1"}}
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": [], "child_modules": []}},
        "resource_changes": [],
        "configuration": {
            "provider_config": {
                "aws": {"name": "aws", "expressions": region},
                "aws.tagged": {"name": "aws", "alias": "tagged", "expressions": {**region, "default_tags": [tags]}},
            },
            "root_module": {"resources": [], "module_calls": {}},
        },
    }


def _tags(chance: random.Random) -> tuple[dict[str, str], bool]:
    """Tags, and whether they are as they should be."""
    tags = {key: chance.choice(VALUES[key]) for key in KEYS}
    if chance.random() >= _FAULTS:
        return tags, True
    key = chance.choice(KEYS)
    if key == "workload-type" and chance.random() < 0.5:  # noqa: PLR2004 - half of them
        tags[key] = "trainning"
    else:
        del tags[key]
    return tags, False


def _add(found: Estate, change: dict[str, Any], verdict: str | None, provider: str = "aws") -> None:
    root = found.plan["configuration"]["root_module"]
    module = str(change.get("module_address") or "")
    if module:
        called = root["module_calls"].setdefault(module.split(".")[1].partition("[")[0], {"module": {"resources": []}})
        root = called["module"]
    block = {
        "address": f"{change['type']}.{change['name']}",
        "mode": "managed",
        "type": change["type"],
        "name": change["name"],
        "provider_config_key": provider,
        "expressions": {"instance_type": {"constant_value": "p5.48xlarge"}},
    }
    if not root["resources"] or root["resources"][-1]["address"] != block["address"]:
        root["resources"].append(block)
    found.plan["resource_changes"].append(change)
    _planned(found.plan["planned_values"]["root_module"], module)["resources"].append(_value(change))
    if verdict is not None:
        found.verdicts[change["address"]] = verdict


def _planned(root: dict[str, Any], module: str) -> dict[str, Any]:
    """The module of the planned values, which say the same again; other tools read those."""
    if not module:
        return root
    children: list[dict[str, Any]] = root["child_modules"]
    if not children or children[-1]["address"] != module:
        children.append({"address": module, "resources": []})
    return children[-1]


def _value(change: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = change["change"]["after"]
    kept = {key: each for key, each in change.items() if key not in {"change", "module_address"}}
    sensitive: dict[str, Any] = {key: {} for key in ("tags", "tags_all") if values.get(key)}
    return {**kept, "schema_version": 1, "values": values, "sensitive_values": sensitive}


def _change(
    address: str,
    type_: str,
    name: str,
    after: dict[str, Any],
    unknown: dict[str, Any],
    actions: tuple[str, ...] = ("create",),
) -> dict[str, Any]:
    before = None if actions == ("create",) else after
    told = dict.fromkeys(_COMPUTED, True) | unknown
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": list(actions), "before": before, "after": after, "after_unknown": told,
            "before_sensitive": False, "after_sensitive": {"tags": {}, "tags_all": {}},
        },
    }  # fmt: skip


def _instance(tags: object, tags_all: object, chance: random.Random) -> dict[str, Any]:
    return {
        "ami": "ami-0abc", "credit_specification": [], "ebs_optimized": None, "get_password_data": False,
        "hibernation": None, "instance_market_options": [], "instance_type": chance.choice(_MACHINES),
        "launch_template": [], "monitoring": None, "source_dest_check": True, "tags": tags, "tags_all": tags_all,
        "timeouts": None, "user_data_replace_on_change": False, "volume_tags": None,
    }  # fmt: skip


def _verdict(*, good: bool) -> str:
    return "pass" if good else "fail"


def _literal(found: Estate, number: int, chance: random.Random) -> None:
    tags, good = _tags(chance)
    name = f"machine_{number}"
    change = _change(f"aws_instance.{name}", "aws_instance", name, _instance(tags, tags, chance), {})
    _add(found, change, _verdict(good=good))


def _notebook(found: Estate, number: int, chance: random.Random) -> None:
    tags, good = _tags(chance)
    name = f"notebook_{number}"
    after = {"instance_type": "ml.g5.xlarge", "name": name, "tags": tags, "tags_all": tags, "volume_size": 5}
    address = f"aws_sagemaker_notebook_instance.{name}"
    _add(found, _change(address, "aws_sagemaker_notebook_instance", name, after, {}), _verdict(good=good))


def _module(found: Estate, number: int, chance: random.Random) -> None:
    tags, good = _tags(chance)
    module = f'module.m{number // 50}["{number}"]'
    change = _change(f"{module}.aws_instance.this[0]", "aws_instance", "this", _instance(tags, tags, chance), {})
    _add(found, change | {"module_address": module, "index": 0}, _verdict(good=good))


def _alias(found: Estate, number: int, chance: random.Random) -> None:
    """Default tags reach it through an alias; the whole of `tags_all` is known after apply, as of AWS 4 and before."""
    good = chance.random() >= _FAULTS
    own = {"workload-type": "training"} if good else None
    name = f"aliased_{number}"
    after = _instance(own, None, chance)
    del after["tags_all"]
    change = _change(f"aws_instance.{name}", "aws_instance", name, after, {"tags_all": True})
    _add(found, change, _verdict(good=good), "aws.tagged")


def _bare_alias(found: Estate, number: int, chance: random.Random) -> None:
    """The same without an alias: no default tags."""
    name = f"bare_{number}"
    tags = {"workload-type": "training"}
    _add(found, _change(f"aws_instance.{name}", "aws_instance", name, _instance(tags, tags, chance), {}), "fail")


def _unknown_value(found: Estate, number: int, chance: random.Random) -> None:
    tags, _ = _tags(chance)
    known = {key: value for key, value in tags.items() if key != "team"} | {
        "project": "churn",
        "workload-type": "training",
    }
    name = f"late_{number}"
    marks = {"tags": {"team": True}, "tags_all": {"team": True}}
    change = _change(f"aws_instance.{name}", "aws_instance", name, _instance(known, known, chance), marks)
    _add(found, change, "unknown")


def _unknown_map(found: Estate, number: int, chance: random.Random) -> None:
    name = f"later_{number}"
    after = _instance(None, None, chance)
    del after["tags"], after["tags_all"]
    marks = {"tags": True, "tags_all": True}
    _add(found, _change(f"aws_instance.{name}", "aws_instance", name, after, marks), "unknown")


def _kept(found: Estate, number: int, chance: random.Random) -> None:
    name = f"kept_{number}"
    change = _change(f"aws_instance.{name}", "aws_instance", name, _instance(None, {}, chance), {}, ("no-op",))
    change["change"]["after_unknown"] = {}
    _add(found, change, None)


def _untaggable(found: Estate, number: int, chance: random.Random) -> None:
    del chance
    name = f"rule_{number}"
    after = {"cidr_blocks": ["10.0.0.0/8"], "from_port": 0, "to_port": 0, "type": "ingress", "protocol": "-1"}
    _add(found, _change(f"aws_security_group_rule.{name}", "aws_security_group_rule", name, after, {}), None)


_SHAPES = (
    _literal, _module, _notebook, _alias, _literal, _unknown_value, _module, _bare_alias, _kept, _untaggable,
    _literal, _module, _notebook, _unknown_map, _literal,
)  # fmt: skip
