"""One rich report with hostile names and tag values in it, for the golden files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from finops_guard.model import (
    All,
    Budget,
    BudgetStatus,
    Compare,
    Count,
    Coverage,
    Forecast,
    Gap,
    Money,
    Not,
    Reason,
    Ref,
    Report,
    Tags,
    Unit,
    UnitCost,
    Unknown,
)
from tests.factory import NOW, finding, report, resource, rule, step

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b|c",
    "`rm -rf`",
    "=cmd|'/c calc'!A0",
    "\x1b[31mred\x1b[0m",
    "two\nlines\r\n# heading",
    "\u202egnp.exe",
    "@team please",
    "[click](https://evil.example)",
    "#123 GH-7 www.evil.example",
    "\x9b2Jc1",
    "x;=1+1",
    "\ttab",
    "![x](http://evil.example/p.png)",
)
WHOSE = rule("ai-tags/whose", "AI resources say whose they are and what they do", "high")
DATA = rule("ai-tags/training-data", "Training names its dataset and model", "medium")
IDLE = rule("accelerator-waste/idle", "Accelerators do work or are given back", "critical")
SPELLING = rule("tag-hygiene/spelling", "Tag keys have one spelling", "low")
PRICED = rule("accelerator-waste/oversized", "Machines have the accelerators they use", "medium")
TYPO = Reason("tags.workload-type", "in", ("training", "fine-tuning", "inference", "notebook"), "trainning")
NO_TEAM = Reason("tags.team", "in", ("vision", "nlp"), None)
LAZY = Reason("usage.accelerator_percent", "gte", (5.0, 259_200, "mean"), 2.13)
OLD = Reason("age", "lte", 604_800, 1_047_000)
CONFLICT = Reason(
    "tags.team", "exists", expected=True, actual=Unknown("conflicting spellings: Team='nlp', team='vision'")
)
NO_DATA = Reason("tags.dataset", "exists", expected=True, actual=None)
DENIED = Reason("tags.team", "in", ("vision", "nlp"), Unknown("AccessDenied sagemaker:ListTags"))
PUBLIC = Reason("", "not", Not(Compare(Ref("field", "managed_by"), "exists", value=True)).item, None)


def estate() -> Report:
    """Three accounts of a company that trains and serves models."""
    fleet = [
        resource(f"train-a100-{n:02}", month=str(23_922 - 1000 * n), owner="vision", account="111111111111")
        for n in range(14)
    ]
    serving = [
        resource(
            f"chat-endpoint-{n}",
            kind="endpoint",
            type="AWS::SageMaker::Endpoint",
            month=str(1_028 + n),
            owner="nlp",
            account="222222222222",
            region="eu-central-1",
        )
        for n in range(3)
    ]
    books = [
        resource(f"notebook-of-{who}", kind="notebook", type="AWS::SageMaker::NotebookInstance", month=price)
        for who, price in (("anna", "537.28"), ("bram", "1075.00"), ("chris", None))
    ]
    strange = [
        resource(
            text,
            kind="bucket",
            type="AWS::S3::Bucket",
            month="0.0231",
            tags={"Note": text, text: "x"},
            owner=HOSTILE[-n - 1],
        )
        for n, text in enumerate(HOSTILE)
    ]
    both = resource("gpu-shared", month="12410.00", owner="platform", tags=Tags.of({"Team": "nlp", "team": "vision"}))
    warm = resource("warm-standby", month="23922.10", owner="vision")
    findings = [
        *(finding(one, WHOSE, reasons=(TYPO, NO_TEAM), since=NOW - timedelta(days=n)) for n, one in enumerate(fleet)),
        *(finding(one, IDLE, reasons=(LAZY, OLD)) for one in fleet[:4]),
        *(finding(one, WHOSE) for one in books),
        *(finding(one, WHOSE, reasons=(Reason("tags.project", "matches", "[a-z]+", one.text("name")),))
          for one in strange),
        finding(both, WHOSE, reasons=(CONFLICT,)),
        finding(both, SPELLING, reasons=(Reason("tag_keys.conflicting", "eq", 0, 1), PUBLIC)),
        *(finding(one, WHOSE, "unknown", (DENIED,)) for one in serving),
        *(finding(one, DATA, reasons=(NO_DATA,)) for one in serving[:1]),
        finding(warm, IDLE, reasons=(LAZY,), exempt="Warm standby."),
        finding(books[2], PRICED, "unknown", (Reason("usage.cpu_percent", "gte", (20.0, 604_800, "p95"),
                                                     Unknown("54 % of the points, 90 % needed")),)),
    ]  # fmt: skip
    tomorrow = NOW + timedelta(hours=24)
    steps = [
        *(step("notify", f.resource, "due", due=NOW) for f in findings[:20]),
        *(step("stop", one, due=tomorrow, saves=str(one.month.amount if one.month else 0)) for one in fleet[:6]),
        *(step("stop", one, "refused", because="at_most: stop 6 in 24 h", saves="100") for one in fleet[6:9]),
        step("stop", both, "refused", because="conflicting spellings of team: no verb touches it"),
        step("terminate", books[0], saves="537.28"),
        step("tag", strange[4], due=tomorrow, rules=("ai-tags/whose", "tag-hygiene/spelling"),
             before={"tags": {}}, after={"tags": {"team": HOSTILE[4]}}),
    ]  # fmt: skip
    denied = "AccessDenied sagemaker:ListEndpoints"
    gaps = [
        *(Gap("aws", "222222222222", region, "AWS::SageMaker::Endpoint", denied)
          for region in ("eu-west-1", "eu-central-1")),
        Gap("aws", "333333333333", "*", "*", "AccessDenied sts:AssumeRole \x1b]0;pwned\x07"),
        Gap("aws", "999999999999", "*", "*", "suspended", expected=True),
    ]  # fmt: skip
    made = report(findings, steps=steps, gaps=gaps, passed=61, resources=412, remarks=("No budget is set.",))
    made.coverage = (*made.coverage, Coverage("accelerator-waste/untagged-too-long", "…", "high"))
    made.coverage[1].passed = 0
    made.budgets = (
        status("vision", "40000", "31200.5", "4100", Forecast(Decimal(47_000), error=0.061, method="trailing 7 days")),
        status("nlp", "25000", None, "12.30", Forecast(None, because="there is no cost data"), ("no cost data",)),
        status("gpu-quota", "2000", "400", None, Forecast(Decimal("1200.5"), Decimal(1000), Decimal(1400)), HOSTILE),
    )
    made.units = (
        unit("support-bot", "0.0131", change=0.094),
        unit("support-bot", "0.0131", key=HOSTILE[0]),
        unit("dijkscan-run", None, because=f"nothing was counted {HOSTILE[4]}"),
    )
    return made


def status(
    name: str, limit: str, actual: str | None, accrued: str | None, ahead: Forecast, unknown: tuple[str, ...] = ()
) -> BudgetStatus:
    """A budget in November 2026."""
    return BudgetStatus(
        Budget(name, Decimal(limit), "accelerator-hours" if name.endswith("quota") else "EUR", "month"),
        "2026-11",
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
        Decimal(limit),
        Decimal(0),
        None if actual is None else Decimal(actual),
        None if accrued is None else Decimal(accrued),
        ahead,
        burn_rate=Decimal("1.25") if actual else None,
        daily=((date(2026, 11, 1), Decimal("31.2")),) if actual else (),
        billed_until=datetime(2026, 11, 12, tzinfo=UTC) if actual else None,
        unknown=unknown,
    )


def unit(
    name: str, each: str | None, *, key: str | None = None, change: float | None = None, because: str | None = None
) -> UnitCost:
    """A unit cost over a week of November 2026."""
    made = Unit(name, "1k-tokens", All(()), Count("csv"), by=("model-version",), target=Money(Decimal("0.012"), "EUR"))
    return UnitCost(
        made,
        {"model-version": key} if key else {},
        date(2026, 11, 5),
        date(2026, 11, 11),
        Money(Decimal(1310), "EUR"),
        Decimal(0),
        Decimal(100_000) if each else None,
        Money(Decimal(each), "EUR") if each else None,
        0.97,
        change,
        "complete",
        f"rows of usage.csv {HOSTILE[1]}",
        ("csv usage.csv",),
        because,
        days=7,
    )
