"""1,000 rules load within 2 CPU seconds, interpreter and imports included; with a mistake in one of them as well."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

LIMIT = 1.6
PROGRAM = """
import sys
from pathlib import Path
from finops_guard.language.document import read
from finops_guard.language.pack import load_pack
print(len(load_pack(read(Path(sys.argv[1])))[1]), "jsonschema" in sys.modules)
"""
PACK = (Path(__file__).parent / "grammar" / "pack.yaml").read_text("utf-8")


def thousand(*, examples: bool, mistake: bool) -> str:
    head, _, rest = PACK.partition("rules:\n")
    rule = rest.partition("  training-data:")[0]
    if not examples:
        rule = rule.partition("    examples:")[0]
    rules = [rule.replace("  whose:", f"  whose-{i}:", 1) for i in range(1000)]
    if mistake:
        rules[999] = rules[999].replace("severity: high", "severity: hihg")
    return head + "rules:\n" + "".join(rules)


@pytest.mark.parametrize(
    ("examples", "mistake", "says"),
    [(False, False, "0 False"), (True, False, "0 False"), (True, True, "1 True")],
    ids=["bare", "with examples", "with a mistake"],
)
def test_a_thousand_rules(tmp_path: Path, examples: bool, mistake: bool, says: str) -> None:  # noqa: FBT001 - a table
    path = tmp_path / "thousand.yaml"
    path.write_text(thousand(examples=examples, mistake=mistake), "utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.strip() == says
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stderr.write(f"{spent:.2f} CPU s\n")
    assert spent < LIMIT
