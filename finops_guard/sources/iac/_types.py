"""What a type of a document is in its cloud, and where its attributes are: the table `data/iac_types.tsv`.

One row a type and language (terraform, cloudformation, arm, kubernetes), so that attributes are named as that language
names them. `tags region machine count size` are paths (`scaling_config.0.desired_size`), several with a space between
them are tried in turn, `groups.*.kind` is all of a list and `zones.#` its length; `scale` are the paths of the least
and the most machines where their number moves; `facts` are `fact=path` pairs that `data/priced_by.tsv` reads; `via` are
paths that refer to the resource that has the machines (a launch template); `cost` is `free` for what no provider
charges for. A type without `tags` can carry none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeAlias

from finops_guard.costs import tables

Language: TypeAlias = Literal["terraform", "cloudformation", "arm", "kubernetes"]
Path: TypeAlias = tuple[str | int, ...]

MACHINES = ("instance_type", "machine_type", "vm_size", "node_type", "instance_class")
"""What providers call the attribute with a machine type."""
_GRANTS = ("_iam_member", "_iam_binding", "_iam_policy")
_CLOUDS = (
    ("aws", ("aws_", "awscc_", "AWS::", "Alexa::")),
    ("azure", ("azurerm_", "azapi_", "azuread_", "Microsoft.")),
    ("gcp", ("google_",)),
)


@dataclass(frozen=True, slots=True)
class IacType:
    """One row of the table, its paths split."""

    name: str
    type: str
    kind: str
    tags: Path | None
    region: tuple[Path, ...] = ()
    machine: tuple[Path, ...] = ()
    count: tuple[Path, ...] = ()
    size: tuple[Path, ...] = ()
    facts: Mapping[str, Path] = field(default_factory=dict)
    via: tuple[Path, ...] = ()
    free: bool = False
    scale: tuple[Path, ...] = ()


def iac_type(language: Language, name: str) -> IacType | None:
    """What a type is; None for one that the table does not have. ARM types are found in any case.

    Of Terraform's, the rest of the providers' types are known by whether and where they carry tags alone: the schema of
    the AWS provider 6.25 and the reference of azurerm and google of August 2026, in `data/terraform_tags.tsv`.
    """
    row = _table().get((language, name.casefold() if language == "arm" else name))
    return _tagged(name) if row is None and language == "terraform" else row


def cloud_of(name: str) -> str | None:
    """The cloud of a type by its prefix; None for what is of none of the three."""
    for cloud, prefixes in _CLOUDS:
        if name.startswith(prefixes):
            return cloud
    return "gcp" if ".googleapis.com/" in name else None


def path_of(text: str) -> Path:
    """`a.0.b` as its steps."""
    return tuple(int(step) if step.isdecimal() else step for step in text.split("."))


@cache
def _tagged(name: str) -> IacType | None:
    """A type of which only its tags are known; it runs machines if one of its attributes is called like one."""
    tags = _tags().get(name)
    if tags is None:
        return None
    return IacType(
        name=name,
        type=name,
        kind="other",
        tags=path_of(tags) if tags else None,
        machine=tuple((attribute,) for attribute in MACHINES),
        free=name.startswith("google_") and name.endswith(_GRANTS),
    )


@cache
def _tags() -> Mapping[str, str]:
    return {row["type"]: row["tags"] for row in tables.rows("terraform_tags")}


@cache
def _table() -> Mapping[tuple[str, str], IacType]:
    found = {}
    for row in tables.rows("iac_types"):
        key = row["name"].casefold() if row["language"] == "arm" else row["name"]
        pairs = (pair.partition("=") for pair in row["facts"].split())
        found[row["language"], key] = IacType(
            name=row["name"],
            type=row["type"],
            kind=row["kind"],
            tags=path_of(row["tags"]) if row["tags"] else None,
            region=_paths(row["region"]),
            machine=_paths(row["machine"]),
            count=_paths(row["count"]),
            size=_paths(row["size"]),
            facts={fact: path_of(path) for fact, _, path in pairs},
            via=_paths(row["via"]),
            free=row["cost"] == "free",
            scale=_paths(row["scale"]),
        )
    return found


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(map(path_of, text.split()))
