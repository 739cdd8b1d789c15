"""A generated estate of Terraform sources, and what is true of each of its resources.

Its classes are those that tools differ in: literal tags, locals with merge, for_each, count, count = 0 (must not
appear), modules, modules with for_each, modules with another provider, aliases with and without default tags, an
unknown variable in merge, an unknown value under a known key, volumes, what cannot be tagged.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

REQUIRED = ("project", "team", "workload-type")
DEFAULTS = {"project": "platform", "team": "core"}
"""What the aliased provider gives: whose it is, and not what it does, as companies write it."""
_HEAD = """terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.40" }
  }
}
provider "aws" {
  region = "eu-west-1"
}
provider "aws" {
  alias  = "tagged"
  region = "us-east-1"
  default_tags {
    tags = { project = "platform", team = "core" }
  }
}
provider "google" {
  region         = "europe-west4"
  default_labels = { team = "core" }
}
variable "never_set" {}
variable "enabled" {
  default = false
}
data "aws_caller_identity" "me" {}
locals {
  common = { project = "nlp", team = "nlp" }
}
"""
_MODULE = """variable "tags" {
  type    = map(string)
  default = {}
}
variable "name" {}
resource "aws_sagemaker_notebook_instance" "this" {
  name          = var.name
  instance_type = "ml.g5.xlarge"
  tags          = merge({ Name = var.name }, var.tags)
}
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a resource: where it is, its region, and each required key as known, absent or unknown."""

    file: str
    line: int
    region: str
    tags: dict[str, str | None]
    unknown: frozenset[str] = frozenset()


@dataclass(slots=True)
class Estate:
    """Files by name as lists of lines, and what is true by address."""

    seed: int
    files: dict[str, list[str]] = field(default_factory=dict)
    truth: dict[str, Truth] = field(default_factory=dict)

    def add(self, file: str, text: str) -> int:
        """A text at the end of a file; the line at which it begins."""
        lines = self.files.setdefault(file, [])
        lines += text.splitlines()
        return len(lines) - text.count("\n") + 1 if text.endswith("\n") else len(lines)


def made(folder: Path, count: int, seed: int = 0) -> Estate:
    """An estate of about `count` resources, written to a folder."""
    estate = Estate(seed)
    pick = random.Random(seed)
    estate.add("main.tf", _HEAD)
    estate.add("modules/notebook/main.tf", _MODULE)
    makers = (_literal, _merged, _each, _counted, _ghost, _module, _modules, _elsewhere, _alias, _open, _hidden, _label)
    number = 0
    while len(estate.truth) < count:
        pick.choice(makers)(estate, pick, number, f"part{number // 400}.tf")
        number += 1
    for name, lines in estate.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", "utf-8")
    return estate


def _faulty(pick: random.Random) -> dict[str, str]:
    """Tags of which a required key is missing in four of ten."""
    tags = {"project": "churn", "team": "vision", "workload-type": pick.choice(("training", "inference"))}
    if pick.random() < 0.4:
        del tags[pick.choice(REQUIRED)]
    return tags


def _written(tags: dict[str, str]) -> str:
    return "{ " + ", ".join(f'"{key}" = "{value}"' for key, value in tags.items()) + " }"


def _true(
    file: str, line: int, tags: dict[str, str], region: str = "eu-west-1", unknown: tuple[str, ...] = ()
) -> Truth:
    return Truth(file, line, region, {key: tags.get(key) for key in REQUIRED}, frozenset(unknown))


def _literal(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = _faulty(pick)
    line = estate.add(
        file,
        f'resource "aws_instance" "lit{number}" {{\n  instance_type = "g5.xlarge"\n  tags = {_written(tags)}\n}}\n',
    )
    estate.truth[f"aws_instance.lit{number}"] = _true(file, line, tags)


def _merged(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = {key: value for key, value in _faulty(pick).items() if key == "workload-type"}
    line = estate.add(
        file, f'resource "aws_s3_bucket" "mer{number}" {{\n  tags = merge(local.common, {_written(tags)})\n}}\n'
    )
    estate.truth[f"aws_s3_bucket.mer{number}"] = _true(file, line, {"project": "nlp", "team": "nlp", **tags})


def _each(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    rows = {key: _faulty(pick) for key in ("a", "b")}
    text = f'resource "aws_s3_bucket" "each{number}" {{\n  for_each = {{\n'
    text += "".join(f"    {key} = {_written(tags)}\n" for key, tags in rows.items())
    line = estate.add(file, text + "  }\n  tags = each.value\n}\n")
    for key, tags in rows.items():
        estate.truth[f'aws_s3_bucket.each{number}["{key}"]'] = _true(file, line, tags)


def _counted(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = _faulty(pick)
    line = estate.add(
        file, f'resource "aws_ebs_volume" "cnt{number}" {{\n  count = 2\n  size = 10\n  tags = {_written(tags)}\n}}\n'
    )
    for index in range(2):
        estate.truth[f"aws_ebs_volume.cnt{number}[{index}]"] = _true(file, line, tags)


def _ghost(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    del pick
    estate.add(file, f'resource "aws_instance" "no{number}" {{\n  count = var.enabled ? 1 : 0\n}}\n')


def _module(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = _faulty(pick)
    estate.add(
        file,
        f'module "one{number}" {{\n  source = "./modules/notebook"\n  name = "n"\n  tags = {_written(tags)}\n}}\n',
    )
    address = f"module.one{number}.aws_sagemaker_notebook_instance.this"
    estate.truth[address] = _true("modules/notebook/main.tf", 6, tags)


def _modules(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = _faulty(pick)
    estate.add(
        file,
        f'module "many{number}" {{\n  source = "./modules/notebook"\n  for_each = toset(["x", "y"])\n'
        f"  name = each.key\n  tags = merge({_written(tags)}, {{ k = each.key }})\n}}\n",
    )
    for key in "xy":
        address = f'module.many{number}["{key}"].aws_sagemaker_notebook_instance.this'
        estate.truth[address] = _true("modules/notebook/main.tf", 6, tags)


def _elsewhere(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    own = {key: value for key, value in _faulty(pick).items() if key == "workload-type"}
    estate.add(
        file,
        f'module "there{number}" {{\n  source = "./modules/notebook"\n  name = "n"\n'
        f"  tags = {_written(own)}\n  providers = {{ aws = aws.tagged }}\n}}\n",
    )
    address = f"module.there{number}.aws_sagemaker_notebook_instance.this"
    estate.truth[address] = _true("modules/notebook/main.tf", 6, DEFAULTS | own, "us-east-1")


def _alias(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = _faulty(pick)
    line = estate.add(
        file, f'resource "aws_s3_bucket" "ali{number}" {{\n  provider = aws.tagged\n  tags = {_written(tags)}\n}}\n'
    )
    estate.truth[f"aws_s3_bucket.ali{number}"] = _true(file, line, DEFAULTS | tags, "us-east-1")


def _open(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    del pick
    line = estate.add(
        file,
        f'resource "aws_s3_bucket" "open{number}" {{\n'
        '  tags = merge(var.never_set, { project = "p", team = "t" })\n}\n',
    )
    truth = _true(file, line, {"project": "p", "team": "t"}, unknown=("workload-type",))
    estate.truth[f"aws_s3_bucket.open{number}"] = truth


def _hidden(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = {key: value for key, value in _faulty(pick).items() if key != "team"}
    line = estate.add(
        file,
        f'resource "aws_s3_bucket" "hid{number}" {{\n'
        f"  tags = merge({_written(tags)}, {{ team = data.aws_caller_identity.me.account_id }})\n}}\n",
    )
    estate.truth[f"aws_s3_bucket.hid{number}"] = _true(file, line, tags, unknown=("team",))


def _label(estate: Estate, pick: random.Random, number: int, file: str) -> None:
    tags = _faulty(pick)
    line = estate.add(
        file,
        f'resource "google_storage_bucket" "lab{number}" {{\n  location = "EUROPE-WEST1"\n'
        f"  labels = {_written(tags)}\n}}\n",
    )
    truth = _true(file, line, {"team": "core", **tags}, "europe-west1")
    estate.truth[f"google_storage_bucket.lab{number}"] = truth
