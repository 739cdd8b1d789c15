"""What every output shows of a Report: order, groups and sums. Nothing here is computed from anything else."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from finops_guard.fields import COMPUTED_KINDS
from finops_guard.model import SEVERITIES, Unknown
from finops_guard.outputs._units import ledger
from finops_guard.outputs._words import because
from finops_guard.state.shelf import ordered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.model import Coverage, Finding, Report, Resource, Severity

NOBODY = "(no owner)"


def owner(resource: Resource) -> str:
    """Who answers for it, `(no owner)` where nobody is known."""
    return resource.text("owner") or NOBODY


def short_name(resource: Resource) -> str:
    """In code its address; else its name, and without one the last part of its id."""
    id_ = resource.id
    if resource.at:
        return id_
    return resource.text("name") or id_.rstrip("/").rpartition("/")[2].rpartition(":")[2] or id_


def place(resource: Resource) -> str:
    """Where it is: account/region, or file:line in code."""
    if resource.at:
        return f"{resource.at.file}:{resource.at.line}"
    return "/".join(part for part in (resource.text("account"), resource.text("region")) if part)


def unpriced(resource: Resource) -> str | None:
    """Why its price is not known; None where it is."""
    if resource.month is not None:
        return None
    value = resource.look("cost.month")
    return value.reason if isinstance(value, Unknown) else "it has no price of its own"


def without_price(resource: Resource) -> str:
    """What stands where a price would: budgets, plans and their like have none."""
    return "–" if resource.kind in COMPUTED_KINDS else "no price"


def why(finding: Finding) -> list[str]:
    """Its reasons as sentences, each once: alternatives can fail for the same one."""
    return list(dict.fromkeys(because(reason) for reason in finding.reasons))


@dataclass(slots=True)
class Share:
    """How many findings one owner has under one rule, or one rule has; `month` by currency, of those that fail."""

    failing: int = 0
    unknown: int = 0
    month: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unpriced: int = 0

    def add(self, finding: Finding) -> None:
        """Count one finding."""
        if finding.verdict != "fail":
            self.unknown += 1
            return
        self.failing += 1
        month = finding.resource.month
        if month is None:
            self.unpriced += 1
        else:
            self.month[month.currency] += month.amount

    @property
    def count(self) -> int:
        """All of them."""
        return self.failing + self.unknown

    @property
    def rank(self) -> tuple[Decimal, int, int]:
        """Most money first, then most failing, then most unknown."""
        return -sum(self.month.values(), Decimal(0)), -self.failing, -self.unknown


@dataclass(slots=True)
class RuleGroup(Share):
    """Unexempted findings of one rule, and by owner; `severity` is the worst any binding gives it.

    `findings` are the first of them.
    """

    findings: list[Finding] = field(default_factory=list)

    rule: str = ""
    title: str = ""
    severity: Severity = "low"
    exempt: int = 0
    owners: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))


def by_rule(report: Report, most: int | None) -> list[RuleGroup]:
    """Failing and unknown findings by rule, most money first, owners inside too; the first `most` of each are kept."""
    groups: dict[str, RuleGroup] = {}
    for finding in ordered(report.findings):
        if finding.verdict not in ("fail", "unknown"):
            continue
        rule = finding.rule
        group = groups.setdefault(rule.id, RuleGroup(rule=rule.id, title=rule.title))
        if finding.exempt is not None:
            group.exempt += 1
            continue
        group.severity = max(group.severity, finding.severity, key=SEVERITIES.index)
        group.add(finding)
        if most is None or len(group.findings) < most:
            group.findings.append(finding)
        group.owners[owner(finding.resource)].add(finding)
    for group in groups.values():
        group.owners = dict(sorted(group.owners.items(), key=lambda item: (item[1].rank, item[0])))
    return sorted(groups.values(), key=lambda g: (g.rank, -SEVERITIES.index(g.severity), g.rule))


def failing_on(report: Report, whole: str) -> str:
    """What has an unexempted failing finding: `3 of WHOLE and 1 plan`. What was computed is none of the resources."""
    failing = (f.resource for f in ordered(report.findings) if f.verdict == "fail" and f.exempt is None)
    kinds = Counter(next(same).kind for _, same in groupby(failing, lambda resource: resource.id))
    computed = {kind: count for kind, count in sorted(kinds.items()) if kind in COMPUTED_KINDS}
    others = ", ".join(f"{count:,} {kind}{'' if count == 1 else 's'}" for kind, count in computed.items())
    found = kinds.total() - sum(computed.values())
    return f"{found:,} of {whole}{f' and {others}' if others else ''}" if found or not others else others


def total(month: Mapping[str, Decimal]) -> str:
    """Money by currency on one line: `1,234.50 EUR + 10.00 USD`; empty where there is none."""
    return " + ".join(f"{ledger(value)} {currency}" for currency, value in sorted(month.items()))


def blind(report: Report) -> tuple[list[Coverage], list[Coverage]]:
    """Rules that judged nothing: those that only met unknown values, and those that matched no resource."""
    nowhere = [row for row in report.coverage if row.percent is None and not row.exempt]
    return [row for row in nowhere if row.unknown], [row for row in nowhere if not row.unknown]


@dataclass(frozen=True, slots=True)
class Hole:
    """Gaps that differ only in their region."""

    cloud: str
    account: str
    regions: tuple[str, ...]
    type: str
    reason: str


def holes(report: Report, *, expected: bool) -> Iterator[Hole]:
    """Gaps the policy does not (or does) expect, regions of the same cell together, sorted."""
    regions: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for gap in report.gaps:
        if gap.expected is expected:
            regions[gap.cloud, gap.account, gap.type, gap.reason].append(gap.region)
    for cloud, account, type_, reason in sorted(regions):
        found = tuple(sorted(set(regions[cloud, account, type_, reason])))
        yield Hole(cloud, account, found, type_, reason)


def incomplete(report: Report) -> bool:
    """Whether the scan ends with exit code 3, or 2: a gap that the policy does not expect."""
    return not report.complete or any(not gap.expected for gap in report.gaps)
