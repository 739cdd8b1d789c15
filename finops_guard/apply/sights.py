"""How a run saw the findings that have episodes, and those it has none of any more: what `next_state` goes by.

An episode ends only where the run looked: its resource was read and no longer fails, or it was not there in a place
that was read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from finops_guard.model import Finding, Policy
from finops_guard.state.episodes import About, Ladder, Records, Seen, Sight


@dataclass(slots=True)
class Sights:
    """The ladders of a policy, each hashed when it is first met."""

    policy: Policy
    _ladders: dict[tuple[str, str], Ladder] = field(default_factory=dict)

    def ladder(self, finding: Finding) -> Ladder:
        """The ladder that a finding is on."""
        key = finding.binding, finding.rule.id
        if key not in self._ladders:
            (binding,) = (each for each in self.policy.bindings if each.name == finding.binding)
            self._ladders[key] = Ladder.of(finding.rule, binding)
        return self._ladders[key]

    def seen(
        self, findings: Collection[Finding], records: Records, there: Collection[str], looked: Callable[[About], bool]
    ) -> list[Seen]:
        """Each finding, and each running episode that none was found for.

        `there`: the ids of resources with a running episode that were read. `looked`: whether a place was read whole.
        """
        return [*map(self._seen, findings), *self._missed(findings, records, there, looked)]

    def _seen(self, finding: Finding) -> Seen:
        (mode,) = (binding.mode for binding in self.policy.bindings if binding.name == finding.binding)
        enforced = self.policy.mode == mode == "enforce"
        sight: Sight = "unknown"
        if finding.exempt is not None:
            sight = "exempt"
        elif finding.verdict == "pass" or (finding.verdict == "fail" and finding.acts and enforced):
            sight = finding.verdict
        return Seen(finding.id, sight, About.of(finding), self.ladder(finding))

    def _missed(
        self, findings: Iterable[Finding], records: Records, there: Collection[str], looked: Callable[[About], bool]
    ) -> Iterator[Seen]:
        """It passes, its rule is no longer about it, or it is gone."""
        found = {finding.id for finding in findings}
        rules = {(binding.name, rule.id) for binding in self.policy.bindings for rule in binding.rules}
        for finding, record in records.items():
            if not record.running or finding in found:
                continue
            about = record.about
            sight: Sight = "pass" if (about.binding, about.rule) in rules else "outside"
            if about.resource not in there:
                sight = "gone" if looked(about) else "unknown"
            yield Seen(finding, sight, about, Ladder(record.ladder, notifies=False, longest=record.longest))
