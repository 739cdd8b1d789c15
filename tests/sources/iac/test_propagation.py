"""Tags that reach what a resource launches, from sources and from plans alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finops_guard.costs import tables
from finops_guard.model import Notes, Resource, Unknown
from finops_guard.sources.iac import Reading, collect
from tests.sources.iac.planning import block, change, plan, read

PROVIDER = 'provider "aws" {\n  default_tags {\n    tags = { owner = "root" }\n  }\n}\n'
TASK = 'resource "aws_ecs_task_definition" "t" {\n  family = "web"\n  tags   = { team = "task" }\n}\n'
ECS = "task_definition_arn = aws_ecs_task_definition.t.arn"
HANDED = 'propagate_tags = "TASK_DEFINITION"'
REVISION = '"${aws_ecs_task_definition.t.family}:${aws_ecs_task_definition.t.revision}"'
OWN = 'tags = { team = "own" }'
SERVICE, TASKS, NOTHING = {"owner": "root", "team": "own"}, {"owner": "root", "team": "task"}, dict[str, str]()


def sources(folder: Path, body: str, type_: str, notes: Notes | None = None) -> dict[str, Resource]:
    text = f'{PROVIDER}{TASK}variable "v" {{}}\nresource "{type_}" "r" {{\n{body}\n}}\n'
    (folder / "main.tf").write_text(text)
    return {each.id: each for each in collect(folder, Reading(notes or Notes()))}


@pytest.mark.parametrize(
    ("type_", "body", "tags"),
    [
        ("aws_ecs_service", f'{OWN}\npropagate_tags = "SERVICE"', SERVICE),
        ("aws_ecs_service", f"{OWN}\n{HANDED}\ntask_definition = aws_ecs_task_definition.t.id", TASKS),
        ("aws_ecs_service", f"{OWN}\n{HANDED}\ntask_definition = {REVISION}", TASKS),
        ("aws_ecs_service", f'{OWN}\npropagate_tags = "NONE"', SERVICE),
        ("aws_ecs_service", OWN, SERVICE),
        ("aws_scheduler_schedule", f"target {{\necs_parameters {{\n{ECS}\n{HANDED}\n}}\n}}", TASKS),
        ("aws_scheduler_schedule", f"target {{\necs_parameters {{\n{ECS}\n{OWN}\n}}\n}}", {"team": "own"}),
        ("aws_pipes_pipe", f"{OWN}\ntarget_parameters {{\necs_task_parameters {{\n{ECS}\n{HANDED}\n}}\n}}", TASKS),
        ("aws_pipes_pipe", OWN, SERVICE),
        (
            "aws_cloudwatch_event_target",
            f'ecs_target {{\n{ECS}\n{HANDED}\ntags = {{ a = "b" }}\n}}',
            {**TASKS, "a": "b"},
        ),
        ("aws_batch_job_definition", f"{OWN}\npropagate_tags = true", SERVICE),
        ("aws_batch_job_definition", OWN, SERVICE),
    ],
)
def test_what_launches_tasks_has_the_tags_that_reach_them(
    tmp_path: Path, type_: str, body: str, tags: dict[str, str]
) -> None:
    found = sources(tmp_path, body, type_)[f"{type_}.r"]
    assert found.tags.raw == tags
    assert found.tags.open_because is None
    assert found.fields["taggable"] is True


def test_what_launches_no_task_is_as_it_was(tmp_path: Path) -> None:
    body = 'target {\narn = "arn:aws:sqs:eu-west-1:111111111111:q"\n}'
    assert sources(tmp_path, body, "aws_scheduler_schedule")["aws_scheduler_schedule.r"].fields["taggable"] is False


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("propagate_tags = var.v", "whether tags reach what it launches cannot be told: variable v has no value"),
        (f'{HANDED}\ntask_definition = "elsewhere:1"', "its task_definition is not declared here"),
    ],
)
def test_what_cannot_be_told_is_unknown(tmp_path: Path, body: str, reason: str) -> None:
    found = sources(tmp_path, body, "aws_ecs_service")["aws_ecs_service.r"]
    team = found.tags.look("team")
    assert isinstance(team, Unknown)
    assert reason in team.reason


def test_tags_that_reach_nothing_are_told_once(tmp_path: Path) -> None:
    notes = Notes()
    sources(tmp_path, OWN, "aws_ecs_service", notes)
    (said,) = notes.remarks
    assert said.startswith("without propagate_tags the tags of aws_ecs_service.r reach nothing that they launch")


TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Resources:
  S: {Type: AWS::ECS::Service, Properties: {Tags: [{Key: team, Value: own}]}}
"""


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("aws_cloudwatch_event_target", f"ecs_target {{\n{ECS}\n{OWN}\n}}"),  # written on tasks: they reach them
        ("aws_ecs_service", "tags = var.v"),  # nobody knows whether there are any
        ("aws_ecs_service", f"{OWN}\npropagate_tags = var.v"),
        ("aws_ecs_service", f"{OWN}\ncount = 0"),
    ],
)
def test_of_what_has_no_tags_that_are_lost_nothing_is_said(tmp_path: Path, type_: str, body: str) -> None:
    notes = Notes()
    (tmp_path / "main.tf").write_text(f'{TASK}variable "v" {{}}\nresource "{type_}" "r" {{\n{body}\n}}\n')
    list(collect(tmp_path, Reading(notes)))
    assert notes.remarks == []


