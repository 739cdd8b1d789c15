"""Comments in sources that waive findings, as far as the policy lets them: `waivers: {inline: [RULE], at_most: 30d}`.

A finding that is waived stays in the report, exempt, with the reason, the day and, where git knows, the author and
commit. A comment that is not right or not allowed waives nothing, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.model import Finding, Location, Notes, Policy
from finops_guard.sources import git
from finops_guard.sources.iac import _ignores
from finops_guard.sources.iac._ignores import Ignore, Source

PATIENCE = 10.0
"""Seconds that git gets in one run to tell who wrote the comments; then it is not told."""
SAID = 20
"""Comments told of one by one; of the rest only how many there are."""


@dataclass(slots=True)
class Waived:
    """Findings of one run, waived where a comment may. `today` is the day of the run."""

    policy: Policy
    today: date
    notes: Notes
    _files: dict[str, Source] = field(default_factory=dict)
    _authors: dict[str, Mapping[int, git.Author]] = field(default_factory=dict)
    _told: dict[tuple[str, int], str] = field(default_factory=dict)
    _patience: float = PATIENCE

    def seen(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The same findings in their order; what there is to say of comments goes to the notes at the end."""
        for each in findings:
            at = each.resource.at
            planned = each.resource.fields.get("state") == "planned"
            if each.verdict == "fail" and each.exempt is None and at is not None and planned:
                yield self._waived(each, at)
            else:
                yield each
        told = [said for _, said in sorted(self._told.items())]
        self.notes.remarks += told[:SAID]
        if len(told) > SAID:
            self.notes.remarks.append(f"{len(told) - SAID:,} more comments that waive a rule, or would")

    def _waived(self, finding: Finding, at: Location) -> Finding:
        source = self._source(at.file)
        for ignore in source.about(at):
            if ignore.rule == finding.rule.id and self._refusal(ignore) is None:
                by = self._by(ignore, source)
                place = f"{ignore.at.file}:{ignore.at.line}"
                self._told[_key(ignore)] = f"{place}: {ignore.rule} is waived until {ignore.until}{by}: {ignore.reason}"
                return replace(finding, exempt=f"{ignore.reason} (inline at {place}{by}, until {ignore.until})")
        return finding

    def _source(self, file: str) -> Source:
        """The comments of a file; what is wrong with them is said once."""
        if file not in self._files:
            try:
                self._files[file] = _ignores.read(file)
            except InputError as wrong:
                self._files[file] = _ignores.NOTHING
                self.notes.remarks.append(f"{file}: comments that waive a rule are not read: {wrong.what}")
            for ignore in self._files[file].ignores:
                if (why := self._refusal(ignore)) is not None:
                    self._told[_key(ignore)] = f"{ignore.at.file}:{ignore.at.line}: finops-guard:ignore {why}"
        return self._files[file]

    def _refusal(self, ignore: Ignore) -> str | None:
        """Why a comment waives nothing, None where it may."""
        allowed = self.policy.waivers
        last = self.today + allowed.at_most
        if ignore.wrong is not None:
            return ignore.wrong
        if ignore.rule not in allowed.inline:
            known = any(ignore.rule == rule.id for binding in self.policy.bindings for rule in binding.rules)
            if not known:
                return f"names {ignore.rule}, which is no rule of the policy"
            return f"is not allowed for {ignore.rule}: the policy does not list it in waivers.inline"
        if ignore.until < self.today:
            return f"of {ignore.rule} ended on {ignore.until}"
        if ignore.until > last:
            return f"of {ignore.rule} ends on {ignore.until}: the policy allows {last} at most"
        return None

    def _by(self, ignore: Ignore, source: Source) -> str:
        """`, by Ann in 0123456789`; empty where git does not know."""
        file = ignore.at.file
        if file not in self._authors:
            began = time.monotonic()
            lines = sorted({each.at.line for each in source.ignores if self._refusal(each) is None})
            may = self._patience > 0 and git.top(Path(file)) is not None
            self._authors[file] = git.authors(Path(file), lines, self._patience) if may else {}
            self._patience -= time.monotonic() - began
        author = self._authors[file].get(ignore.at.line)
        return "" if author is None else f", by {author.name} in {author.commit}"


def _key(ignore: Ignore) -> tuple[str, int]:
    return ignore.at.file, ignore.at.line
