"""What a command loads before it does anything: a cloud's SDK costs half a second, a rule file needs none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.house import ROOT, TESTS, furnish

HEAVY = {
    *("boto3", "botocore", "moto", "rich", "duckdb", "flask", "jinja2", "jsonschema", "re2", "yaml"),
    *("genai_prices", "httpx2", "pydantic"),
}
CODE = """
import sys
sys.argv = ["finops-guard", *sys.argv[1:]]
from finops_guard.cli.main import main
try:
    main()
except SystemExit as stop:
    print(stop.code, *sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def loaded(*args: str, cwd: Path) -> set[str]:
    """The top-level modules that a command leaves in memory."""
    ran = subprocess.run(
        [sys.executable, "-c", CODE, *args],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    code, *modules = ran.stderr.splitlines()[-1].split()
    assert code in ("0", "None"), ran.stderr
    return set(modules)


@pytest.mark.parametrize(
    ("args", "needs"),
    [
        (("--help",), set()),
        (("--version",), set()),
        (("schema",), {"yaml"}),
        (("schema", "report"), {"yaml"}),
        (("validate", "--help"), set()),
        (("validate",), {"yaml", "re2"}),
        (("test",), {"yaml", "re2"}),
        (("estimate", "p5.48xlarge"), {"yaml", "re2"}),
        (("explain", "demo/whose"), {"yaml", "re2", "rich"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_loads_what_it_needs(tmp_path: Path, args: tuple[str, ...], needs: set[str]) -> None:
    furnish(tmp_path, tests=TESTS)
    modules = loaded(*args, cwd=tmp_path)
    assert "finops_guard" in modules
    assert modules & HEAVY <= needs
