from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import finops_guard


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_of_each_shell_asks_by_the_variable_that_the_command_answers(shell: str) -> None:
    ran = finops_guard("completion", shell)
    assert ran.code == 0
    assert f"_FINOPS_GUARD_COMPLETE={shell}_complete" in ran.out
    assert "finops-guard" in ran.out


def test_unknown_shell_says_which_there_are() -> None:
    ran = finops_guard("completion", "zish")
    assert ran.code == 2
    assert "did you mean 'zsh'?" in ran.err
    assert not ran.out


def answers(*words: str) -> list[str]:
    """What the command says to a shell that has these words, the last one not finished."""
    environ = os.environ | {
        "_FINOPS_GUARD_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["finops-guard", *words]),
        "COMP_CWORD": str(len(words)),
    }
    code = "import sys; sys.argv = ['finops-guard']; from finops_guard.cli.main import main; main()"
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert not ran.stderr
    return [line.partition(",")[2] for line in ran.stdout.splitlines()]


def test_commands_complete() -> None:
    assert {"scan", "init", "doctor", "completion"} <= set(answers(""))
    assert answers("doc") == ["doctor"]


def test_formats_complete() -> None:
    assert set(answers("scan", "-f", "")) >= {"table", "json", "markdown", "csv"}
    assert answers("scan", "-f", "ma") == ["markdown"]
    assert answers("doctor", "--format", "j") == ["json"]


def test_targets_and_shells_complete() -> None:
    assert answers("scan", "san")[0] == "sandbox"
    assert answers("completion", "") == ["bash", "zsh", "fish"]


def test_long_options_complete() -> None:
    assert answers("doctor", "--perm") == ["--permissions"]


def test_script_works_in_a_real_bash(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    command = tmp_path / "finops-guard"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m finops_guard "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = tmp_path / "complete.bash"
    script.write_text(finops_guard("completion", "bash").out, encoding="utf-8")
    asked = (
        f'source "{script}"; COMP_WORDS=(finops-guard doct); COMP_CWORD=1; '
        '_finops_guard_completion finops-guard doct; echo "${COMPREPLY[@]}"'
    )
    here = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run([bash, "-c", asked], env=here, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "doctor"
