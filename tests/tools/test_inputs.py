"""What the Action takes for its inputs, and for the base of a request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finops_guard.errors import InputError
from tools.action.inputs import read

SHA = "a" * 40


def base(tmp_path: Path, event: Any, name: str = "", **more: str) -> str:
    (tmp_path / "event.json").write_text(event if isinstance(event, str) else json.dumps(event))
    given = {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_EVENT_NAME": name, **more}
    return read({"GITHUB_WORKSPACE": str(tmp_path), **given}).base


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("pull_request", {"pull_request": {"base": {"sha": SHA}}}),
        ("pull_request_review", {"pull_request": {"base": {"sha": SHA}}}),
        ("merge_group", {"merge_group": {"base_sha": SHA}}),
    ],
)
def test_a_request_has_a_base(tmp_path: Path, name: str, event: Any) -> None:
    assert base(tmp_path, event, name) == SHA


@pytest.mark.parametrize("name", ["push", "schedule", "workflow_dispatch", "issues"])
def test_what_is_no_request_has_none(tmp_path: Path, name: str) -> None:
    assert base(tmp_path, {"issue": {"number": 1}, "workflow_run": {"event": "push"}, "ref": "x"}, name) == ""


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("pull_request", {}),
        ("pull_request", "not JSON"),
        ("pull_request_target", {"pull_request": None}),
        ("pull_request", {"pull_request": {"base": {}}}),
        ("merge_group", {"merge_group": {}}),
        ("issue_comment", {"issue": {"number": 7, "pull_request": {"url": "https://x.example"}}}),
        ("workflow_run", {"workflow_run": {"event": "pull_request"}}),
    ],
)
def test_a_request_whose_base_nobody_says_is_not_judged_by_its_own_policy(
    tmp_path: Path, name: str, event: Any
) -> None:
    """Such runs have often checked a stranger's code out."""
    with pytest.raises(InputError, match="names no base"):
        base(tmp_path, event, name)
    assert base(tmp_path, event, name, FG_BASE_REF="main") == "main"


@pytest.mark.parametrize("name", ["FG_POLICY", "FG_BASELINE"])
def test_a_path_that_leads_into_the_checkout_is_one_of_the_checkout(tmp_path: Path, name: str) -> None:
    work = tmp_path / "work"
    (work / "policies").mkdir(parents=True)
    (tmp_path / "other").symlink_to(work)
    for path in ("policies/a.yaml", f"{work}/policies/../policies/a.yaml", f"{tmp_path}/other/policies/a.yaml"):
        inputs = read({"GITHUB_WORKSPACE": str(tmp_path / "other"), name: path})
        assert (inputs.policy or inputs.baseline) == "policies/a.yaml"
    inputs = read({"GITHUB_WORKSPACE": str(work), name: f"{tmp_path}/a.yaml"})
    assert (inputs.policy or inputs.baseline) == f"{tmp_path}/a.yaml"


def test_a_name_that_is_none_is_said_before_anything_is_judged(tmp_path: Path) -> None:
    assert read({"GITHUB_WORKSPACE": str(tmp_path), "FG_NAME": "stacks/a"}).name == "stacks/a"
    with pytest.raises(InputError, match="is no name of a comment"):
        read({"GITHUB_WORKSPACE": str(tmp_path), "FG_NAME": "<b>"})


def test_suggestions_need_the_comment(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="suggest goes with the comment"):
        read({"GITHUB_WORKSPACE": str(tmp_path), "FG_SUGGEST": "true", "FG_COMMENT": "false"})
    with pytest.raises(InputError, match="suggest is neither"):
        read({"GITHUB_WORKSPACE": str(tmp_path), "FG_SUGGEST": "yes"})
