"""The whole of a scan on one screen: sources -> spool -> enrich -> judge -> plan -> report (-> act)."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from finops_guard import __version__, books, orders
from finops_guard.advice.baseline import Baseline
from finops_guard.advice.waivers import Waived
from finops_guard.costs import prices
from finops_guard.costs.plan_base import added
from finops_guard.costs.plan_delta import Deltas
from finops_guard.costs.planned import Mix, judged
from finops_guard.errors import ActError
from finops_guard.evaluate import Evaluator, Tally, findings, need_of
from finops_guard.language.library import shipped
from finops_guard.language.policy import LATER
from finops_guard.model import Finding, Mode, Need, Notes, PackUsed, PlanDelta, Policy, Report, Resource
from finops_guard.model.report import Memory
from finops_guard.plan import plan
from finops_guard.sources import targets
from finops_guard.sources.iac._given import NOTHING, Given
from finops_guard.state import spool
from finops_guard.state.shelf import ordered
from finops_guard.state.store import Store

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Request:
    """What to judge and how. `targets`: empty for the policy's scope, else clouds and files. `at` is aware UTC.

    `asked`: the targets as a person named them, for the next step that the report suggests. `memory`: what an earlier
    part of this run has read. `until`: from then on no act is begun. `costs`: cost files beside those of the policy;
    `max_api_cost`: in USD. `every`: judge also what a plan leaves as it is. `baseline`: findings that count no more.
    `given`: values of the variables and parameters of documents.
    """

    policy: Policy
    at: datetime
    targets: tuple[str, ...] = ()
    mode: Mode = "dry-run"
    include_pass: bool = False
    snapshot_out: Path | None = None
    jobs: int = 8
    plan_out: Path | None = None
    state: str | None = None
    asked: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str, int, int], None] = lambda _what, _done, _total: None
    clock: Clock = lambda: datetime.now(UTC)
    memory: Memory | None = None
    until: datetime | None = None
    costs: tuple[str, ...] = ()
    max_api_cost: Decimal | None = None
    every: bool = False
    baseline: Baseline | None = None
    given: Given = NOTHING


def run(request: Request) -> Report:
    """Scan, judge, plan. The report holds every finding, step and gap; a cloud is written to only in mode enforce."""
    policy, at, started = request.policy, request.at, request.clock()
    store = None if request.mode == "dry-run" else orders.state_of(policy, request.state, request.environ)
    notes, need, tally = Notes(say=request.say, memory=request.memory), need_of(policy), Tally(policy)
    evaluator = Evaluator(policy.bindings, at, policy.fx, include_pass=request.include_pass)
    told = orders.told_of_stops(policy, need, store, request.state, request.environ)
    with _spool(request.snapshot_out) as path, books.opened(_asked(request), notes) as money:
        found = _found(request, need, notes)
        mix = Mix(notes)
        spool.write(mix.seen(found), path, lambda: _head(request, notes))
        known = _Known(lambda: told(spool.read(path, policy.aliases)), money, mix, request)
        judged = evaluator.judge(chain(tally.seen(known.inventory()), known.figures.computed, known.plans()))
        waived = Waived(policy, at.date(), notes).seen(findings(judged, policy, at))
        failed = ordered(tally.found(waived if request.baseline is None else request.baseline.seen(waived)))
        notes.remarks += request.baseline.remarks() if request.baseline else ()
        report = _report(request, started, notes, tally, evaluator.passed, failed, planned=mix.only_planned)
        figures = known.figures
        report = replace(report, budgets=figures.budgets, units=figures.units, deltas=known.added())
        return report if store is None else _enforced(report, request, store, notes, path, known)


class _Known:
    """What was collected, as often as it is asked for, with all that follows from it, the journal and the books."""

    def __init__(self, collected: books.Inventory, money: books.Books, mix: Mix, request: Request) -> None:
        self._collected, self._money, self._every = collected, money, request.every
        self._base = request.baseline.deltas if request.baseline is not None else None
        self.figures = money.figures(None if mix.only_planned else collected)
        self.deltas = Deltas(money.policy, money.pricer, money.at, nothing=mix.only_planned)

    def inventory(self) -> Iterator[Resource]:
        """What sources found and is judged; what a plan adds is counted as it passes."""
        counted = self.deltas.counted(self._money.priced(self._collected()))
        return self.figures.joined(each for each in counted if judged(each, every=self._every))

    def plans(self) -> Iterator[Resource]:
        """What the plan among it adds to the bill, when the inventory has passed."""
        yield from self._money.plans(self.added(), self.figures)

    def added(self) -> tuple[PlanDelta, ...]:
        """What a plan adds, or sources since the baseline."""
        return added(self.deltas.all(), self._base)

    def told(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """Resources with prices, derived fields and the budgets that cover them."""
        return self.figures.joined(self._money.priced(resources))

    def again(self, ids: Collection[str]) -> Iterator[Resource]:
        """The resources of some ids, budgets and their like among them."""
        return (each for each in chain(self.inventory(), self.figures.computed) if each.id in ids)


def _report(
    request: Request,
    started: datetime,
    notes: Notes,
    tally: Tally,
    passed: Mapping[tuple[str, str], int],
    failed: Collection[Finding],
    *,
    planned: bool,
) -> Report:
    policy, at = request.policy, request.at
    gaps = targets.expected(notes.gaps, policy, at.date())
    steps = plan(failed, policy, at, can=targets.can, planned=planned)
    cost_month, cost_month_unknown = tally.cost(failed)
    coverage = tally.coverage(passed)
    return Report(
        run_id=f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started=started,
        finished=request.clock(),
        at=at,
        version=__version__,
        mode=request.mode,
        policy_name=policy.name,
        policy_sha256=policy.sha256,
        policy_git=None,
        packs=_packs(policy),
        identities=tuple(notes.identities),
        resources=tally.resources,
        counts={
            "pass": sum(row.passed for row in coverage),
            "fail": sum(row.failed for row in coverage),
            "unknown": sum(row.unknown for row in coverage),
            "exempt": sum(row.exempt for row in coverage),
        },
        cost_month=cost_month,
        cost_month_unknown=cost_month_unknown,
        saves_month=tally.saves(steps),
        findings=failed,
        steps=steps,
        coverage=coverage,
        gaps=tuple(gaps),
        calls=notes.calls,
        remarks=(*dict.fromkeys(notes.remarks), *_remarks(policy, at)),
        complete=all(gap.expected for gap in gaps),
        planned=planned,
        enforced=frozenset(binding.name for binding in policy.bindings if binding.mode == "enforce"),
        asked=request.asked or request.targets,
    )


def _enforced(report: Report, request: Request, store: Store, notes: Notes, path: Path, known: _Known) -> Report:
    """The report after the acts; what the run went by, found and collected is kept in the state."""
    from finops_guard.acting import Orders, act, barred  # a third of all modules, which a dry-run does without
    from finops_guard.advice import keep

    policy = request.policy
    report = replace(report, findings=tuple(report.findings), steps=tuple(report.steps))
    try:
        keep.terms(store, report, policy)
    except ActError as wrong:
        return barred(report, wrong)
    with orders.verbs_of(policy, notes, request.at, request.environ) as verbs:
        by, judge = orders.by_whom(report.run_id), orders.judge_of(policy, known.told)
        given = Orders(
            store, verbs, judge, request.clock, request.environ, by, plan_out=request.plan_out, until=request.until
        )
        after = act(report, policy, given, known.again)
    try:
        keep.result(store, after, path)
    except ActError as wrong:
        return replace(after, short=(*after.short, f"this run could not be kept: {wrong.what}"))
    return after


def inventory(request: Request) -> tuple[Iterator[Resource], Notes]:
    """Everything there is, whatever the rules need, as sources say it; the notes are complete when it ends."""
    notes, everything = Notes(say=request.say), Need(kinds=None, fields=frozenset())
    return _found(request, everything, notes), notes


def _found(request: Request, need: Need, notes: Notes) -> Iterator[Resource]:
    return targets.collect(
        request.policy, request.targets, need, request.at, notes,
        jobs=request.jobs, environ=request.environ, given=request.given,
    )  # fmt: skip


def _asked(request: Request) -> books.Asked:
    return books.Asked(request.policy, request.at, request.costs, request.environ, request.max_api_cost)


@contextmanager
def _spool(snapshot_out: Path | None) -> Iterator[Path]:
    if snapshot_out is not None:
        yield snapshot_out
        return
    with TemporaryDirectory(prefix="finops-guard-") as folder:
        yield Path(folder) / "run.snapshot"


def _head(request: Request, notes: Notes) -> spool.Head:
    return spool.Head(
        request.at,
        request.policy.sha256,
        tuple(notes.gaps),
        tuple(notes.identities),
        need_of(request.policy),
        tuple(notes.remarks),
    )


def _packs(policy: Policy) -> tuple[PackUsed, ...]:
    ours = shipped("rules").resolve()
    packs = {binding.pack.path: binding.pack for binding in policy.bindings}
    return tuple(
        PackUsed(pack.name, pack.version, pack.sha256, "shipped" if Path(path).resolve().parent == ours else path)
        for path, pack in packs.items()
    )


def _remarks(policy: Policy, at: datetime) -> Iterator[str]:
    """What a reader must know about the run as a whole."""
    if stale := prices.stale(at):
        yield stale
    for key, meaning in LATER.items():
        if policy.raw.get(key):
            yield f"policy key '{key}': {meaning} in this version"
    if policy.channels:
        from finops_guard import notify

        yield from notify.unavailable(policy.channels)
    ended: Counter[tuple[str, date]] = Counter(
        (exemption.rule, exemption.until) for exemption in policy.exempt if exemption.until < at.date()
    )
    for (rule, until), count in ended.items():
        yield f"{count} exemption{'s' * (count > 1)} of {rule} ended on {until}"
