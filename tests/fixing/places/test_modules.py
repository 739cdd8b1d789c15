"""Tags of what a module makes: in the argument that its caller gives, else in the block of a module that is ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixing.house import SET, fixed, machine

PASSES = 'variable "tags" {\n  default = {}\n}\n'
HANDED = machine('  tags = merge(var.tags, { Name = "x" })\n')
PAIRS = 'project = "churn", team = "vision", workload-type = "evaluation"'
LINES = '    project       = "churn"\n    team          = "vision"\n    workload-type = "evaluation"\n'


def call(more: str = "", name: str = "m", source: str = "./m") -> str:
    return f'module "{name}" {{\n  source = "{source}"\n{more}}}\n'


def module(house: Path, text: str, name: str = "m") -> Path:
    (house / name).mkdir(parents=True, exist_ok=True)
    (house / name / "main.tf").write_text(text)
    return house / name / "main.tf"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  tags = { a = 1 }\n", f"  tags = {{ a = 1, {PAIRS} }}\n"),
        ("  tags = {\n    a             = 1\n  }\n", f"  tags = {{\n    a             = 1\n{LINES}  }}\n"),
        ("  tags = local.c\n", f"  tags = merge(local.c, {{ {PAIRS} }})\n"),
        ("", f"  tags = {{\n{LINES}  }}\n"),
        (  # yor#161: what a call gets from another module stays what it is
            "  tags = merge(module.o.tags, local.c)\n",
            f"  tags = merge(merge(module.o.tags, local.c), {{ {PAIRS} }})\n",
        ),
    ],
)
def test_the_callers_argument(house: Path, before: str, after: str) -> None:
    file = module(house, PASSES + HANDED)
    module(house, 'output "tags" {\n  value = { o = "p" }\n}\n', "o")
    rest = 'locals {\n  c = { z = "1" }\n}\n' + call(name="o", source="./o")
    ran, text = fixed(house, call(before) + rest, *SET)
    assert text == call(after) + rest, ran.err
    assert ran.err == "1 finding fixed in 1 file, 0 not\n"
    assert file.read_text() == PASSES + HANDED


def test_through_locals_and_modules_of_modules(house: Path) -> None:
    inner = 'locals {\n  all = merge(var.tags, { x = "y" })\n}\n' + PASSES + machine("  tags = local.all\n")
    module(house, inner, "m/inner")
    module(house, PASSES + call("  count = 2\n  tags = var.tags\n", "n", "./inner"))
    ran, text = fixed(house, call('  for_each = toset(["a.b", "c"])\n  tags = { a = 1 }\n'), *SET)
    assert text == call(f'  for_each = toset(["a.b", "c"])\n  tags = {{ a = 1, {PAIRS} }}\n'), ran.err
    assert ran.err == "4 findings fixed in 1 file, 0 not\n"


def test_the_outermost_call_has_it(house: Path) -> None:
    module(house, PASSES + HANDED, "m/inner")
    middle = module(house, PASSES + call('  tags = merge(var.tags, { x = "y" })\n', "n", "./inner"))
    before = middle.read_text()
    ran, text = fixed(house, call(), *SET)
    assert text == call(f"  tags = {{\n{LINES}  }}\n"), ran.err
    assert middle.read_text() == before


def test_what_else_a_module_makes_gets_it_too(house: Path) -> None:
    module(house, PASSES + HANDED + 'resource "aws_s3_bucket" "b" {\n  tags = var.tags\n}\n')
    ran, text = fixed(house, call("  tags = { a = 1 }\n"), *SET)
    assert text == call(f"  tags = {{ a = 1, {PAIRS} }}\n"), ran.err
    assert (
        "infra/main.tf: tags of module.m gets project, team, workload-type, and with it module.m.aws_s3_bucket.b\n"
        in ran.err
    )


def test_where_the_argument_does_more_the_block_is_edited(house: Path) -> None:
    bucket = 'resource "aws_s3_bucket" "b" {\n  tags = { keys = join(",", keys(var.tags)) }\n}\n'
    file = module(house, PASSES + HANDED + bucket)
    ran, text = fixed(house, call("  tags = { a = 1 }\n"), *SET)
    assert text == call("  tags = { a = 1 }\n"), ran.err
    assert ran.err == "1 finding fixed in 1 file, 0 not\n"
    assert file.read_text() == PASSES + HANDED.replace('"x" }', f'"x", {PAIRS} }}') + bucket


def test_an_argument_of_a_type_that_takes_no_more(house: Path) -> None:
    typed = 'variable "tags" {\n  type = object({ a = string })\n}\n'
    file = module(house, typed + HANDED)
    ran, text = fixed(house, call('  tags = { a = "1" }\n'), *SET)
    assert text == call('  tags = { a = "1" }\n'), ran.err
    assert file.read_text() == typed + HANDED.replace('"x" }', f'"x", {PAIRS} }}')


def test_a_downloaded_module_whose_argument_does_more_is_left(house: Path) -> None:
    bucket = 'resource "aws_s3_bucket" "b" {\n  tags = { keys = join(",", keys(var.tags)) }\n}\n'
    module(house, PASSES + HANDED + bucket, ".terraform/modules/m")
    listed = {"Modules": [{"Key": "m", "Dir": ".terraform/modules/m"}]}
    (house / ".terraform/modules/modules.json").write_text(json.dumps(listed))
    before = call("  tags = { a = 1 }\n", source="acme/m/aws")
    ran, text = fixed(house, before, *SET)
    assert text == before
    assert "tag 'keys' of module.m.aws_s3_bucket.b would change too" in ran.err


def test_a_value_is_corrected_where_it_is_written(house: Path) -> None:
    file = module(house, PASSES + machine('  tags = merge(var.tags, { workload-type = "evaluaton" })\n'))
    ran, text = fixed(house, call('  tags = { project = "churn", Team = "visoin" }\n'))
    assert text == call('  tags = { project = "churn", team = "vision" }\n'), ran.err
    assert file.read_text() == PASSES + machine('  tags = merge(var.tags, { workload-type = "evaluation" })\n')


def test_the_block_of_a_module_that_takes_no_tags(house: Path) -> None:
    """yor#161: a call gets no argument that its module does not have."""
    file = module(house, machine("  tags = { a = 1 }\n"))
    before = call() + call(name="two")
    ran, text = fixed(house, before, *SET)
    assert text == before, ran.err
    assert file.read_text() == machine(f"  tags = {{ a = 1, {PAIRS} }}\n")
    assert ran.err == "2 findings fixed in 1 file, 0 not\n"


