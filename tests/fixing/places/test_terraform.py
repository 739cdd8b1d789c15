"""Tags of a resource block: in its literal maps, whatever is around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import finops_guard
from tests.fixing.house import DEFAULTS, EVERY, SET, fixed, machine


def test_a_misspelt_value_and_a_key_in_another_spelling(house: Path) -> None:
    before = machine(f'  tags = {{{EVERY}    Team = "visoin" # ours\n  }} // end\n')
    ran, after = fixed(house, before)
    assert (ran.code, ran.out) == (0, "")
    assert "2 findings fixed in 1 file, 0 not" in ran.err
    assert after == before.replace('Team = "visoin"', 'team = "vision"')
    assert finops_guard("fix", "infra").code == 0


@pytest.mark.parametrize(
    ("tags", "after"),
    [
        (
            "",
            (
                "  tags = {\n"
                '    project       = "churn"\n    team          = "vision"\n    workload-type = "evaluation"\n  }\n'
            ),
        ),
        ("  tags = {}\n", '  tags = { project = "churn", team = "vision", workload-type = "evaluation" }\n'),
        (
            '  tags = { "x" : "y" }\n',
            '  tags = { "x" : "y", "project" : "churn", "team" : "vision", "workload-type" : "evaluation" }\n',
        ),
        (
            '  tags = { "x": "y" }\n',
            '  tags = { "x": "y", "project": "churn", "team": "vision", "workload-type": "evaluation" }\n',
        ),
        ("  tags = null\n", '  tags = { project = "churn", team = "vision", workload-type = "evaluation" }\n'),
        (
            "  tags = {\n      x = 1,\n      y = 2, # z\n  }\n",
            (
                "  tags = {\n      x             = 1,\n      y             = 2, # z\n"
                '      project       = "churn",\n      team          = "vision",\n'
                '      workload-type = "evaluation",\n  }\n'
            ),
        ),
        (
            "  tags = local.c\n",
            '  tags = merge(local.c, { project = "churn", team = "vision", workload-type = "evaluation" })\n',
        ),
        (  # yor#315: what merge is given is kept as it is
            '  tags = merge(tomap({ "n" = format("%s-%s", "a", "b") }), local.c)\n',
            (
                '  tags = merge(merge(tomap({ "n" = format("%s-%s", "a", "b") }), local.c), '
                '{ project = "churn", team = "vision", workload-type = "evaluation" })\n'
            ),
        ),
        (  # terratag#33: on one line, without blanks
            '  tags = {ss="ss1"}\n',
            '  tags = {ss="ss1", project = "churn", team = "vision", workload-type = "evaluation"}\n',
        ),
        (  # terratag#27: quotes, and what is put in between them
            '  tags = merge(local.c, { "Name" = "a-${local.n}" })\n',
            (
                '  tags = merge(local.c, { "Name" = "a-${local.n}", "project" = "churn", "team" = "vision", '
                '"workload-type" = "evaluation" })\n'
            ),
        ),
    ],
)
def test_missing_tags_are_added(house: Path, tags: str, after: str) -> None:
    head = 'locals {\n  n = "x"\n  c = { a = "b" }\n}\n'
    ran, text = fixed(house, head + machine(tags), *SET)
    assert ran.code == 0, ran.err
    assert text == head + machine(after)


ALIGNED = '    project       = "churn"\n    team          = "vision"\n    workload-type = "evaluation"\n'


@pytest.mark.parametrize(
    ("tags", "after"),
    [
        ('    Name = "x"\n    e    = 1 # c\n', '    Name          = "x"\n    e             = 1 # c\n' + ALIGNED),
        (
            '    Name = "x"\n\n    # more\n    e = 1\n',
            '    Name = "x"\n\n    # more\n    e             = 1\n' + ALIGNED,
        ),
        ('    Name = "x"\n    # no more\n', '    Name = "x"\n    # no more\n' + ALIGNED),
        ('    e = join("", [\n      "x",\n    ])\n', '    e = join("", [\n      "x",\n    ])\n' + ALIGNED),
    ],
)
def test_what_terraform_fmt_accepts_it_still_accepts(house: Path, tags: str, after: str) -> None:
    _, text = fixed(house, machine(f"  tags = {{\n{tags}  }}\n"), *SET)
    assert text == machine(f"  tags = {{\n{after}  }}\n")


def test_lines_in_no_column_are_left_as_they_are(house: Path) -> None:
    _, text = fixed(house, machine("  tags = {\n    a=1\n    bb   = 2\n  }\n"), *SET)
    assert text.startswith(machine("  tags = {\n    a=1\n    bb   = 2\n    project =").removesuffix("}\n"))


def test_a_value_is_put_right_where_it_is_written(house: Path) -> None:
    reader = machine("  tags = aws_instance.a.tags\n", "r")
    ran, text = fixed(house, machine(f'  tags = {{{EVERY} team = "visoin"\n }}\n') + reader)
    assert text == machine(f'  tags = {{{EVERY} team = "vision"\n }}\n') + reader
    assert "2 findings fixed in 1 file, 0 not" in ran.err
    default = DEFAULTS.replace('origin = "tf"', 'team = "visoin"')
    machines = machine(f"  tags = {{{EVERY} }}\n")
    assert fixed(house, default + machines)[1] == default.replace("visoin", "vision") + machines


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (machine('  tags = { project = "churn" }\n'), "tag 'team' is missing and nobody said its value"),
        (
            machine("  tags = { note = <<E\nx\nE\n  }\n"),
            "tag-hygiene/limits on aws_instance.a: what should stand instead of its tag_keys.illegal is for a person",
        ),
        (machine(f'  tags = {{{EVERY} team = "finance"\n }}\n'), "which value tag 'team' should have is not known"),
        (machine(f'  tags = {{{EVERY} team = "viso${{"in"}}"\n }}\n'), "is an expression"),
        (
            machine(f"  tags = {{{EVERY} team = var.t\n }}\n") + 'variable "t" {\n  default = "visoin"\n}\n',
            "expression",
        ),
        (machine(f'  tags = {{{EVERY} x = <<E\ny\nE\n team = "visoin"\n }}\n'), "heredoc"),
        (
            machine(f"  tags = {{{EVERY} team = each.key\n }}\n", more='  for_each = toset(["visoin", "npl"])\n'),
            "is an expression",
        ),
    ],
)
def test_what_is_not_sure_is_refused_with_the_reason(house: Path, text: str, why: str) -> None:
    ran, after = fixed(house, text)
    assert (ran.code, after) == (0, text)
    assert why in ran.err


def test_labels_in_a_nested_block(house: Path) -> None:
    text = (
        'resource "google_sql_database_instance" "a" {\n  settings {\n    tier = "x"\n    user_labels = {\n'
        '      workload-type = "evaluaton"\n    }\n  }\n}\n'
    )
    ran, after = fixed(house, text, *SET)
    more = '      project       = "churn"\n      team          = "vision"\n'
    assert after == text.replace('"evaluaton"\n', f'"evaluation"\n{more}'), ran.err
