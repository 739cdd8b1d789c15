"""What came of applying."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from finops_guard.errors import ActError
from finops_guard.model import Outcome, Step


@dataclass(frozen=True, slots=True)
class Applied:
    """One outcome for each step that was looked at; those left out were not due.

    `settled`: what came of acts that an earlier run left open. `short`: why acts that were due were not tried
    (`at_most`, a halt, a lease that was lost, too many failures, a first act gone wrong), each once. `more`: the time
    of the run was up before all was done.
    """

    run: str
    outcomes: tuple[Outcome, ...] = ()
    settled: tuple[Outcome, ...] = ()
    short: tuple[str, ...] = ()
    more: bool = False

    @property
    def exit_code(self) -> int:
        """4 where something failed or was not tried, else 0."""
        failed = any(outcome.state == "failed" for outcome in self.outcomes)
        return ActError.exit_code if failed or self.short else 0

    def over(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps as they are now, for the report."""
        found = {outcome.step: outcome for outcome in self.outcomes}
        for step in steps:
            outcome = found.get(step.id)
            yield step if outcome is None else replace(step, state=outcome.state, because=outcome.error)
