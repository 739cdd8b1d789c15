"""Folders of Terraform sources: each test writes a few files and looks at the resources."""

import json
import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Notes, Resource, Unknown
from finops_guard.sources import iac
from finops_guard.sources.iac._given import Given, Taken
from finops_guard.sources.iac._hcl import syntax

PROVIDERS = """
    provider "aws" {
      region = "eu-west-1"
      default_tags {
        tags = { owner = "root" }
      }
    }
    provider "aws" {
      alias  = "x"
      region = "us-east-1"
      default_tags {
        tags = { owner = "x" }
      }
    }
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")


def read(folder: Path, environ: dict[str, str] | None = None) -> tuple[dict[str, Resource], Notes]:
    notes = Notes()
    found = list(iac.collect(folder, iac.Reading(notes, environ=environ or {})))
    assert len({each.id for each in found}) == len(found)
    return {each.id: each for each in found}, notes


def one(folder: Path, text: str, environ: dict[str, str] | None = None) -> Resource:
    """The only resource of one file."""
    write(folder, {"main.tf": text})
    found, notes = read(folder, environ)
    assert not notes.gaps
    (resource,) = found.values()
    return resource


def tags(folder: Path, expression: str, more: str = "") -> Resource:
    """A resource with these tags."""
    return one(folder, f'{dedent(more)}\nresource "aws_s3_bucket" "b" {{\n  tags = {expression}\n}}\n')


def test_a_hundred_module_calls_are_a_hundred_resources(tmp_path: Path) -> None:
    calls = "".join(f'module "m{n}" {{\n  source = "./m"\n}}\n' for n in range(100))
    write(tmp_path, {"main.tf": calls, "m/main.tf": 'resource "aws_s3_bucket" "b" {}\n'})
    found, _ = read(tmp_path)
    assert len(found) == 100


def test_a_nested_map_with_merge_through_a_for_each_module(tmp_path: Path) -> None:
    """checkov#7680."""
    write(
        tmp_path,
        {
            "main.tf": """
                locals {
                  common = { team = "t" }
                  all    = { a = { name = "a", tags = merge(local.common, { project = "p" }) } }
                }
                module "m" {
                  source   = "./m"
                  for_each = local.all
                  config   = each.value
                }
            """,
            "m/main.tf": """
                variable "config" {
                  type = object({ name = string, tags = map(string) })
                }
                resource "aws_s3_bucket" "b" {
                  tags = merge(var.config.tags, { Name = var.config.name })
                }
            """,
        },
    )
    found, _ = read(tmp_path)
    assert found['module.m["a"].aws_s3_bucket.b'].tags.raw == {"team": "t", "project": "p", "Name": "a"}


@pytest.mark.parametrize("value", ["false", "0", '""', "null"])
def test_a_default_that_is_nothing_is_a_default(tmp_path: Path, value: str) -> None:
    declared = f'variable "v" {{\n  default = {value}\n}}'
    assert tags(tmp_path, f'{{ k = "${{var.v == {value}}}" }}', declared).tags.raw == {"k": "true"}