@pytest.mark.parametrize("actions", [("delete",), ("no-op",)])
def test_of_what_a_plan_leaves_or_deletes_nothing_is_said(tmp_path: Path, actions: tuple[str, ...]) -> None:
    notes, own = Notes(), {"tags": {"team": "own"}, "tags_all": {"team": "own"}}
    after = None if actions == ("delete",) else own
    read(tmp_path, plan(change("aws_ecs_service", "r", after, actions=actions, before=own)), notes)
    assert notes.remarks == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("main.tf", f'resource "aws_ecs_service" "r" {{\n{OWN}\n}}\n', "a//aws_ecs_service.r, b//aws_ecs_service.r"),
        ("t.yaml", TEMPLATE, "a/t:S, b/t:S"),
    ],
)
def test_of_several_roots_or_templates_it_is_said_once(tmp_path: Path, name: str, text: str, said: str) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    notes = Notes()
    list(collect(tmp_path, Reading(notes)))
    (remark,) = notes.remarks
    assert f"the tags of {said} reach nothing" in remark


def test_a_replica_of_a_table_is_a_thing_of_its_own_with_the_tags_it_is_handed(tmp_path: Path) -> None:
    body = (
        f'{OWN}\nreplica {{\nregion_name = "eu-central-1"\npropagate_tags = true\n}}\n'
        'replica {\nregion_name = "us-east-1"\n}\n'
    )
    found = sources(tmp_path, body, "aws_dynamodb_table")
    assert found["aws_dynamodb_table.r"].tags.raw == SERVICE
    replicas = [found[f"aws_dynamodb_table.r.replica[{n}]"] for n in range(2)]
    assert [(each.tags.raw, each.fields["region"]) for each in replicas] == [
        (SERVICE, "eu-central-1"),
        (NOTHING, "us-east-1"),
    ]


REFERENCE: dict[str, Any] = {
    "task_definition": {"references": ["aws_ecs_task_definition.t.arn", "aws_ecs_task_definition.t"]}
}


def planned(folder: Path, notes: Notes | None = None, **after: Any) -> Resource:
    own = {"tags": {"team": "own"}, "tags_all": {"team": "own"}}
    task = change("aws_ecs_task_definition", "t", {"tags": {}, "tags_all": {"team": "task"}}, {"arn": True})
    service = change("aws_ecs_service", "r", {**own, **after}, {"task_definition": True})
    blocks = [block("aws_ecs_task_definition", "t"), block("aws_ecs_service", "r", **REFERENCE)]
    return read(folder, plan(service, task, blocks=blocks), notes)[0]


