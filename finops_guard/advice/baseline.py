"""Findings that stood at some time, so that only new ones count: what a team takes on beside the debt it has.

Only failures in infrastructure as code are in it. One is the same as before if the rule, the address and the folder (of
Terraform) or the file (of anything else) are: lines may move, resources may move between the files of a folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.model import Finding, PlanDelta, Report
from finops_guard.sources import git
from finops_guard.state import documents

SCHEMA = "finops-guard/baseline/1"
LARGEST = 64 * 2**20
_TERRAFORM = (".tf", ".tofu", ".tf.json", ".tofu.json")
Key = tuple[str, str]
"""A finding's id, and where it stands."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where files stand, in words that are the same in every checkout: below its top, else below where we are.

    `top`: of a copy that is no checkout.
    """

    top: Path | None = None
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, finding: Finding) -> str:
        """The folder or file of a finding; empty outside of both."""
        at = finding.resource.at
        if at is None:
            return ""
        if at.file not in self._known:
            self._known[at.file] = self._place(Path(at.file).absolute())
        return self._known[at.file]

    def _place(self, file: Path) -> str:
        place = file.parent if file.name.endswith(_TERRAFORM) else file
        place = Path(os.path.normpath(place))
        for above in (self.top, git.top(file.parent), Path.cwd()):
            if above is not None and place.is_relative_to(above):
                return place.relative_to(above).as_posix()
        return ""


@dataclass(slots=True)
class Baseline:
    """Findings that stood; `name` is as in "in the baseline of 2026-11-25". `met`: those that a run finds again.

    `said`: what a reader must know beside that. `deltas`: what all of it cost, None where that is not known. Not
    `exempts`: nothing but that is asked of it.
    """

    name: str
    keys: frozenset[Key]
    places: Places = field(default_factory=Places)
    met: set[Key] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    deltas: tuple[PlanDelta, ...] | None = None
    exempts: bool = True

    def seen(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The same findings in their order, those that stand in it exempt."""
        for each in findings:
            if each.exempt is None and belongs(each) and (key := (each.id, self.places.of(each))) in self.keys:
                self.met.add(key)
                yield replace(each, exempt=f"in {self.name}")
            else:
                yield each

    def holds(self, finding: Finding) -> bool:
        """Whether a finding was met that stands in it."""
        return (finding.id, self.places.of(finding)) in self.met

    def remarks(self) -> Iterator[str]:
        """What a reader must know of it."""
        if self.exempts:
            gone = len(self.keys) - len(self.met)
            stand = f"{len(self.met):,} finding{'s stand' if len(self.met) != 1 else ' stands'} in {self.name}"
            yield f"{stand}: only others count" + (f"; {gone:,} of it no longer stand" if gone else "")
        yield from self.said


def belongs(finding: Finding) -> bool:
    """Whether a finding can be in a baseline: a failure of what stands in a file. What is unknown stays unknown."""
    planned = finding.resource.fields.get("state") == "planned"
    return finding.verdict == "fail" and planned and finding.resource.at is not None


def at_ref(report: Report, name: str, top: Path) -> Baseline:
    """The baseline that a scan of a copy below `top` makes."""
    places = Places(top)
    found = Baseline(name, frozenset((each.id, places.of(each)) for each in _standing(report, None)))
    found.deltas = report.deltas if report.complete else None
    return found


def read(path: Path) -> Baseline:
    """A baseline from a file. InputError in one line for what is none."""
    told = documents.read(path, SCHEMA, partial(_none, path), LARGEST)
    entries = told.get("findings")
    if not isinstance(entries, list):
        raise _none(path, "has no list of findings")
    keys = set()
    for number, entry in enumerate(entries):
        id_, where = (entry.get("id"), entry.get("where")) if isinstance(entry, dict) else (None, None)
        if not isinstance(id_, str) or not isinstance(where, str):
            raise _none(path, f"findings[{number}] has no id or where")
        keys.add((id_, where))
    try:
        day = date.fromisoformat(str(told.get("date")))
    except ValueError:
        raise _none(path, "has no date") from None
    return Baseline(f"the baseline of {day}", frozenset(keys))


def write(path: Path, report: Report, before: Baseline | None) -> int:
    """Write what stands in a report, what `before` holds of it too; how many that is. InputError for a bad file."""
    places = Places()
    entries = sorted(
        ({"rule": f.rule.id, "resource": f.resource.id, "where": places.of(f), "id": f.id}
         for f in _standing(report, before)),
        key=lambda entry: (entry["where"], entry["resource"], entry["rule"]),
    )  # fmt: skip
    entries = [entry for n, entry in enumerate(entries) if not n or entry != entries[n - 1]]
    told: Mapping[str, object] = {"schema": SCHEMA, "date": f"{report.at:%Y-%m-%d}", "findings": entries}
    try:
        path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    except OSError as wrong:
        raise InputError(f"{path}: cannot be written: {wrong.strerror or wrong}") from None
    return len(entries)


def _standing(report: Report, before: Baseline | None) -> Iterator[Finding]:
    """What fails without an exemption, or only with that of an earlier baseline."""
    for each in report.findings:
        if belongs(each) and (each.exempt is None or (before is not None and before.holds(each))):
            yield each


def _none(path: Path, why: str) -> InputError:
    return InputError(f"{path}: no baseline: it {why}", help="write one with scan --write-baseline FILE")
