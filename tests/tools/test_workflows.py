"""action.yml, our workflows, the example workflows and the hooks, by the tools that know what they may say."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.house import COMMANDS, ROOT

TOOLS = Path(sys.executable).parent
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted([*(ROOT / ".github/workflows").glob("*.yml"), *(ROOT / "deploy/github").glob("*.yml")])
INJECTED = """\
on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.pull_request.title }}
      - uses: actions/checkout@v4
"""


def tool(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOLS / name, *map(str, arguments)],
        cwd=ROOT, env={"PATH": "", "HOME": "/nonexistent"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_there_are_workflows() -> None:
    assert {path.name for path in WORKFLOWS} >= {"ci.yml", "release.yml", "pull-request.yml", "nightly.yml"}


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    """And finds something where there is something."""
    ran = tool("zizmor", "--offline", "--no-progress", "--no-config", ACTION, *WORKFLOWS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (tmp_path / "bad.yml").write_text(INJECTED)
    bad = tool("zizmor", "--offline", "--no-progress", "--no-config", tmp_path / "bad.yml")
    assert bad.returncode > 10
    assert "template-injection" in bad.stdout


def test_they_have_the_shape_that_github_asks_for(tmp_path: Path) -> None:
    for schema, files in (("github-actions", [ACTION]), ("github-workflows", WORKFLOWS)):
        ran = tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
        assert ran.returncode == 0, ran.stdout
    (tmp_path / "bad.yml").write_text("on: push\njobs: {a: {runs-on: x, step: []}}\n")
    assert tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", tmp_path / "bad.yml").returncode == 1


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    ran = tool("actionlint", "-shellcheck=", "-pyflakes=", *WORKFLOWS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (tmp_path / "bad.yml").write_text(
        "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: '${{ steps.b.outputs.c }}'}]}}\n"
    )
    assert tool("actionlint", "-shellcheck=", "-pyflakes=", tmp_path / "bad.yml").returncode == 1


def test_inputs_reach_a_script_through_the_environment_only() -> None:
    for step in loaded(ACTION)["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_every_output_is_written_and_every_input_read() -> None:
    action = loaded(ACTION)
    program = "".join(path.read_text("utf-8") for path in (ROOT / "tools/action").glob("*.py"))
    for name in action["outputs"]:
        assert f'"{name}":' in program
    (judge,) = (step for step in action["runs"]["steps"] if step.get("id") == "judge")
    for variable, value in judge["env"].items():
        assert f'"{variable}"' in program or variable == "FG_PYTHON", variable
        assert re.fullmatch(r"\$\{\{ (?:inputs|steps\.install\.outputs)\.[a-z-]+ \}\}", value)
    given = {value.split(".")[-1].removesuffix(" }}") for value in judge["env"].values()}
    assert given == {*action["inputs"], "python"}


def test_the_examples_ask_for_inputs_that_there_are() -> None:
    action = loaded(ACTION)
    used = 0
    for path in WORKFLOWS:
        for job in loaded(path)["jobs"].values():
            for step in job["steps"]:
                if step.get("uses", "").startswith(("./", "example-org/finops-guard@")):
                    used += 1
                    assert set(step["with"]) <= set(action["inputs"]), path
    assert used == 3


@pytest.mark.parametrize("hook", loaded(ROOT / ".pre-commit-hooks.yaml"), ids=lambda hook: hook["id"])
def test_hooks_run_commands_that_there_are(hook: dict[str, Any]) -> None:
    assert set(hook) <= {
        "id",
        "name",
        "description",
        "entry",
        "language",
        "additional_dependencies",
        "pass_filenames",
        "files",
        "args",
    }
    program, command, *_ = hook["entry"].split()
    assert program == "finops-guard"
    assert command in COMMANDS
    re.compile(hook["files"])
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert hook.get("additional_dependencies", extras["iac"]) == extras["iac"]


def test_the_page_names_every_input_and_output() -> None:
    page, action = (ROOT / "docs/github-action.md").read_text("utf-8"), loaded(ACTION)
    for name in (*action["inputs"], *action["outputs"]):
        assert f"\n| `{name}` |" in page
    for linked in re.findall(r"\]\(([^):]+)\)", page):
        assert (ROOT / "docs" / linked).exists(), linked
