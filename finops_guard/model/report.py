"""What a run says: findings, steps, gaps, all of it in a Report. Every output renders a Report and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol, TypeAlias

from finops_guard.model.money import BudgetStatus, PlanDelta, UnitCost
from finops_guard.model.resource import Resource
from finops_guard.model.rule import Mode, Rule, Severity, Verb
from finops_guard.model.values import Money

Verdict: TypeAlias = Literal["outside", "pass", "fail", "unknown"]


class Reason(NamedTuple):
    """Why one test did not hold, as data. Text is made when it is rendered (`report_text.because`).

    `actual` is the value, None when absent, or an `Unknown`. For a nested `any`, `op` is "any" and `expected` holds one
    tuple of reasons for each alternative; for `not`, `op` is "not" and `expected` is the Condition that held.
    """

    field: str
    op: str
    expected: object
    actual: object


@dataclass(slots=True)
class Finding:
    """Rule × resource × verdict, with reasons as data.

    `id` is the stable fingerprint. `acts` is false where the binding's `where` was unknown. `exempt` is the reason of
    the exemption that covers it, or None. `doubt`: why it cannot be told whether one does; then nothing is written.
    """

    rule: Rule
    binding: str
    severity: Severity
    resource: Resource
    verdict: Verdict
    reasons: tuple[Reason, ...]
    id: str
    acts: bool = True
    exempt: str | None = None
    since: datetime | None = None
    doubt: str | None = None


StepState: TypeAlias = Literal["scheduled", "due", "refused", "done", "failed", "skipped"]


@dataclass(slots=True)
class Step:
    """One action on one resource. `due` is None until its episode has begun; `because` says why it is refused or waits.

    `before` and `after` hold what the verb reads and would leave. `saves_month` is None when unknown or nothing.
    `serves` names what it is for: (finding id, index of the rung) pairs, several where tag steps were merged.
    """

    id: str
    do: Verb
    resource: Resource
    rules: tuple[str, ...]
    binding: str
    state: StepState
    due: datetime | None
    reversible: bool
    loses: tuple[str, ...] = ()
    because: str | None = None
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    saves_month: Money | None = None
    warn: tuple[datetime, ...] = ()
    approved: tuple[str, ...] = ()
    serves: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act did to one resource."""

    step: str
    state: StepState
    before: Mapping[str, object]
    after: Mapping[str, object]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A cell (account × region × type) that could not be read. `expected`: the policy knows.

    `wrong`: what was given is itself wrong (a file that is no HCL), which no permission and no later run mends.
    """

    cloud: str
    account: str
    region: str
    type: str
    reason: str
    expected: bool = False
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we were on a cloud."""

    cloud: str
    account: str
    principal: str


@dataclass(slots=True)
class Calls:
    """Requests sent to one cloud, and what they cost."""

    requests: int = 0
    retries: int = 0
    usd: Decimal = Decimal(0)


class Memory(Protocol):
    """What an earlier part of the same run has read, cell by cell, so that a run can go on where it was cut short.

    Cells are named, and come in the same order every time.
    """

    def recall(self, cell: str) -> Iterator[Resource] | None:
        """The resources of a cell that was read whole, None if it was not."""

    def said(self, cell: str) -> tuple[list[Gap], list[str]]:
        """The gaps and remarks of a cell that was read whole."""

    def keep(self, cell: str, resources: Iterator[Resource]) -> Iterator[Resource]:
        """The same resources, remembered as they pass."""

    def whole(self, cell: str, gaps: Sequence[Gap], remarks: Sequence[str]) -> None:
        """The cell whose resources passed last has been read whole."""


@dataclass(slots=True)
class Notes:
    """What a source says besides resources. `say(what, done, total)` reports progress, total 0 when not known.

    `documents`: those of infrastructure as code that were read, though nothing may be in them.
    """

    gaps: list[Gap] = field(default_factory=list)
    calls: dict[str, Calls] = field(default_factory=dict)
    identities: list[Identity] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    say: Callable[[str, int, int], None] = lambda _what, _done, _total: None
    memory: Memory | None = None
    documents: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Need:
    """What the loaded rules can reach, so that sources collect no more.

    `kinds` None means every kind. `metrics` are (field, over in seconds) pairs.
    """

    kinds: frozenset[str] | None
    fields: frozenset[str]
    metrics: frozenset[tuple[str, int]] = frozenset()


@dataclass(slots=True)
class Coverage:
    """How one rule did; percent is pass / (pass + fail), None when it judged nothing.

    A rule that is all unknown, or matched nothing, was judged nowhere.
    """

    rule: str
    title: str
    severity: Severity
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    exempt: int = 0

    @property
    def percent(self) -> float | None:
        """Share of the judged population that passes, in percent."""
        judged = self.passed + self.failed
        return 100.0 * self.passed / judged if judged else None


@dataclass(frozen=True, slots=True)
class PackUsed:
    """A pack as this run used it; `origin` is its path or `shipped`."""

    name: str
    version: str
    sha256: str
    origin: str


@dataclass(slots=True)
class Report:
    """Everything one run found. Money totals by currency; `asked` are the targets as they were named.

    `findings` and `steps` come with the dearest resource first. Of many they are read anew, as other objects, each time
    they are looked at; those of a run that acts are held.

    `short`: why acts that were due in an enforcing run were not tried (`at_most`, a halt, too many failures, …);
    `barred`: why it could not act at all; `more`: its time was up before all that is due was done; `journal_head`: the
    hash that seals what it did. `planned`: only what is planned was judged; then only findings of `enforced` bindings
    (their declared mode is enforce) fail a pipeline. `deltas`: what a plan adds to the bill of a month, all of it
    first, then each team's part.
    """

    run_id: str
    started: datetime
    finished: datetime
    at: datetime
    version: str
    mode: Mode
    policy_name: str
    policy_sha256: str
    policy_git: str | None
    packs: tuple[PackUsed, ...]
    identities: tuple[Identity, ...]
    resources: int
    counts: Mapping[str, int]
    cost_month: Mapping[str, Decimal]
    cost_month_unknown: int
    saves_month: Mapping[str, Decimal]
    findings: Collection[Finding]
    steps: Collection[Step]
    coverage: tuple[Coverage, ...]
    gaps: tuple[Gap, ...]
    calls: Mapping[str, Calls]
    remarks: tuple[str, ...] = ()
    complete: bool = True
    asked: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    barred: str | None = None
    more: bool = False
    budgets: tuple[BudgetStatus, ...] = ()
    units: tuple[UnitCost, ...] = ()
    journal_head: str | None = None
    planned: bool = False
    deltas: tuple[PlanDelta, ...] = ()
    enforced: frozenset[str] = frozenset()

    @property
    def wrong(self) -> bool:
        """Whether a part of what was given is an input error: the exit code is 2, though everything else was judged."""
        return any(gap.wrong and not gap.expected for gap in self.gaps)

    def binds(self, finding: Finding) -> bool:
        """Whether a finding can fail a run: on what is planned, only one of a binding whose mode is enforce."""
        planned = self.planned or finding.resource.fields.get("state") == "planned"
        return finding.binding in self.enforced if planned else True

    def blocks(self, finding: Finding) -> bool:
        """Whether the ladder of a finding on what is planned has `block`: it then fails whatever its severity.

        Not where it is unknown whether the binding holds for it: then nothing follows, as its steps say.
        """
        planned = self.planned or finding.resource.fields.get("state") == "planned"
        has = any(rung.do == "block" for rung in finding.rule.otherwise)
        return planned and has and finding.acts and self.binds(finding)
