"""An edit that does something else than it was meant to is taken back, and nothing but that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fixing.house import DEFAULTS, POLICY, SET, fixed, machine


def test_what_reads_the_tags_of_another_must_not_change(house: Path) -> None:
    reader = 'resource "aws_s3_bucket" "r" {\n  tags = { team = try(aws_instance.a.tags["team"], "nlp") }\n}\n'
    ran, text = fixed(house, machine("  tags = { x = 1 }\n") + reader, *SET)
    assert text == machine("  tags = { x = 1 }\n") + reader
    assert "tag 'team' of aws_s3_bucket.r would change too" in ran.err


def test_what_follows_is_done_with_it_or_nothing_is(house: Path) -> None:
    before = machine('  tags = { project = "churn", team = "vision" }\n')
    ran, text = fixed(house, before, "--set", "workload-type=training")
    assert text == before
    assert "ai-tags/training-data would be fail" in ran.err
    given = ("--set", "workload-type=training", "--set", "dataset=faces", "--set", "model-version=1")
    ran, text = fixed(house, before, *given)
    assert '"training", dataset = "faces", model-version = "1" }' in text


def test_a_value_of_another_form_than_the_policy_has_it_is_named(house: Path) -> None:
    before = machine('  tags = { team = "vision", workload-type = "evaluation" }\n')
    ran, text = fixed(house, before, "--set", "project=Churn 1")
    assert text == before
    assert "the finding would stay: 'Churn 1' is not of the form [a-z]" in ran.err


def test_what_nobody_knew_before_keeps_no_tag_from_being_added(house: Path) -> None:
    before = 'variable "p" {}\n' + machine("  tags = { project = var.p }\n")
    ran, text = fixed(house, before, *SET)
    assert text == before.replace("var.p", 'var.p, team = "vision", workload-type = "evaluation"')
    assert (
        "no longer fails, but not known to pass: ai-tags/whose on aws_instance.a: tags.project: variable p" in ran.err
    )
    assert "1 finding fixed in 1 file, 0 not" in ran.err


def test_only_the_edit_that_does_something_elsewhere_is_taken_back(house: Path) -> None:
    reader = 'resource "aws_s3_bucket" "r" {\n  tags = { team = try(aws_instance.m3.tags["team"], "nlp") }\n}\n'
    machines = [machine("  tags = { x = 1 }\n", f"m{n}") for n in range(6)]
    ran, text = fixed(house, "".join(machines) + reader, *SET)
    done = [
        each.replace("1 }", '1, project = "churn", team = "vision", workload-type = "evaluation" }')
        for each in machines
    ]
    done[3] = machines[3]
    assert text == "".join(done) + reader
    assert "ai-tags/whose on aws_instance.m3: tag 'team' of aws_s3_bucket.r would change too" in ran.err
    assert "5 findings fixed in 1 file, 1 not" in ran.err


def test_what_becomes_another_machine_must_not(house: Path) -> None:
    choice = 'contains(keys(aws_instance.a.tags), "team") ? "m5.large" : "p4d.24xlarge"'
    other = machine("  tags = {}\n", "b").replace('"p5.48xlarge"', choice)
    ran, text = fixed(house, machine("  tags = { x = 1 }\n") + other, *SET)
    assert text.startswith(machine("  tags = { x = 1 }\n"))
    assert "aws_instance.b would become another" in ran.err


def test_default_tags_that_make_another_fail_are_not_taken(house: Path) -> None:
    bucket = 'resource "aws_s3_bucket" "b" {\n  tags = { team = "finance" }\n}\n'
    text = DEFAULTS + "".join(machine("", name) for name in "abc") + bucket
    ran, after = fixed(house, text, *SET)
    assert "3 findings fixed in 1 file, 0 not" in ran.err
    assert "default tags get" not in ran.err
    assert after.startswith(DEFAULTS)
    assert after.endswith(bucket)
    assert after.count('workload-type = "evaluation"') == 3


def test_what_is_waived_is_left_alone(house: Path) -> None:
    (house.parent / "finops-guard.yaml").write_text(POLICY + "waivers: {inline: [ai-tags/whose]}\n")
    until = (datetime.now(UTC) + timedelta(days=7)).date()
    waived = f'# finops-guard:ignore ai-tags/whose until={until} reason="moves"\n' + machine("", "w")
    ran, text = fixed(house, waived + machine("  tags = {}\n"), *SET)
    assert text.startswith(waived)
    assert ran.err == "1 finding fixed in 1 file, 0 not\n"