def test_a_value_that_each_call_gives_is_an_expression(house: Path) -> None:
    tags = f"  tags = {{ {PAIRS} }}\n".replace('"vision"', "var.t")
    file = module(house, 'variable "t" {}\n' + machine(tags.replace("team", "Team")))
    before = call('  t = "visoin"\n') + call('  t = "npl"\n', "two")
    ran, text = fixed(house, before)
    assert text == before
    assert "is an expression" in ran.err
    assert file.read_text() == 'variable "t" {}\n' + machine(tags)


def test_default_tags_of_the_root_for_what_modules_make(house: Path) -> None:
    provider = 'provider "aws" {\n  default_tags {\n    tags = { a = "b" }\n  }\n}\n'
    module(house, "".join(machine("", name) for name in "abc"))
    ran, text = fixed(house, provider + call(), *SET)
    assert text == provider.replace('"b"', f'"b", {PAIRS}') + call(), ran.err
    ran, text = fixed(house, provider + call("  providers = { aws = aws }\n"), *SET)
    assert text == provider + call("  providers = { aws = aws }\n")


def test_a_module_that_was_downloaded_is_not_edited(house: Path) -> None:
    file = module(house, PASSES + HANDED + machine("", "own"), ".terraform/modules/m")
    listed = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Dir": ".terraform/modules/m"}]}
    (house / ".terraform/modules/modules.json").write_text(json.dumps(listed))
    ran, text = fixed(house, call("  tags = { a = 1 }\n", source="acme/m/aws"), *SET)
    assert text == call(f"  tags = {{ a = 1, {PAIRS} }}\n", source="acme/m/aws"), ran.err
    assert "module.m.aws_instance.own: it is inside a module that terraform init downloads" in ran.err
    assert file.read_text() == PASSES + HANDED + machine("", "own")


def test_a_module_outside_the_folder_is_not_edited(house: Path) -> None:
    file = module(house.parent, machine(""), "out")
    ran, text = fixed(house, call(source="../out"), *SET)
    assert text == call(source="../out")
    assert "leads outside infra" in ran.err
    assert file.read_text() == machine("")


def test_several_roots(house: Path) -> None:
    one, two = (module(house, call("  tags = { a = 1 }\n", source="../m"), name) for name in ("one", "two"))
    module(house, PASSES + HANDED)
    ran, _ = fixed(house, "", *SET, name="README.md")
    assert ran.err == "2 findings fixed in 2 files, 0 not\n"
    assert one.read_text() == two.read_text() == call(f"  tags = {{ a = 1, {PAIRS} }}\n", source="../m")
    two.unlink()
    one.write_text(call("  tags = { a = 1 }\n", source="../m"))
    ran, _ = fixed(house, "", *SET, name="README.md")
    assert ran.err == "1 finding fixed in 1 file, 0 not\n"
