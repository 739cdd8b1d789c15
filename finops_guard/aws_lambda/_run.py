"""One invocation of a run: begun once, gone on with as often as it takes, finished once.

In the state: `run/<key>/start` (when it began and under what), what `_progress` keeps, `run/<key>/acts/<n>` (what an
invocation did whose time was up while it acted), `run/<key>/result`; and what `advice.keep` keeps of every run.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from finops_guard.advice import keep
from finops_guard.aws_lambda._fetch import policy_at
from finops_guard.aws_lambda._order import Order, narrowed
from finops_guard.aws_lambda._progress import Progress, TimeUpError
from finops_guard.errors import ActError, InputError, ScanError
from finops_guard.language.secrets import resolve
from finops_guard.model import Policy, Report
from finops_guard.model.report import StepState
from finops_guard.pipeline import Request, run
from finops_guard.state import numbered
from finops_guard.state.lines import from_line, stamp, to_line
from finops_guard.state.store import MemoryStore, Store, open_store, read_all, write_once
from finops_guard.state.values import time_of

_MARGIN = 30.0
"""Seconds to write down what was read and answer; a tenth of the time where that is less."""
_TRIES = 3
_OVER = frozenset({"done", "failed"})
_VARIABLE = re.compile(r"\$env\.([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(slots=True)
class Invocation:
    """`folder` is its own and empty; `remaining` are the milliseconds it has left.

    `hide` is told the variables whose values the policy takes for secrets.
    """

    order: Order
    environ: Mapping[str, str]
    folder: str
    remaining: Callable[[], int]
    hide: Callable[[Iterable[str]], None]
    _given: float = field(init=False)

    def __post_init__(self) -> None:
        self._given = self.remaining() / 1000

    def answer(self) -> dict[str, object]:
        """The run's result, or where to go on."""
        order, now = self.order, datetime.now(UTC)
        fetched = Path(self.folder, "policy")
        policy = narrowed(policy_at(order.policy, fetched, self.environ, now.date()), order.scope)
        self.hide(_VARIABLE.findall(json.dumps(policy.raw, default=str)))
        store = self._store(policy)
        began, again = self._began(store, policy, now)
        if (done := store.get(f"run/{order.key}/result")) is not None:
            return from_line(done)
        progress = Progress(store, f"run/{order.key}", Path(self.folder), self._left)
        if again:
            progress.load()
        try:
            report = self._report(policy, began, progress)
            self._acted(store, report)
        except TimeUpError:
            if isinstance(store, MemoryStore):
                raise ScanError("the time was up, and without a state no other invocation goes on") from None
            progress.flush()
            return {"continue": self._token(progress.cells + self._acts(store))}
        return self._finished(store, report, policy)

    def _report(self, policy: Policy, began: Mapping[str, Any], progress: Progress) -> Report:
        request = Request(
            policy=policy,
            at=time_of(began["at"]),
            targets=self.order.targets,
            mode=self.order.mode,
            snapshot_out=Path(self.folder, "snapshot"),
            state=self.order.state,
            environ=self.environ,
            memory=progress,
            until=datetime.now(UTC) + timedelta(seconds=self._left() - self._margin),
            say=lambda _what, done, total: self._enough(progress) if done == total else None,
        )
        report = run(request)
        if report.barred:  # Lambda tries again
            raise ActError(report.barred)
        if self.order.mode == "enforce":
            return report
        return replace(report, run_id=began["run"], started=time_of(began["at"]))

    def _enough(self, progress: Progress) -> None:
        """TimeUpError where what is left is too little to judge in, or to act in: the next invocation has all of it."""
        least = self._given / 2 if self.order.mode == "enforce" else self._margin
        if progress.fresh and self.remaining() / 1000 < least:
            raise TimeUpError

    def _acted(self, store: Store, report: Report) -> None:
        """Where the time was up while it acted: keep what was done, TimeUpError."""
        if not report.more:
            return
        told = {"run": report.run_id, "steps": dict(_steps(report, _OVER)), "short": list(report.short)}
        prefix = f"run/{self.order.key}/acts"
        number = numbered.highest(store, prefix) + 1
        while not write_once(store, numbered.key_of(prefix, number), to_line(told)):
            number += 1
        raise TimeUpError

    def _earlier(self, store: Store) -> list[Mapping[str, Any]]:
        """What earlier invocations did."""
        keys = store.list(f"run/{self.order.key}/acts")
        return [from_line(line) for _, line in read_all(store, keys) if line]

    def _acts(self, store: Store) -> int:
        return sum(count for told in self._earlier(store) for count in told["steps"].values())

    def _finished(self, store: Store, report: Report, policy: Policy) -> dict[str, object]:
        keep.terms(store, report, policy)
        keep.result(store, report, Path(self.folder, "snapshot"))
        result = _result(report, self._earlier(store))
        store.create(f"run/{self.order.key}/result", to_line(result))
        return from_line(store.get(f"run/{self.order.key}/result") or to_line(result))

    def _store(self, policy: Policy) -> Store:
        uri = resolve(self.order.state or policy.state, self.environ)
        if uri == "none" and self.order.mode == "dry-run":
            return MemoryStore()
        if "://" not in uri:
            raise InputError(
                f"the state '{uri}' is a folder, and a function's own folders are gone when it is",
                help="set state: s3://BUCKET/PREFIX in the policy, or FINOPS_GUARD_STATE",
            )
        return open_store(uri, Path(policy.path).resolve().parent)

    def _began(self, store: Store, policy: Policy, now: datetime) -> tuple[Mapping[str, Any], bool]:
        """When the run began, under what, and whether in an earlier invocation. InputError if that changed."""
        order = self.order
        packs = sorted({binding.pack.sha256 for binding in policy.bindings})
        under = {"policy": policy.sha256, "packs": packs, "mode": order.mode, "scope": order.scope,
                 "targets": list(order.targets)}  # fmt: skip
        first = {"at": stamp(now), "run": f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", "under": under}
        key = f"run/{order.key}/start"
        made = store.create(key, to_line(first))
        there = from_line(store.get(key) or b"{}")
        if there.get("under") != json.loads(json.dumps(under)):
            raise InputError("policy, packs or event changed while the run was under way", help="start a new run")
        return there, not made or there.get("run") != first["run"]

    def _token(self, cells: int) -> dict[str, object]:
        token = self.order.token(cells)
        if self.order.tries >= _TRIES:
            raise ScanError(f"{_TRIES} invocations in a row read nothing new: give the function more time")
        return token

    @property
    def _margin(self) -> float:
        return min(_MARGIN, self._given / 10)

    def _left(self) -> float:
        return self.remaining() / 1000 - self._margin


def _steps(report: Report, states: Collection[str]) -> Counter[str]:
    return Counter(f"{step.do} {step.state}" for step in report.steps if step.state in states)


def _result(report: Report, earlier: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """What a caller is told; the whole report is in the state. `earlier`: what invocations before this one did."""
    steps = _steps(report, get_args(StepState))
    for told in earlier:
        steps.update(told["steps"])
    return {
        "run": report.run_id,
        "report": f"reports/{report.run_id}",
        "policy": report.policy_name,
        "mode": report.mode,
        "at": stamp(report.at),
        "complete": report.complete,
        "resources": report.resources,
        "findings": {verdict: report.counts.get(verdict, 0) for verdict in ("pass", "fail", "unknown", "exempt")},
        "steps": dict(sorted(steps.items())),
        "short": list(dict.fromkeys((*(why for told in earlier for why in told["short"]), *report.short))),
        "gaps": sum(not gap.expected for gap in report.gaps),
        "remarks": list(report.remarks),
        **({"earlier": [told["run"] for told in earlier]} if earlier else {}),
    }