def test_a_count_of_nothing_is_no_resource(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": """
                variable "enabled" {
                  default = false
                }
                resource "aws_s3_bucket" "b" {
                  count = var.enabled ? 1 : 0
                }
                module "m" {
                  source = "./m"
                  count  = 0
                }
            """,
            "m/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
        },
    )
    assert read(tmp_path)[0] == {}


def test_a_count_that_cannot_be_told_is_one_resource_of_which_nothing_is_known(tmp_path: Path) -> None:
    text = """
        variable "n" {}
        resource "aws_instance" "b" {
          count         = var.n
          instance_type = "p5.48xlarge"
          tags          = { team = "t" }
        }
    """
    found = one(tmp_path, text)
    assert found.id == "aws_instance.b"
    assert found.tags.look("team") == Unknown("whether it is there cannot be told: variable n has no value")
    assert isinstance(found.facts["instances"], Unknown)


def test_an_open_map_for_each_gives_its_keys_and_one_for_the_rest(tmp_path: Path) -> None:
    text = """
        variable "n" {}
        resource "aws_s3_bucket" "b" {
          for_each = merge(var.n, { a = "1" })
          tags     = { v = each.value }
        }
    """
    write(tmp_path, {"main.tf": text})
    found, _ = read(tmp_path)
    assert found['aws_s3_bucket.b["a"]'].tags.raw == {"v": "1"}
    assert found["aws_s3_bucket.b"].tags.open_because is not None


def test_keys_of_instances_are_written_as_terraform_writes_them(tmp_path: Path) -> None:
    keys = '"a\\"b", "$${c}", "d\\\\e", "f\\u00a0g", "h\\ni", "é"'
    write(tmp_path, {"main.tf": f'resource "aws_s3_bucket" "b" {{\n  for_each = toset([{keys}])\n}}\n'})
    written = {each.removeprefix("aws_s3_bucket.b") for each in read(tmp_path)[0]}
    assert written == {'["a\\"b"]', '["$${c}"]', '["d\\\\e"]', '["f\\u00a0g"]', '["h\\ni"]', '["é"]'}


def test_the_later_map_of_a_merge_may_change_what_came_before(tmp_path: Path) -> None:
    late = tags(tmp_path, 'merge({ team = "t" }, var.never)', 'variable "never" {}')
    assert late.tags.look("team") == Unknown("variable never has no value")
    assert late.tags.look("project") == Unknown("variable never has no value")
    early = tags(tmp_path, 'merge(var.never, { team = "t" })', 'variable "never" {}')
    assert early.tags.look("team") == "t"
    assert early.tags.look("project") == Unknown("variable never has no value")


def test_a_known_key_with_an_unknown_value_is_there(tmp_path: Path) -> None:
    found = tags(tmp_path, '{ team = data.aws_caller_identity.me.id, project = "p" }')
    assert found.tags.unknown == {"team": "data.aws_caller_identity.me is read by the provider when it plans"}
    assert found.tags.look("project") == "p"
    assert found.tags.look("stage") is None


def test_a_number_beside_what_cannot_be_told_is_the_same_text_whatever_that_is(tmp_path: Path) -> None:
    """Terraform makes all of a map strings if one of them is."""
    variable = 'variable "never" {}'
    assert tags(tmp_path, "tomap({ n = 22, other = var.never })", variable).tags.look("n") == "22"
    assert tags(tmp_path, "{ n = true ? 22 : var.never }", variable).tags.look("n") == "22"


def test_any_within_a_type_is_one_type_in_all_elements(tmp_path: Path) -> None:
    variable = """
        variable "v" {
          type    = list(object({ a = any, b = optional(any, 1) }))
          default = [{ a = 1e3 }, { a = "007", b = true }]
        }
    """
    write(tmp_path, {"main.tf": variable + 'resource "aws_s3_bucket" "b" {\n  tags = { v = jsonencode(var.v) }\n}\n'})
    (found,) = read(tmp_path)[0].values()
    unlike = "variable v: its elements have no type in common"
    assert found.tags.unknown == {"v": unlike}
    write(tmp_path, {"main.tf": (tmp_path / "main.tf").read_text().replace(", b = true", "")})
    (found,) = read(tmp_path)[0].values()
    assert found.tags.raw == {"v": '[{"a":"1000","b":1},{"a":"007","b":1}]'}


def test_what_refers_to_itself_is_unknown(tmp_path: Path) -> None:
    found = tags(tmp_path, "{ a = local.a }", "locals {\n  a = local.b\n  b = local.a\n}")
    assert "refers to itself" in found.tags.unknown["a"]


def test_known_arguments_of_other_resources_are_known(tmp_path: Path) -> None:
    text = """
        resource "terraform_data" "t" {
          for_each = toset(["a"])
          input    = { team = "nlp" }
        }
        resource "aws_s3_bucket" "b" {
          tags = { team = terraform_data.t["a"].input.team, id = terraform_data.t["a"].id }
        }
    """
    write(tmp_path, {"main.tf": text})
    found = read(tmp_path)[0]["aws_s3_bucket.b"]
    assert found.tags.raw == {"team": "nlp"}
    assert found.tags.unknown == {"id": 'terraform_data.t["a"].id is known after apply'}


MODULE = """
    resource "aws_s3_bucket" "plain" {}
    module "below" {
      source = "../below"
    }
"""
BELOW = 'resource "aws_s3_bucket" "plain" {}\n'


@pytest.mark.parametrize(
    ("call", "module", "own", "below"),
    [
        ("", MODULE, "root", "root"),
        ("providers = { aws = aws.x }", MODULE, "x", "x"),
        (
            "providers = { aws.y = aws.x }",
            "terraform {\n  required_providers {\n    aws = { configuration_aliases = [aws.y] }\n  }\n}\n"
            + dedent(MODULE),
            "root",
            "root",
        ),
        (
            "providers = { aws.y = aws.x }",
            dedent(MODULE).replace('"plain" {}', '"plain" {\n  provider = aws.y\n}'),
            "x",
            "root",
        ),
        (
            "",
            'provider "aws" {\n  default_tags {\n    tags = { owner = "own" }\n  }\n}\n' + dedent(MODULE),
            "own",
            "own",
        ),
        (
            "",
            'provider "aws" {\n  alias = "z"\n  default_tags {\n    tags = { owner = "z" }\n  }\n}\n'
            + dedent(MODULE).replace('"plain" {}', '"plain" {\n  provider = aws.z\n}'),
            "z",
            "root",
        ),
    ],
    ids=["inherited", "mapped", "alias mapped", "alias used", "own block", "own block with an alias only"],
)
def test_which_provider_writes_its_default_tags(tmp_path: Path, call: str, module: str, own: str, below: str) -> None:
    main = dedent(PROVIDERS) + f'module "m" {{\n  source = "./m"\n  {call}\n}}\n'
    main += 'resource "aws_s3_bucket" "plain" {}\nresource "aws_s3_bucket" "alias" {\n  provider = aws.x\n}\n'
    write(tmp_path, {"main.tf": main, "m/main.tf": module, "below/main.tf": BELOW})
    found, _ = read(tmp_path)
    owners = {address: each.tags.raw["owner"] for address, each in found.items()}
    assert owners == {
        "aws_s3_bucket.plain": "root",
        "aws_s3_bucket.alias": "x",
        "module.m.aws_s3_bucket.plain": own,
        "module.m.module.below.aws_s3_bucket.plain": below,
    }
    assert found["aws_s3_bucket.alias"].fields["region"] == "us-east-1"


def test_an_alias_that_a_module_is_not_handed_is_not_inherited(tmp_path: Path) -> None:
    module = 'resource "aws_s3_bucket" "b" {\n  provider = aws.x\n}\n'
    main = dedent(PROVIDERS) + 'module "m" {\n  source = "./m"\n}\n'
    write(tmp_path, {"main.tf": main, "m/main.tf": module})
    found = read(tmp_path)[0]["module.m.aws_s3_bucket.b"]
    assert found.tags.open_because == "no configuration aws.x is handed to module.m"
    assert found.unknown["region"] == "no configuration aws.x is handed to module.m"


def test_a_tag_of_the_resource_wins_over_a_default_and_numbers_are_text(tmp_path: Path) -> None:
    provider = 'provider "aws" {\n  default_tags {\n    tags = { a = 1, b = true, c = "default" }\n  }\n}'
    assert tags(tmp_path, '{ c = "own" }', provider).tags.raw == {"a": "1", "b": "true", "c": "own"}


@pytest.mark.parametrize(
    ("version", "written"), [("~> 3.37.0", False), ("~> 3.38", True), ("< 3.38", False), (">= 3", True)]
)
def test_default_tags_need_a_provider_that_has_them(
    tmp_path: Path,
    version: str,
    written: bool,  # noqa: FBT001 - an expected truth value
) -> None:
    provider = (
        f'terraform {{\n  required_providers {{\n    aws = {{ version = "{version}" }}\n  }}\n}}\n'
        'provider "aws" {\n  default_tags {\n    tags = { a = "1" }\n  }\n}'
    )
    assert tags(tmp_path, "{}", provider).tags.raw == ({"a": "1"} if written else {})


def test_a_group_has_what_reaches_its_machines_and_no_default_tags(tmp_path: Path) -> None:
    text = (
        dedent(PROVIDERS)
        + """
resource "aws_launch_template" "t" {
  instance_type = "p5.48xlarge"
  tags          = { only = "template" }
  tag_specifications {
    resource_type = "instance"
    tags          = { team = "t" }
  }
}
resource "aws_autoscaling_group" "g" {
  min_size = 2
  launch_template {
    id = aws_launch_template.t.id
  }
  dynamic "tag" {
    for_each = { project = true, stage = false }
    content {
      key                 = tag.key
      value               = "v"
      propagate_at_launch = tag.value
    }
  }
}
"""
    )
    write(tmp_path, {"main.tf": text})
    found, _ = read(tmp_path)
    assert found["aws_autoscaling_group.g"].tags.raw == {"team": "t", "project": "v"}
    assert found["aws_autoscaling_group.g"].facts["instance_type"] == "p5.48xlarge"
    assert found["aws_autoscaling_group.g"].facts["instances"] == 2
    assert found["aws_autoscaling_group.g"].fields["accelerators.count"] == 16
    assert found["aws_launch_template.t"].tags.raw == {"owner": "root", "only": "template"}


def test_a_launch_template_is_found_by_its_name_too(tmp_path: Path) -> None:
    text = """
        resource "aws_launch_template" "t" {
          name          = "gpu"
          instance_type = "p5.48xlarge"
          tag_specifications {
            resource_type = "instance"
            tags          = { team = "t" }
          }
        }
        resource "aws_instance" "named" {
          launch_template {
            name = aws_launch_template.t.name
          }
        }
        resource "aws_instance" "elsewhere" {
          launch_template {
            name = "not declared here"
          }
        }
    """
    write(tmp_path, {"main.tf": text})
    found, _ = read(tmp_path)
    assert found["aws_instance.named"].tags.raw == {"team": "t"}
    assert found["aws_instance.named"].facts["instance_type"] == "p5.48xlarge"
    assert found["aws_instance.elsewhere"].tags.open_because is not None


@pytest.mark.parametrize(("version", "root"), [(">= 5.39", {"owner": "root", "a": "1"}), ("~> 5.38.0", {"a": "1"})])
def test_default_tags_reach_volumes_from_a_version_on(tmp_path: Path, version: str, root: dict[str, str]) -> None:
    text = (
        f'terraform {{\n  required_providers {{\n    aws = {{ version = "{version}" }}\n  }}\n}}\n'
        + dedent(PROVIDERS)
        + 'resource "aws_instance" "i" {\n  root_block_device {\n    volume_size = 10\n    tags = { a = "1" }\n  }\n}\n'
    )
    write(tmp_path, {"main.tf": text})
    assert read(tmp_path)[0]["aws_instance.i.root_block_device[0]"].tags.raw == root


def test_a_volume_that_may_be_there_or_not_is_one_that_stands_for_any(tmp_path: Path) -> None:
    text = """
        variable "more" {}
        resource "aws_instance" "i" {
          ebs_block_device {
            tags = { a = "1" }
          }
          dynamic "ebs_block_device" {
            for_each = var.more
            content {
              tags = { a = "2" }
            }
          }
        }
    """
    write(tmp_path, {"main.tf": text})
    found, _ = read(tmp_path)
    assert found["aws_instance.i.ebs_block_device[0]"].tags.raw == {"a": "1"}
    reason = "whether it is there cannot be told: variable more has no value"
    assert found["aws_instance.i.ebs_block_device[1]"].tags.look("a") == Unknown(reason)


def test_labels_of_google_have_the_defaults_of_their_provider(tmp_path: Path) -> None:
    text = """
        provider "google" {
          zone           = "europe-west4-a"
          default_labels = { team = "core" }
        }
        resource "google_storage_bucket" "b" {
          labels = { project = "p" }
        }
    """
    found = one(tmp_path, text)
    assert found.tags.raw == {"team": "core", "project": "p"}
    assert found.fields["region"] == "europe-west4"


def test_variables_are_given_as_terraform_finds_them(tmp_path: Path) -> None:
    names = ("env", "file", "auto", "last", "json")
    declared = "".join(f'variable "{name}" {{\n  default = "default"\n}}\n' for name in names)
    write(
        tmp_path,
        {
            "main.tf": declared
            + 'resource "aws_s3_bucket" "b" {\n  tags = { '
            + ", ".join(f"{name} = var.{name}" for name in names)
            + " }\n}\n",
            "terraform.tfvars": 'file = "file"\nauto = "file"\nlast = "file"\n',
            "a.auto.tfvars": 'auto = "a"\nlast = "a"\n',
            "b.auto.tfvars": 'last = "b"\n',
            "c.auto.tfvars.json": '{"json": "${\\"c\\"}"}',
            "other.tfvars": 'env = "not read"\n',
        },
    )
    found, _ = read(tmp_path, {"TF_VAR_env": "env", "TF_VAR_file": "env"})
    assert found["aws_s3_bucket.b"].tags.raw == {"env": "env", "file": "file", "auto": "a", "last": "b", "json": "c"}


@pytest.mark.parametrize(("nullable", "given"), [("true", None), ("false", "default")])
def test_null_is_a_value_where_a_variable_takes_it(tmp_path: Path, nullable: str, given: str | None) -> None:
    variable = f'variable "v" {{\n  default = "default"\n  nullable = {nullable}\n}}\n'
    write(
        tmp_path,
        {
            "main.tf": 'module "m" {\n  source = "./m"\n  v = null\n}\n',
            "m/main.tf": variable + 'resource "aws_s3_bucket" "b" {\n  tags = { v = var.v }\n}\n',
        },
    )
    assert read(tmp_path)[0]["module.m.aws_s3_bucket.b"].tags.look("v") == given


def test_modules_that_were_downloaded_are_read_and_others_are_named(tmp_path: Path) -> None:
    listed = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "here", "Dir": ".terraform/modules/here"}]}
    write(
        tmp_path,
        {
            "main.tf": """
                module "here" {
                  source  = "acme/here/aws"
                  version = "1.0.0"
                }
                module "gone" {
                  source = "acme/gone/aws"
                }
                resource "aws_s3_bucket" "b" {
                  tags = module.gone.tags
                }
            """,
            ".terraform/modules/here/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
            ".terraform/modules/modules.json": json.dumps(listed),
        },
    )
    found, notes = read(tmp_path)
    assert set(found) == {"module.here.aws_s3_bucket.b", "aws_s3_bucket.b"}
    reason = "module gone (acme/gone/aws) is not here: it was not downloaded"
    assert found["aws_s3_bucket.b"].tags.open_because == reason
    assert [(gap.type, gap.reason) for gap in notes.gaps] == [("module.gone", reason)]


def test_a_module_that_calls_itself_and_one_outside_the_repository_end(tmp_path: Path) -> None:
    root = tmp_path / "repository" / "stack"
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    write(
        tmp_path,
        {
            "repository/stack/main.tf": """
                module "loop" {
                  source = "../loop"
                }
                module "out" {
                  source = "../../outside"
                }
                locals {
                  secret = file("../../outside/secret")
                  mine   = file("../loop/text")
                }
                resource "aws_s3_bucket" "b" {
                  tags = { secret = local.secret, mine = local.mine }
                }
            """,
            "repository/loop/main.tf": 'module "again" {\n  source = "../loop"\n}\n',
            "repository/loop/text": "text",
            "outside/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
            "outside/secret": "secret",
        },
    )
    found, notes = read(root)
    assert set(found) == {"aws_s3_bucket.b"}
    assert found["aws_s3_bucket.b"].tags.raw == {"mine": "text"}
    assert "outside the repository" in found["aws_s3_bucket.b"].tags.unknown["secret"]
    assert {gap.type for gap in notes.gaps} == {"module.loop.module.again", "module.out"}


def test_a_file_that_is_not_hcl_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "bad.tf": '\nresource "aws_s3_bucket" "x" {\n  tags = {\n}\n',
            "good.tf": 'resource "aws_s3_bucket" "b" {\n  tags = { a = local.elsewhere }\n}\n',
        },
    )
    found, notes = read(tmp_path)
    assert set(found) == {"aws_s3_bucket.b"}
    (gap,) = notes.gaps
    assert gap.reason.startswith(f"{tmp_path}/bad.tf:")
    tagged = found["aws_s3_bucket.b"].tags
    assert "bad.tf" in tagged.unknown["a"]
    assert tagged.open_because is not None
    assert "bad.tf" in tagged.open_because, "its provider may be there, with default tags"


def test_variables_of_a_file_that_cannot_be_read_are_unknown(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": """
                variable "v" {
                  default = "d"
                }
                resource "aws_s3_bucket" "b" {
                  tags = { v = var.v }
                }
            """,
            "terraform.tfvars": "v = {",
        },
    )
    found, notes = read(tmp_path)
    assert "terraform.tfvars" in found["aws_s3_bucket.b"].tags.unknown["v"]
    assert len(notes.gaps) == 1


def test_json_syntax_is_read_with_its_lines(tmp_path: Path) -> None:
    text = """{
  "provider": {"aws": [{"region": "eu-west-1", "default_tags": {"tags": {"owner": "root"}}},
                       {"alias": "x", "region": "us-east-1"}]},
  "variable": {"team": {"default": "nlp"}},
  "locals": {"common": {"team": "${var.team}"}},
  "resource": {
    "aws_s3_bucket": {
      "b": {"for_each": "${toset([\\"k\\"])}", "tags": "${merge(local.common, { key = each.key })}"},
      "c": {"provider": "aws.x", "count": 1, "tags": {"team": "t-${var.team}", "n": 5}}
    }
  }
}
"""
    (tmp_path / "main.tf.json").write_text(text)
    found, _ = read(tmp_path)
    assert found['aws_s3_bucket.b["k"]'].tags.raw == {"owner": "root", "team": "nlp", "key": "k"}
    assert found["aws_s3_bucket.c[0]"].tags.raw == {"team": "t-nlp", "n": "5"}
    place = found["aws_s3_bucket.c[0]"].at
    assert place is not None
    assert (place.line, place.column) == (9, 7)


def test_a_type_in_json_is_written_as_in_hcl(tmp_path: Path) -> None:
    variables = {
        "l": {"type": "list(string)", "default": [1, "b"]},
        "o": {"type": 'object({ a = optional(string, "x"), n = number })', "default": {"n": "7"}},
        "s": {"type": "string", "default": 5},
    }
    tagged = {"l": '${join("-", var.l)}', "o": "${var.o.a}${var.o.n + 1}", "s": "${var.s}"}
    document = {"variable": variables, "resource": {"aws_s3_bucket": {"b": {"tags": tagged}}}}
    (tmp_path / "main.tf.json").write_text(json.dumps(document))
    assert read(tmp_path)[0]["aws_s3_bucket.b"].tags.raw == {"l": "1-b", "o": "x8", "s": "5"}


def test_a_single_block_of_json_needs_no_list_and_dynamic_ones_are_repeated(tmp_path: Path) -> None:
    template = {"tag_specifications": {"resource_type": "instance", "tags": {"on": "template"}}}
    tag = {"key": "${tag.key}", "value": "${tag.value}", "propagate_at_launch": True}
    resources = {
        "aws_launch_template": {"t": template},
        "aws_instance": {"i": {"root_block_device": {"volume_size": 10, "tags": {"on": "volume"}}}},
        "aws_autoscaling_group": {
            "g": {
                "launch_template": {"id": "${aws_launch_template.t.id}"},
                "dynamic": {"tag": {"for_each": {"team": "nlp"}, "content": tag}},
            },
            "h": {"tag": {"key": "team", "value": "cv", "propagate_at_launch": True}},
        },
        "aws_s3_object": {"o": {"content": "text", "tags": {"on": "object"}}},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps({"resource": resources}))
    found = {address: each.tags.raw for address, each in read(tmp_path)[0].items()}
    assert found["aws_instance.i.root_block_device[0]"] == {"on": "volume"}
    assert found["aws_autoscaling_group.g"] == {"on": "template", "team": "nlp"}
    assert found["aws_autoscaling_group.h"] == {"team": "cv"}
    assert found["aws_s3_object.o"] == {"on": "object"}


def test_places_are_lines_and_columns_of_characters(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": '# ü\n/* é */ resource "aws_s3_bucket" "b" {\n}\n'})
    place = read(tmp_path)[0]["aws_s3_bucket.b"].at
    assert place is not None
    assert (place.line, place.column) == (2, 9)


def test_override_files_change_what_they_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": 'resource "aws_s3_bucket" "b" {\n  bucket = "x"\n  tags = { a = "1" }\n}\n',
            "z_override.tf": 'resource "aws_s3_bucket" "b" {\n  tags = { a = "2" }\n}\n',
            "override.tf": "locals {}\n",
        },
    )
    assert read(tmp_path)[0]["aws_s3_bucket.b"].tags.raw == {"a": "2"}


def test_a_folder_of_several_roots_names_them_in_the_addresses(tmp_path: Path) -> None:
    for name in ("dev", "prod"):
        write(tmp_path, {f"{name}/main.tf": 'module "m" {\n  source = "./m"\n}\n'})
        write(tmp_path, {f"{name}/m/main.tf": 'resource "aws_s3_bucket" "b" {}\n'})
    found, _ = read(tmp_path)
    assert set(found) == {"dev//module.m.aws_s3_bucket.b", "prod//module.m.aws_s3_bucket.b"}


def test_folders_below_that_the_root_does_not_call_are_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.tf": 'module "m" {\n  source = "./m"\n}\n',
            "m/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
            "examples/one/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
        },
    )
    found, notes = read(tmp_path)
    assert set(found) == {"module.m.aws_s3_bucket.b"}
    assert notes.remarks == [f"{tmp_path} does not call examples/one: scan what is there by itself"]


def test_without_the_parser_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"main.tf": 'resource "aws_s3_bucket" "b" {}\n'})
    monkeypatch.setitem(sys.modules, "tree_sitter_hcl", None)
    syntax.parser.cache_clear()
    with pytest.raises(InputError, match="tree_sitter_hcl") as raised:
        read(tmp_path)
    assert raised.value.help is not None
    assert "finops-guard-engine[iac]" in raised.value.help


def test_what_doubles_without_end_is_unknown_soon(tmp_path: Path) -> None:
    doubling = "".join(f'  s{n} = "${{local.s{n - 1}}}${{local.s{n - 1}}}"\n' for n in range(1, 60))
    found = tags(tmp_path, "{ a = local.s59 }", f'locals {{\n  s0 = "ten bytes!"\n{doubling}}}')
    assert "grows beyond" in found.tags.unknown["a"]


def test_a_template_file_and_a_set_of_files_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.tpl": "team=${team}%{ if on } on%{ endif }\n", "t/b.tpl": "", "t/sub/c.tpl": ""})
    expression = (
        '{ a = templatefile("${path.module}/t/a.tpl", { team = "nlp", on = true }), '
        'set = join(",", fileset(path.module, "t/*.tpl")), every = join(",", fileset("t", "**/*.tpl")), '
        'gone = fileexists("t/none") }'
    )
    assert tags(tmp_path, expression).tags.raw == {
        "a": "team=nlp on\n",
        "set": "t/a.tpl,t/b.tpl",
        "every": "a.tpl,b.tpl,sub/c.tpl",
        "gone": "false",
    }


def test_the_locked_version_of_a_provider_counts_more_than_what_is_allowed(tmp_path: Path) -> None:
    lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "3.37.0"\n}\n'
    write(tmp_path, {".terraform.lock.hcl": lock})
    assert tags(tmp_path, "{}", 'provider "aws" {\n  default_tags {\n    tags = { a = "1" }\n  }\n}').tags.raw == {}


def test_a_sensitive_variable_is_never_shown(tmp_path: Path) -> None:
    found = tags(tmp_path, "{ a = var.v }", 'variable "v" {\n  sensitive = true\n  default = "hunter2"\n}')
    assert found.tags.unknown == {"a": "variable v is sensitive, so never shown"}


def test_what_is_of_no_cloud_carries_no_tags(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": 'resource "null_resource" "n" {}\nresource "aws_new_thing" "t" {}\n'})
    found, _ = read(tmp_path)
    assert found["null_resource.n"].fields["taggable"] is False
    assert "not in the shipped table" in found["aws_new_thing.t"].unknown["taggable"]


@pytest.mark.parametrize("depth", [200, 5000])
def test_what_nests_deeply_ends_in_no_traceback(tmp_path: Path, depth: int) -> None:
    chain = "".join(f"  l{n} = local.l{n - 1}\n" for n in range(1, depth))
    nested = "(" * depth + "1" + ")" * depth
    blocks = "b {\n" * depth + "}\n" * depth
    write(
        tmp_path,
        {
            "main.tf": f'locals {{\n  l0 = "x"\n{chain}  n = {nested}\n}}\n'
            f'resource "aws_s3_bucket" "b" {{\n  tags = {{ a = local.l{depth - 1}, n = local.n }}\n}}\n',
            "deep.tf": blocks,
            "deep.tf.json": '{"a":' * depth + "1" + "}" * depth,
        },
    )
    found, notes = read(tmp_path)
    assert found["aws_s3_bucket.b"].tags.look("a") in {
        "x",
        *map(Unknown, found["aws_s3_bucket.b"].tags.unknown.values()),
    }
    assert all("deep" in gap.reason for gap in notes.gaps)


GIVEN = """
    variable "plain" {
      default = "default"
    }
    variable "size" {
      type    = number
      default = 1
    }
    variable "list" {
      type    = list(string)
      default = []
    }
    resource "aws_s3_bucket" "b" {
      tags = { plain = var.plain, size = var.size + 1, list = join("-", var.list) }
    }
"""


def given(folder: Path, *items: tuple[str, str] | Path) -> tuple[dict[str, str], Notes, Taken]:
    """The tags of the only resource with these values given."""
    notes, taken = Notes(), Taken()
    reading = iac.Reading(notes, environ={"TF_VAR_plain": "env"}, given=Given(items), taken=taken)
    (found,) = iac.collect(folder, reading)
    return dict(found.tags.raw), notes, taken


def test_values_that_are_given_win_in_their_order_and_are_read_by_the_type_of_their_variable(tmp_path: Path) -> None:
    write(
        tmp_path, {"main.tf": GIVEN, "a.auto.tfvars": 'plain = "auto"\n', "prod.tfvars": 'plain = "file"\nsize = 4\n'}
    )
    file = tmp_path / "prod.tfvars"
    assert given(tmp_path)[0] == {"plain": "auto", "size": "2", "list": ""}
    assert given(tmp_path, file)[0] == {"plain": "file", "size": "5", "list": ""}
    pairs = (("plain", "[1]"), ("list", '["x", "y"]'), ("size", "7"))
    assert given(tmp_path, file, *pairs)[0] == {"plain": "[1]", "size": "8", "list": "x-y"}
    assert given(tmp_path, *pairs, file)[0] == {"plain": "file", "size": "5", "list": "x-y"}


def test_a_file_of_values_may_be_json_with_exact_numbers(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": GIVEN, "p.tfvars.json": '{"size": 0.1, "list": ["a"]}'})
    assert given(tmp_path, tmp_path / "p.tfvars.json")[0] == {"plain": "env", "size": "1.1", "list": "a"}


@pytest.mark.parametrize(
    ("item", "what"),
    [
        (("size", "many"), "--var size: 'many' is not a number"),
        (("list", "x"), "--var list: x is a reference, not a value"),
        (("list", "["), "--var list: its value is not an expression"),
        (("list", '["a"]\nother = 1'), "--var list: its value is not an expression"),
        (Path("gone.tfvars"), "gone.tfvars:1:1: cannot be read: No such file"),
    ],
)
def test_what_its_variable_does_not_take_is_refused(tmp_path: Path, item: tuple[str, str] | Path, what: str) -> None:
    write(tmp_path, {"main.tf": GIVEN})
    with pytest.raises(InputError, match=re.escape(what)):
        given(tmp_path, item)


def test_a_file_with_a_mistake_is_refused_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": GIVEN, "bad.tfvars": 'plain = "x"\nsize = {\n'})
    with pytest.raises(InputError, match=r"bad\.tfvars:\d+:\d+: "):
        given(tmp_path, tmp_path / "bad.tfvars")


def test_only_what_a_root_declares_is_taken_and_a_file_for_several_roots_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": GIVEN, "p.tfvars": 'plan = "x"\n'})
    _, notes, taken = given(tmp_path, ("nobody", "x"), tmp_path / "p.tfvars", tmp_path / "parameters.json")
    assert taken.items == {tmp_path / "p.tfvars"}
    file = tmp_path / "p.tfvars"
    assert notes.remarks == [f"{file}: there is no variable plan (did you mean plain?), so its value is not used"]


def test_a_value_that_is_given_is_certain_whatever_a_broken_file_may_say(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": GIVEN, "terraform.tfvars": "plain = {"})
    assert given(tmp_path, ("plain", "by hand"))[0] == {"plain": "by hand"}


@pytest.mark.parametrize(
    ("name", "wins"),
    [
        ("override.tf", True),
        ("a_override.tf", True),
        ("a.b_override.tf", True),
        ("override.tf.json", True),
        ("nooverride.tf", False),
        ("override.a.tf", False),
    ],
)
def test_what_an_override_file_is_called(tmp_path: Path, name: str, wins: bool) -> None:  # noqa: FBT001 - an expected truth value
    text = 'resource "aws_s3_bucket" "b" {\n  tags = { a = "2" }\n}\n'
    json_ = '{"resource": {"aws_s3_bucket": {"b": {"tags": {"a": "2"}}}}}'
    write(tmp_path, {"m.tf": text.replace("2", "1"), name: json_ if name.endswith(".json") else text})
    assert read(tmp_path)[0]["aws_s3_bucket.b"].tags.raw["a"] == ("2" if wins else "1")


def test_of_two_files_of_one_name_opentofus_is_read_and_test_files_never(tmp_path: Path) -> None:
    block = 'resource "aws_s3_bucket" "{0}" {{\n  tags = {{ of = "{0}" }}\n}}\n'.format
    write(
        tmp_path,
        {
            "a.tf": block("tf"),
            "a.tofu": block("tofu"),
            "a.tfx.tf": block("other"),
            "b.tf.json": '{"resource": {"aws_s3_bucket": {"json": {}}}}',
            "b.tofu.json": '{"resource": {"aws_s3_bucket": {"tofujson": {}}}}',
            "c.tftest.hcl": "run {",
            "d.tfmock.hcl": "mock {",
            "tests/a.tftest.hcl": "run {",
        },
    )
    found, notes = read(tmp_path)
    assert set(found) == {"aws_s3_bucket.tofu", "aws_s3_bucket.other", "aws_s3_bucket.tofujson"}
    assert (notes.gaps, notes.remarks) == ([], [])


def test_what_runs_beside_resources_is_passed_by_and_what_only_a_run_knows_is_unknown(tmp_path: Path) -> None:
    text = """
        terraform {
          backend "s3" {}
        }
        variable "secret" {
          ephemeral = true
          default   = "hunter2"
        }
        variable "checked" {
          default = "x"
          validation {
            condition     = length(var.checked) > 5
            error_message = "too short"
          }
        }
        ephemeral "random_password" "p" {
          length = 4
        }
        check "health" {
          data "http" "x" {
            url = "https://example.com"
          }
          assert {
            condition     = data.http.x.status_code == 200
            error_message = "no"
          }
        }
        import {
          to = aws_s3_bucket.b
          id = "b"
        }
        moved {
          from = aws_s3_bucket.old
          to   = aws_s3_bucket.b
        }
        removed {
          from = aws_s3_bucket.gone
        }
        resource "aws_s3_bucket" "b" {
          tags = {
            checked = var.checked
            secret  = var.secret
            opened  = ephemeral.random_password.p.result
            parsed  = provider::aws::arn_parse("arn:aws:iam::111111111111:role/x").account_id
          }
          lifecycle {
            ignore_changes = [tags["x"]]
            precondition {
              condition     = false
              error_message = "no"
            }
          }
        }
    """
    found = one(tmp_path, text)
    assert found.tags.raw == {"checked": "x"}
    assert found.tags.unknown == {
        "secret": "variable secret is ephemeral, so never shown",
        "opened": "ephemeral.random_password.p is there only while Terraform runs",
        "parsed": "the function provider::aws::arn_parse() is not one that we evaluate",
    }


@pytest.mark.parametrize(
    ("environ", "file", "name"), [({}, None, None), ({}, "dev\n", "dev"), ({"TF_WORKSPACE": "e"}, "dev", "e")]
)
def test_the_workspace_is_what_was_chosen_here(
    tmp_path: Path, environ: dict[str, str], file: str | None, name: str | None
) -> None:
    write(tmp_path, {"main.tf": 'resource "aws_s3_bucket" "b" {\n  tags = { w = terraform.workspace }\n}\n'})
    if file is not None:
        write(tmp_path, {".terraform/environment": file})
    found = read(tmp_path, environ)[0]["aws_s3_bucket.b"].tags
    assert found.look("w") == (name or Unknown("which workspace it is, is chosen when it runs"))


def test_a_module_called_several_times_hands_on_aliases_to_each(tmp_path: Path) -> None:
    module = (
        'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n'
        "      configuration_aliases = [aws.y]\n    }\n  }\n}\n"
        'resource "aws_s3_bucket" "plain" {}\nresource "aws_s3_bucket" "y" {\n  provider = aws.y\n}\n'
    )
    calls = """
        module "each" {
          source    = "./m"
          for_each  = toset(["a"])
          providers = { aws.y = aws.x }
        }
        module "count" {
          source    = "./m"
          count     = 1
          providers = {
            aws   = aws.x
            aws.y = aws
          }
        }
    """
    write(tmp_path, {"main.tf": dedent(PROVIDERS) + dedent(calls), "m/main.tf": module})
    owners = {address: each.tags.raw["owner"] for address, each in read(tmp_path)[0].items()}
    assert owners == {
        'module.each["a"].aws_s3_bucket.plain': "root",
        'module.each["a"].aws_s3_bucket.y': "x",
        "module.count[0].aws_s3_bucket.plain": "x",
        "module.count[0].aws_s3_bucket.y": "root",
    }


@pytest.mark.parametrize(("version", "labels"), [("~> 4.0", {}), (">= 5.0", {"team": "beta"})])
def test_the_beta_provider_of_google_has_a_version_of_its_own(
    tmp_path: Path, version: str, labels: dict[str, str]
) -> None:
    text = f"""
        terraform {{
          required_providers {{
            google      = {{ version = ">= 5.0" }}
            google-beta = {{ version = "{version}" }}
          }}
        }}
        provider "google-beta" {{
          default_labels = {{ team = "beta" }}
        }}
        resource "google_storage_bucket" "b" {{
          provider = google-beta
        }}
    """
    assert one(tmp_path, text).tags.raw == labels
