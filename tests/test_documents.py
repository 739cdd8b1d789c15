"""What README.md and docs/ say is still so."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from finops_guard import errors
from finops_guard.cli import _pages
from finops_guard.cli.main import group

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
STARTED = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
every_page = pytest.mark.parametrize(
    "text", [README, ARCHITECTURE, STARTED], ids=["README.md", "ARCHITECTURE.md", "getting-started.md"]
)
COMMANDS = group.list_commands(click.Context(group))


def locked_click() -> bool:
    """Whether this click writes help as the locked one does; a job with other versions has another."""
    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    return f"\nclick=={version('click')} " in f"\n{lock}"


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))


@pytest.mark.skipif(not locked_click(), reason="another click words its help otherwise")
def test_help_in_the_documents_is_that_of_the_code() -> None:
    assert _pages.readme(README) == README, "python -m finops_guard.docs"
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == _pages.cli_page(), "python -m finops_guard.docs"


def test_every_command_and_option_is_in_the_page_of_the_command_line() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"\n## {name}\n" in page
        command = group.get_command(click.Context(group), name)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option):
                assert max(option.opts, key=len) in page


def test_exit_codes_in_the_documents_are_those_of_the_errors() -> None:
    known = {code for code, _ in _pages.EXITS}
    assert {str(family.exit_code) for family in errors.GuardError.__subclasses__()} <= known


@every_page
def test_links_and_paths_lead_somewhere(text: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    home = ROOT if text is README else ROOT / "docs"
    assert [link for link in links if not (home / link).exists()] == []
    paths = [code for code in quoted(text) if re.fullmatch(r"[\w./-]+/[\w.-]+(\.\w+)?", code) and "<" not in code]
    made_by_init = {"rules/house.yaml"}
    assert [path for path in paths if not (ROOT / path).exists() and path not in made_by_init] == []


@every_page
def test_commands_that_are_named_exist(text: str) -> None:
    code = "\n".join([*re.findall(r"```\n(.*?)```", text, flags=re.DOTALL), *quoted(text)])
    named = set(re.findall(r"(?:^|&& |\$ )finops-guard ([a-z]+)\b", code, flags=re.MULTILINE))
    assert named <= set(COMMANDS)
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`make (\w+)`", text)) <= targets


def test_layers_are_those_of_the_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = [
        name.strip(" ()")
        for line in project["tool"]["importlinter"]["contracts"][0]["layers"]
        for name in line.split("|")
    ]
    package = ROOT / "finops_guard"
    there = [name for name in layers if (package / name).is_dir() or (package / f"{name}.py").is_file()]
    told = re.findall(r"^\| `finops_guard/(\w+)", ARCHITECTURE, flags=re.MULTILINE)
    assert told == [name for name in there if name not in {"docs", "__main__"}]


def test_the_rule_in_the_readme_is_one_that_ships() -> None:
    sentence = re.search(r"```yaml\n(  whose:.*?)```", README, flags=re.DOTALL)
    assert sentence is not None
    shipped = (ROOT / "rules" / "ai-tags.yaml").read_text(encoding="utf-8")
    assert all(line in shipped for line in sentence[1].splitlines())


def test_nobody_is_told_to_install_the_strangers_package() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "install" in line and "finops-guard" in line and line.lstrip().startswith("pip"):
                assert "finops-guard-engine" in line
