"""Terraform plans by hand, and what is read of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finops_guard.model import Notes, Resource
from finops_guard.sources.iac import Reading, terraform_plan

AWS = {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}}
KNOWN_AFTER = "known after apply"


def change(  # what a plan says of one resource
    type_: str,
    name: str,
    after: object = None,
    unknown: object = None,
    *,
    actions: tuple[str, ...] = ("create",),
    before: object = None,
    module: str = "",
    index: object = None,
    mode: str = "managed",
    sensitive: object = False,
) -> dict[str, Any]:
    own = f"{type_}.{name}" + ("" if index is None else f"[{json.dumps(index)}]")
    made: dict[str, Any] = {
        "address": f"{module}.{own}" if module else own,
        "mode": mode,
        "type": type_,
        "name": name,
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "after_sensitive": sensitive,
        },
    }
    if module:
        made["module_address"] = module
    if index is not None:
        made["index"] = index
    return made


def block(type_: str, name: str, provider: str = "aws", **expressions: object) -> dict[str, Any]:
    return {
        "address": f"{type_}.{name}", "mode": "managed", "type": type_, "name": name, "provider_config_key": provider,
        "expressions": expressions,
    }  # fmt: skip


def plan(
    *changes: dict[str, Any], providers: object = None, blocks: object = (), calls: object = None
) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "configuration": {
            "provider_config": AWS if providers is None else providers,
            "root_module": {"resources": list(blocks), "module_calls": calls or {}},  # type: ignore[call-overload]
        },
    }


def read(folder: Path, document: object, notes: Notes | None = None) -> list[Resource]:
    """The resources of a plan, as bytes or as what is to be written as JSON."""
    path = folder / "plan.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return list(terraform_plan.collect(path, Reading(notes or Notes())))


def one(folder: Path, *changes: dict[str, Any], **more: Any) -> Resource:
    """The first resource of a plan."""
    return read(folder, plan(*changes, **more))[0]
