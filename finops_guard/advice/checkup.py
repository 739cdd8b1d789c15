"""What a run could not judge, why, what that hides, and how to mend it: from its report and its resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias, get_args

from finops_guard.advice import remedies
from finops_guard.costs.reach import COSTS
from finops_guard.model import Finding, Gap, Money, Report, Resource, Unknown

About: TypeAlias = Literal["installation", "login", "access", "rules", "facts", "prices", "remarks"]
ABOUT: tuple[About, ...] = get_args(About)
_WITH_ITS_PARTS = "priced as the machines"
"""Not hidden: its machines are priced, each by itself."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `blocks`: a scan is incomplete because of it.

    `hides` is the monthly cost, by currency, of the resources that cannot be judged for it; `unpriced` counts those
    among them without a price. For a gap both are empty: what was not read has no price yet.
    """

    about: About
    what: str
    fix: str
    blocks: bool = False
    where: tuple[str, ...] = ()
    resources: int = 0
    hides: Mapping[str, Decimal] = field(default_factory=dict)
    unpriced: int = 0

    @property
    def rank(self) -> tuple[int, bool, Decimal, int, str]:
        """By what it is about, and there what blocks first, then most money, then most resources."""
        return (
            ABOUT.index(self.about),
            not self.blocks,
            -sum(self.hides.values(), Decimal(0)),
            -self.resources,
            self.what,
        )


@dataclass(slots=True)
class _Hidden:
    """Resources that something hides, each once, and what they cost."""

    where: dict[str, None] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    month: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unpriced: int = 0

    def add(self, resource: Resource) -> None:
        if resource.id in self.seen:
            return
        self.seen.add(resource.id)
        month = resource.fields.get("cost.month")
        if isinstance(month, Money):
            self.month[month.currency] += month.amount
        else:
            self.unpriced += "cost.month" not in resource.fields

    def trouble(self, about: About, what: str, fix: str) -> Trouble:
        return Trouble(
            about=about,
            what=what,
            fix=fix,
            where=tuple(self.where),
            resources=len(self.seen),
            hides=dict(self.month),
            unpriced=self.unpriced,
        )


def checkup(report: Report, resources: Iterable[Resource]) -> list[Trouble]:
    """All that is wrong with a run, most urgent first. `resources`: all of them, priced, not only those that fail."""
    found = [
        *_gaps(report.gaps),
        *_facts(report.findings),
        *_rules(report),
        *_prices(resources),
        *(Trouble("remarks", remark, remedies.for_remark(remark)) for remark in report.remarks),
    ]
    return sorted(found, key=lambda trouble: trouble.rank)


def _fix(gap: Gap) -> str:
    return remedies.for_costs(gap.type, gap.reason) if gap.cloud == COSTS else remedies.for_gap(gap.reason)


def _gaps(gaps: Iterable[Gap]) -> Iterator[Trouble]:
    cells: dict[tuple[bool, str], list[Gap]] = defaultdict(list)
    for gap in gaps:
        cells[gap.expected, gap.reason].append(gap)
    for (expected, reason), same in cells.items():
        fix = "the policy expects it (scope.expect)" if expected else _fix(same[0])
        where = tuple(f"{gap.cloud} {gap.account} {gap.region} {gap.type}" for gap in same)
        yield Trouble("access", reason, fix, blocks=not expected, where=where)


def _facts(findings: Iterable[Finding]) -> Iterator[Trouble]:
    """Unknown verdicts by the value they lack and the reason it is not known."""
    hidden: dict[tuple[str, str], _Hidden] = defaultdict(_Hidden)
    for finding in findings:
        if finding.verdict != "unknown":
            continue
        for name, reason in _lacking(finding.reasons):
            one = hidden[name, reason]
            one.where.setdefault(finding.rule.id)
            one.add(finding.resource)
    for (name, reason), one in hidden.items():
        yield one.trouble("facts", f"{name} is unknown: {reason}", remedies.for_fact(name, reason))


def _lacking(reasons: Iterable[tuple[str, str, object, object]]) -> Iterator[tuple[str, str]]:
    """Each unknown value among reasons, those of alternatives too."""
    found: dict[tuple[str, str], None] = {}
    for name, op, expected, actual in reasons:
        if isinstance(actual, Unknown):
            found[name, remedies.general(actual.reason)] = None
        elif op == "any" and isinstance(expected, tuple | list):
            for alternative in expected:
                found |= dict.fromkeys(_lacking(alternative))
    yield from found


def _rules(report: Report) -> Iterator[Trouble]:
    nowhere = [row.rule for row in report.coverage if row.unknown and not row.passed and not row.failed]
    nothing = [row.rule for row in report.coverage if not (row.unknown or row.passed or row.failed or row.exempt)]
    if nowhere:
        what = "judged nowhere: all that these rules met is unknown"
        yield Trouble("rules", what, "see below why, value by value", where=tuple(nowhere))
    if nothing:
        fix = "fine where you have no such resources; otherwise see the binding's `where` and the scope"
        yield Trouble("rules", "matched nothing", fix, where=tuple(nothing))


def _prices(resources: Iterable[Resource]) -> Iterator[Trouble]:
    hidden: dict[str, _Hidden] = defaultdict(_Hidden)
    for resource in resources:
        reason = resource.unknown.get("cost.month", "nobody priced it")
        if "cost.month" not in resource.fields and not reason.startswith(_WITH_ITS_PARTS):
            one = hidden[reason]
            one.where.setdefault(resource.text("type") or resource.kind)
            one.add(resource)
    for reason, one in hidden.items():
        yield one.trouble("prices", reason, remedies.for_price(reason))
