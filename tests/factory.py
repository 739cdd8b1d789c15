"""Builders of resources, findings, steps and reports for tests: give what matters, the rest is made up."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.model import (
    All,
    Calls,
    Coverage,
    Finding,
    Identity,
    Money,
    PackUsed,
    Price,
    Reason,
    Report,
    Resource,
    Rule,
    Step,
    Tags,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from finops_guard.model import Gap, Location, Severity, StepState, Value, Verb, Verdict

NOW = datetime(2026, 11, 14, 9, 30, tzinfo=UTC)
ABSENT = (Reason("tags.team", "in", ("vision", "nlp"), None),)


def resource(
    name: str = "train-1",
    *,
    kind: str = "vm",
    type: str = "AWS::EC2::Instance",  # noqa: A002 - the field's name
    account: str = "111111111111",
    region: str = "eu-west-1",
    month: str | None = "100.00",
    currency: str = "EUR",
    tags: Mapping[str, str] | Tags | None = None,
    owner: str | None = None,
    at: Location | None = None,
    **fields: Value,
) -> Resource:
    """A resource on AWS; `month` None is a price that nobody knows, dotted fields go in `**{"cost.hour": …}`."""
    known: dict[str, Value] = {
        "cloud": "aws",
        "account": account,
        "region": region,
        "kind": kind,
        "type": type,
        "id": f"arn:aws:ec2:{region}:{account}:instance/{name}",
        "name": name,
        "owner": owner,
    }
    if month is not None:
        known["cost.month"] = Money(Decimal(month), currency)
    return Resource(
        fields=known | fields,
        tags=tags if isinstance(tags, Tags) else Tags.of(tags or {}),
        unknown={} if month is not None else {"cost.month": "no price for this type"},
        price=Price(Money(Decimal(month) / 730, currency), "list-price", "2026-07-20") if month else None,
        at=at,
    )


def rule(id: str = "ai-tags/whose", title: str = "", severity: Severity = "high") -> Rule:  # noqa: A002
    """A rule that matches and requires anything."""
    pack, _, name = id.partition("/")
    return Rule(pack, name, title or f"{name} holds", severity, match=All(()), require=All(()))


def finding(
    on: Resource | None = None,
    of: Rule | None = None,
    verdict: Verdict = "fail",
    reasons: tuple[Reason, ...] = ABSENT,
    *,
    exempt: str | None = None,
    since: datetime | None = None,
) -> Finding:
    """A finding whose fingerprint is made of its rule and resource."""
    on, of = on or resource(), of or rule()
    id_ = f"{of.id}@{on.id}"
    return Finding(of, of.pack, of.severity, on, verdict, reasons, id_, exempt=exempt, since=since)


def step(
    do: Verb,
    on: Resource,
    state: StepState = "scheduled",
    *,
    due: datetime | None = None,
    because: str | None = None,
    saves: str | None = None,
    rules: tuple[str, ...] = ("ai-tags/whose",),
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> Step:
    """A step of the binding `ai-tags`."""
    return Step(
        id=f"{do}@{on.id}",
        do=do,
        resource=on,
        rules=rules,
        binding="ai-tags",
        state=state,
        due=due,
        reversible=do != "terminate",
        loses=("local disks",) if do == "terminate" else (),
        because=because,
        before=before or {},
        after=after or {},
        saves_month=Money(Decimal(saves), "EUR") if saves else None,
    )


def report(
    findings: Iterable[Finding] = (),
    *,
    steps: Iterable[Step] = (),
    gaps: Iterable[Gap] = (),
    resources: int | None = None,
    passed: int = 0,
    coverage: tuple[Coverage, ...] | None = None,
    remarks: tuple[str, ...] = (),
) -> Report:
    """A report whose totals follow from its findings; every rule has `passed` resources that pass."""
    found, planned, holes = tuple(findings), tuple(steps), tuple(gaps)
    rows: dict[str, Coverage] = {}
    month: dict[str, Decimal] = {}
    unpriced = 0
    for one in found:
        row = rows.setdefault(one.rule.id, Coverage(one.rule.id, one.rule.title, one.severity, passed))
        row.exempt += one.exempt is not None
        row.failed += one.exempt is None and one.verdict == "fail"
        row.unknown += one.exempt is None and one.verdict == "unknown"
    for res in {id(f.resource): f.resource for f in found if f.verdict == "fail" and f.exempt is None}.values():
        if res.month:
            month[res.month.currency] = month.get(res.month.currency, Decimal(0)) + res.month.amount
        else:
            unpriced += 1
    shown = coverage if coverage is not None else tuple(rows[key] for key in sorted(rows))
    return Report(
        run_id="01JC-test",
        started=NOW,
        finished=NOW,
        at=NOW,
        version="0.1.0",
        mode="dry-run",
        policy_name="acme",
        policy_sha256="ab" * 32,
        policy_git=None,
        packs=(PackUsed("ai-tags", "1.0.0", "cd" * 32, "shipped"),),
        identities=(Identity("aws", "111111111111", "arn:aws:sts::111111111111:assumed-role/guard/me"),),
        resources=len(found) + passed if resources is None else resources,
        counts={
            "pass": sum(row.passed for row in shown),
            "fail": sum(row.failed for row in shown),
            "unknown": sum(row.unknown for row in shown),
            "exempt": sum(row.exempt for row in shown),
        },
        cost_month=month,
        cost_month_unknown=unpriced,
        saves_month=_saved(planned),
        findings=found,
        steps=planned,
        coverage=shown,
        gaps=holes,
        calls={"aws": Calls(requests=12, retries=1)},
        remarks=remarks,
        complete=all(gap.expected for gap in holes),
    )


def _saved(steps: Iterable[Step]) -> dict[str, Decimal]:
    saved: dict[str, Decimal] = {}
    for one in steps:
        if one.saves_month and one.state != "refused":
            currency = one.saves_month.currency
            saved[currency] = saved.get(currency, Decimal(0)) + one.saves_month.amount
    return saved
