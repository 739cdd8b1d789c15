"""Edits as lines to replace: what a suggestion in a pull request needs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from finops_guard import fixing
from finops_guard.cli._policy import policy_for
from finops_guard.fixing import Hunk, hunks
from finops_guard.fixing.edit import CannotError, Edit, applied
from finops_guard.model import Report
from finops_guard.pipeline import Request
from tests.fixing.house import EVERY, machine

AT = datetime(2026, 11, 25, tzinfo=UTC)
VALUES = {"team": "vision", "project": "churn", "workload-type": "evaluation"}


def request() -> Request:
    return Request(policy=policy_for(None, AT.date(), starter=True), at=AT, targets=("infra",))


def put(before: bytes, found: list[Hunk]) -> bytes:
    """The text with every hunk taken, each checked to replace lines that are there."""
    lines, last = before.split(b"\n"), 0
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    out: list[bytes] = []
    for hunk in found:
        assert last < hunk.first <= hunk.last <= len(lines)
        assert not out or hunk.first > last + 1, "hunks touch"
        out += [*lines[last : hunk.first - 1], *hunk.lines]
        last = hunk.last
    return b"".join(out + lines[last:])


def test_each_finding_with_its_file_edits_and_lines(house: Path) -> None:
    one = machine(f'  tags = {{{EVERY}    team = "visoin"\n  }}\n', "one")
    (house / "main.tf").write_text(one + "\n" + machine("", "two"))
    fixed = fixing.fixes(request(), VALUES)
    assert [(each.finding.resource.id, list(each.edits)) for each in fixed.repaired] == [
        ("aws_instance.one", [Path("infra/main.tf")]),
        ("aws_instance.two", [Path("infra/main.tf")]),
    ]
    value, block = (hunk for hunk in hunks(fixed))
    assert (value.file, value.first, value.last) == (Path("infra/main.tf"), 7, 7)
    assert value.lines == (b'    team = "vision"\n',)
    assert [each.resource.id for each in value.findings] == ["aws_instance.one"]
    assert (block.first, block.last) == (13, 13)
    assert block.lines[0] == b'  instance_type = "p5.48xlarge"\n'
    assert block.lines[1] == b"  tags = {\n"
    assert [each.resource.id for each in block.findings] == ["aws_instance.two"]
    before, after = fixed.texts[Path("infra/main.tf")]
    assert put(before, [value, block]) == after


def test_a_finding_that_goes_with_others_has_no_edits_of_its_own(house: Path) -> None:
    (house / "main.tf").write_text(
        machine(f'  tags = {{{EVERY}    team = "visoin"\n  }}\n') + machine("  tags = aws_instance.a.tags\n", "r")
    )
    fixed = fixing.fixes(request(), {})
    assert [(each.finding.resource.id, len(each.edits)) for each in fixed.repaired] == [
        ("aws_instance.a", 1),
        ("aws_instance.r", 0),
    ]


@given(
    lines=st.lists(st.sampled_from(["a", "bb"]), min_size=1, max_size=20),
    end=st.sampled_from(["", "\n"]),
    puts=st.dictionaries(st.integers(0, 40), st.sampled_from(["x", "x\n", "\ny", "z\nz\n"]), min_size=1, max_size=5),
)
def test_hunks_taken_together_are_the_text_after(lines: list[str], end: str, puts: dict[int, str]) -> None:
    before = "\n".join(lines).encode() + end.encode()
    made = [Edit(at, min(at + at % 2, len(before)), text.encode()) for at, text in puts.items() if at <= len(before)]
    try:
        after = applied(before, made)
    except CannotError:
        return
    fixed = fixing.Fixed(cast("Report", None), {Path("f"): (before, after)}, {Path("f"): dict.fromkeys(made, ())})
    assert put(before, list(hunks(fixed))) == after
