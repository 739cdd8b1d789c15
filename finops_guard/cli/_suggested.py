"""Fixes as a file of suggestions, for `finops-guard comment` and for other programs that talk to a code host.

`{"schema": "finops-guard/suggestions/1", "said": […], "suggestions": […], "left_out": […]}`. `said`: what whoever takes
them should know, line by line. A suggestion: `file` from the top of its repository, `blob` (git's id of the file as it
is), `first` and `last` (from 1, both included), `old` and `new` (lines without the newline), `severity` of the worst
finding that it is for, and `findings`: `id rule severity resource` and `also`, the other places that have to change for
it. The most severe come first.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.model import SEVERITIES
from finops_guard.outputs._escape import visible

if TYPE_CHECKING:
    from finops_guard.fixing import Fixed, Hunk

SCHEMA = "finops-guard/suggestions/1"
_ALSO = 5
"""Other places that are named; a change of default tags may need no other, a renamed key many."""


def write(path: Path, fixed: Fixed) -> None:
    """Write what can be put right as suggestions. InputError where the file cannot be written."""
    from finops_guard.fixing import hunks

    found = [(each, _named(each.file), _old(each, fixed.texts[each.file][0])) for each in hunks(fixed)]
    also: Mapping[str, list[str]] = defaultdict(list)
    for hunk, name, _ in found:
        for finding in hunk.findings:
            also[finding.id].append(f"{name}:{hunk.first}")
    told: dict[str, object] = {"schema": SCHEMA, "said": list(fixed.said)}
    rows = [_row(*each, fixed.texts[each[0].file][0], also) for each in found if not _hidden(each[0], each[2])]
    told["suggestions"] = sorted(rows, key=lambda row: -SEVERITIES.index(str(row["severity"])))
    told["left_out"] = [
        {"file": name, "first": hunk.first, "why": why} for hunk, name, old in found if (why := _hidden(hunk, old))
    ]
    try:
        path.write_text(json.dumps(told, indent=1) + "\n", "ascii")
    except OSError as wrong:
        raise InputError(f"{path}: cannot be written: {wrong.strerror or wrong}") from None


def _named(file: Path) -> str:
    """A file as its repository names it, whatever link leads to it; outside of one as the target named it."""
    from finops_guard.sources import git

    real = Path(os.path.realpath(file))
    top = git.top(real.parent)
    return file.as_posix() if top is None else real.relative_to(top).as_posix()


def _old(hunk: Hunk, before: bytes) -> tuple[bytes, ...]:
    return tuple(before.split(b"\n")[hunk.first - 1 : hunk.last])


def _hidden(hunk: Hunk, old: Sequence[bytes]) -> str:
    """Why lines cannot be shown to people as they are; empty where they can."""
    for line in (*old, *hunk.lines):
        try:
            text = line.decode().rstrip("\r\n").replace("\t", " ")
        except UnicodeDecodeError:
            return "it is not UTF-8"
        if visible(text) != text:
            return "it holds characters that cannot be seen"
    return ""


def _row(
    hunk: Hunk, name: str, old: Sequence[bytes], before: bytes, also: Mapping[str, list[str]]
) -> Mapping[str, object]:
    here = f"{name}:{hunk.first}"
    findings = [
        {
            "id": each.id,
            "rule": each.rule.id,
            "severity": each.severity,
            "resource": each.resource.id,
            "also": [place for place in also[each.id] if place != here][:_ALSO],
        }
        for each in hunk.findings
    ]
    return {
        "file": name,
        "blob": sha1(b"blob %d\0%b" % (len(before), before), usedforsecurity=False).hexdigest(),
        "first": hunk.first,
        "last": hunk.last,
        "old": [line.decode() for line in old],
        "new": [line.decode().removesuffix("\n") for line in hunk.lines],
        "severity": max((each.severity for each in hunk.findings), key=SEVERITIES.index, default="low"),
        "findings": findings,
    }
