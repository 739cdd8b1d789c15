"""Suggestions on the lines of a pull request, which its author applies with a click: one review a run, none twice.

GitHub takes such a comment only on lines that are part of the request's diff, all of them in one hunk, and refuses the
whole review for one that is not. So the diff is asked for first, and a file that is another there than the one that was
judged (the checkout of a merge has what the base changed, too) gets none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from finops_guard.errors import ScanError
from finops_guard.notify._suggestions import block, notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from finops_guard.notify._sticky import Conversation
    from finops_guard.notify._suggestions import Fixes, Suggestion

MOST = 20
"""Suggestions of one run; each may notify people."""
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.ASCII)
_MARK = re.compile(r"<!-- finops-guard fix ([0-9a-f]{24}) -->")
_LONGEST = 60_000
Ranges = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Suggested:
    """How many were `made` now, are `there` from earlier runs, are of lines `outside` of the diff, and are `more`."""

    made: int
    there: int
    outside: int
    more: int

    def __str__(self) -> str:
        parts = [f"{self.made:,} suggestion{'' if self.made == 1 else 's'} made"]
        parts += [f"{self.there:,} there already"] if self.there else []
        parts += [f"{self.outside:,} outside of the request's lines"] if self.outside else []
        parts += [f"{self.more:,} more in the comment"] if self.more else []
        return ", ".join(parts)


def suggest(place: Conversation, fixes: Fixes) -> Suggested:
    """Make the suggestions that can be made and are not there yet, at most `MOST`, in the order given.

    ScanError where GitHub does not let us, or does not answer; then none is made.
    """
    here, found = f"/repos/{place.repository}/pulls/{place.number}", fixes.found
    if not found:
        return Suggested(0, 0, 0, 0)
    files = _files(place, f"{here}/files", {each.file: each.blob for each in found})
    inside = [each for each in found if _may(each, files.get(each.file, []))]
    outside = len(found) - len(inside)
    told = set(_told(place, f"{here}/comments")) if inside else set()
    new = list({each.mark: each for each in inside if each.mark not in told}.values())
    made, more = new[:MOST], len(new) - len(new[:MOST])
    if made:
        _post(place, here, made, _about(outside + more, notes(fixes)))
    return Suggested(len(made), len(inside) - len(new), outside, more)


def _about(rest: int, notes_: str) -> str:
    said = "finops-guard: edits that put tags right, judged by the policy of the base. Take or leave each."
    said += f" {rest:,} more are in the comment of the conversation." if rest else ""
    return f"{said}\n\n{notes_}".strip()


def _post(place: Conversation, here: str, made: Sequence[Suggestion], about: str) -> None:
    head = place.site.get(here)
    commit = head["head"]["sha"] if isinstance(head, dict) and isinstance(head.get("head"), dict) else ""
    body = {
        "event": "COMMENT",
        "body": about,
        **({"commit_id": commit} if isinstance(commit, str) and commit else {}),
        "comments": [_comment(each) for each in made],
    }
    replace(place.site, tries=1).post(
        f"{here}/reviews", body
    )  # what was taken without an answer would stand there twice


def _comment(one: Suggestion) -> Mapping[str, object]:
    """A start line that is the line itself is refused."""
    start = {"start_line": one.first, "start_side": "RIGHT"} if one.first < one.last else {}
    return {"path": one.file, **start, "line": one.last, "side": "RIGHT", "body": _body(one)}


def _body(one: Suggestion) -> str:
    return f"<!-- finops-guard fix {one.mark} -->\n{block(one)}"


def _may(one: Suggestion, ranges: Ranges) -> bool:
    """Whether its lines lie in one hunk. Lines that end in CR are only told of: what becomes of them is not sure."""
    crlf = any(line.endswith("\r") for line in (*one.old, *one.new))
    within = any(first <= one.first and one.last <= last for first, last in ranges)
    return within and not crlf and len(_body(one)) <= _LONGEST


def _files(place: Conversation, path: str, wanted: Mapping[str, str]) -> Mapping[str, Ranges]:
    """By file, the lines of its new side that each hunk of the request shows, where it is the file that was judged."""
    found: dict[str, Ranges] = {}
    left = set(wanted)
    for row in place.paged(path):
        name = row.get("filename")
        if name in left:
            left.discard(name)
            if row.get("sha") == wanted[name]:
                found[name] = list(_ranges(row.get("patch")))
        if not left:
            break
    return found


def _ranges(patch: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - a parsing border
    """None for a file that is too large for a patch, or has none."""
    for line in patch.split("\n") if isinstance(patch, str) else ():
        if match := _HUNK.match(line):
            first, count = int(match[1]), int(match[2] or 1)
            if count:
                yield first, first + count - 1


def _told(place: Conversation, path: str) -> Iterator[str]:
    """The marks of suggestions that an earlier run made, also of those that are resolved or out of date by now."""
    rows = list(place.paged(path))
    if len(rows) >= place.most:
        raise ScanError("the request has more comments than we look through")
    for row in place.mine(rows):
        if match := _MARK.match(str(row.get("body") or "")):  # at its start: lines of the file are quoted further down
            yield match[1]
