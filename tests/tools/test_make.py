"""What the Makefile installs, and for whom."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PEERS = re.search(r"^PEERS := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_each_compared_tool_is_locked_at_the_version_that_is_named() -> None:
    assert PEERS is not None
    for peer in PEERS[1].split():
        lock = (ROOT / "requirements" / f"peers-{peer.partition('==')[0]}.txt").read_text("utf-8")
        assert f"\n{peer} \\\n    --hash=sha256:" in f"\n{lock}"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(("target", "installs"), [("bench", True), ("test", False), ("demo", False), ("check", False)])
def test_only_benchmarks_install_other_tools(target: str, *, installs: bool) -> None:
    command = ["make", "--always-make", "--dry-run", "--no-print-directory", target]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ("peers-checkov.txt" in told) == installs
