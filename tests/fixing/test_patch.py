"""A patch says what the edits do."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from finops_guard import fixing
from finops_guard.fixing.edit import CannotError, Edit, applied


@given(
    lines=st.lists(st.sampled_from(["a", "bb", ""]), max_size=30),
    end=st.sampled_from(["", "\n"]),
    puts=st.dictionaries(st.integers(0, 60), st.sampled_from(["x", "x\n", "\ny", "z\nz\n"]), min_size=1, max_size=5),
)
def test_a_patch_says_what_the_edits_do(lines: list[str], end: str, puts: dict[int, str]) -> None:
    before = "\n".join(lines).encode() + end.encode()
    made = [Edit(at, min(at + at % 2, len(before)), put.encode()) for at, put in puts.items() if at <= len(before)]
    try:
        after = applied(before, made)
    except CannotError:
        return
    patch = fixing.diff({Path("f"): (before, after)}, {Path("f"): made})
    old, new, at = re.findall(rb"[^\n]*\n|[^\n]+", before), b"", 0
    for hunk in re.split(rb"^@@ -", patch, flags=re.MULTILINE)[1:]:
        head, _, body = hunk.partition(b"\n")
        first, count = map(int, head.split(b" ")[0].split(b","))
        first -= count > 0
        body = body.replace(b"\n\\ No newline at end of file\n", b"\0")
        raw = re.findall(rb"[^\n\0]*[\n\0]", body)
        for signs in (b" -", b" +"):
            side = [row for row in raw if row[:1] in signs]
            assert not any(row.endswith(b"\0") for row in side[:-1]), "a line without an end is the last one"
        assert head.split(b",")[-1] == b"%d @@" % sum(row[:1] in b" +" for row in raw)
        rows = [row.replace(b"\0", b"") for row in raw]
        assert [row[1:] for row in rows if row[:1] in b" -"] == old[first : first + count]
        new += b"".join(old[at:first]) + b"".join(row[1:] for row in rows if row[:1] in b" +")
        at = first + count
    assert new + b"".join(old[at:]) == after


def test_more_after_a_last_line_that_does_not_end_ends_it() -> None:
    before, made = b"a\nb", [Edit(3, 3, b"\nc")]
    patch = fixing.diff({Path("f"): (before, b"a\nb\nc")}, {Path("f"): made})
    none = "\\ No newline at end of file"
    assert patch.decode() == f"--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n a\n-b\n{none}\n+b\n+c\n{none}\n"


def test_lines_in_a_row_that_change_are_shown_together() -> None:
    made = [Edit(0, 1, b"x"), Edit(2, 3, b"y"), Edit(4, 4, b"z\n")]
    patch = fixing.diff({Path("f"): (b"a\nb\nc\n", b"x\ny\nz\nc\n")}, {Path("f"): made})
    assert patch == b"--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n-a\n-b\n+x\n+y\n+z\n c\n"