@pytest.mark.parametrize(
    ("value", "team", "lost"),
    [("SERVICE", "own", 0), ("TASK_DEFINITION", "task", 0), ("NONE", "own", 1), (None, "own", 1)],
)
def test_a_plan_says_the_same(tmp_path: Path, value: str | None, team: str, lost: int) -> None:
    notes = Notes()
    found = planned(tmp_path, notes, propagate_tags=value)
    assert found.tags.raw == {"team": team}
    assert found.tags.open_because is None
    assert len(notes.remarks) == lost


def test_a_planned_schedule_has_the_tags_of_its_tasks(tmp_path: Path) -> None:
    parameters = {"propagate_tags": None, "tags": {"team": "own"}}
    after = {"target": [{"ecs_parameters": [parameters]}]}
    (found,) = read(tmp_path, plan(change("aws_scheduler_schedule", "r", after)))
    assert (found.tags.raw, found.fields["taggable"]) == ({"team": "own"}, True)


def test_a_planned_replica_is_a_thing_of_its_own(tmp_path: Path) -> None:
    own = {"tags": {"team": "own"}, "tags_all": {"team": "own"}}
    before: dict[str, Any] = {**own, "replica": [{"region_name": "eu-central-1", "propagate_tags": True}]}
    rows = [*before["replica"], {"region_name": "us-east-1", "propagate_tags": False}]
    update = change("aws_dynamodb_table", "r", {**own, "replica": rows}, actions=("update",), before=before)
    _, old, new = read(tmp_path, plan(update))
    assert (old.id, old.tags.raw, old.look("region")) == (
        "aws_dynamodb_table.r.replica[0]",
        own["tags"],
        "eu-central-1",
    )
    assert (new.tags.raw, new.look("region")) == ({}, "us-east-1")
    assert ("before" in old.facts, "before" in new.facts) == (True, False)


def test_the_table_is_of_types_that_we_know() -> None:
    names = {(row["language"], row["name"]) for row in tables.rows("iac_types")}
    assert {(row["language"], row["name"]) for row in tables.rows("propagated_tags")} <= names


def test_a_launch_template_writes_tags_on_volumes_too(tmp_path: Path) -> None:
    specification = '"%s"\n    tags = { on = "%s", own = "template" }'
    text = "".join(
        f"  tag_specifications {{\n    resource_type = {specification % (what, what)}\n  }}\n"
        for what in ("instance", "volume")
    )
    (tmp_path / "main.tf").write_text(
        f'resource "aws_launch_template" "t" {{\n{text}}}\nresource "aws_instance" "i" {{\n'
        "  launch_template {\n    id = aws_launch_template.t.id\n  }\n"
        '  root_block_device {\n    tags = { own = "block" }\n  }\n}\n'
    )
    found = {each.id: each.tags.raw for each in collect(tmp_path, Reading(Notes()))}
    assert found["aws_instance.i"] == {"on": "instance", "own": "template"}
    assert found["aws_instance.i.root_block_device[0]"] == {"on": "volume", "own": "block"}


def test_a_planned_launch_template_writes_tags_on_volumes_too(tmp_path: Path) -> None:
    specifications = [{"resource_type": what, "tags": {"on": what}} for what in ("instance", "volume")]
    template = change("aws_launch_template", "t", {"tag_specifications": specifications}, {"id": True})
    after: dict[str, Any] = {
        "tags": None,
        "tags_all": {},
        "launch_template": [{}],
        "root_block_device": [{"tags": None}],
    }
    instance = change("aws_instance", "i", after, {"launch_template": [{"id": True}]})
    reference: dict[str, Any] = {
        "launch_template": [{"id": {"references": ["aws_launch_template.t.id", "aws_launch_template.t"]}}]
    }
    blocks = [block("aws_launch_template", "t"), block("aws_instance", "i", **reference)]
    machine, volume, _ = read(tmp_path, plan(instance, template, blocks=blocks))
    assert (machine.tags.raw, volume.tags.raw) == ({"on": "instance"}, {"on": "volume"})
