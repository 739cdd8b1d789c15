"""The scan: cells made one after the other, read on threads, told in their order."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from queue import Full, Queue, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from finops_guard.model import Calls, Gap
from finops_guard.sources.aws import _modules, _scope
from finops_guard.sources.aws._cells import Cell, Run
from finops_guard.sources.aws._errors import crash, unreadable
from finops_guard.sources.aws._machines import Machines
from finops_guard.sources.aws._metrics import Meter
from finops_guard.sources.aws._session import Clients, home_region, signed_by
from finops_guard.sources.aws._tags import Sweeps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from finops_guard.model import Need, Notes, Resource
    from finops_guard.model.report import Memory
    from finops_guard.sources.aws._cells import Account, TypeModule
    from finops_guard.sources.aws._scope import Caller

_BATCH = 100
_BILL = "account"
"""The kind of what is asked about an account's bill."""
_WAITING = 4
"""Batches a cell may be ahead of whoever reads; with `jobs` cells this bounds what is in memory."""
_LOOK_UP = 0.2
_FAREWELL = 5.0
"""Seconds that each thread may take to end its request; it is not told any more."""


def collect(scope: Mapping[str, Any], need: Need, now: datetime, notes: Notes, *, jobs: int) -> Iterator[Resource]:
    """See the package."""
    try:
        made = Clients(notes.calls.setdefault("aws", Calls()), jobs)
    except BotoCoreError as error:  # a profile that is not in the configuration, or one that cannot be parsed
        reason = unreadable(error, "sts", "GetCallerIdentity").reason
        notes.gaps.append(Gap("aws", "*", "*", "*", reason))
        return
    with closing(made) as clients:
        me = _scope.caller(clients, notes)
        if me is None:
            return
        plan = _Plan(scope, need, now, notes, clients)
        accounts = _scope.accounts(scope, need, clients, notes, me)
        yield from _told_in_order(plan.all_cells(accounts, me), notes, jobs)


@dataclass(slots=True)
class _Plan:
    """What the cells of all accounts share."""

    scope: Mapping[str, Any]
    need: Need
    now: datetime
    notes: Notes
    clients: Clients
    machines: Machines = field(default_factory=Machines)

    def all_cells(self, accounts: Iterator[Account], me: Caller) -> Iterator[Cell]:
        """The cells of all accounts in scope; then the bill of the caller's own, which is often all the others' payer.

        What is in an account out of scope is not looked at.
        """
        outside = True
        for account in accounts:
            outside &= account.id != me.account
            yield from self.cells(account)
        bills = [module for module in _modules.wanted(self.need) if module.KIND == _BILL]
        if outside and bills:
            home = home_region(me.partition)
            run = self._run(bills, (home,), home)
            for own in _scope.accounts({}, self.need, self.clients, self.notes, me):
                yield from (Cell(own, home, module, run) for module in bills)

    def cells(self, account: Account) -> Iterator[Cell]:
        """The cells of an account: types without a region first, then region by region."""
        with signed_by(account.credentials):
            regions = _scope.regions(self.scope, account, self.clients, self.notes)
        if not regions:
            return
        home = home_region(account.partition)
        first = home if home in regions else regions[0]
        wanted = _modules.wanted(self.need)
        if self.need.kinds is None:
            wanted.append(_modules.index())
        run = self._run(wanted, regions, first)
        for module in wanted:
            if _modules.is_global(module):
                yield Cell(account, first, module, run)
        for region in regions:
            for module in wanted:
                if not _modules.is_global(module) and self.clients.offers(module.CLIENT, region):
                    yield Cell(account, region, module, run)

    def _run(self, wanted: list[TypeModule], regions: tuple[str, ...], first: str) -> Run:
        swept = [module for module in wanted if _modules.swept(module)]
        services = None if self.need.kinds is None else sorted({module.ARN.split(":")[2] for module in swept})
        describes = _modules.matcher(_modules.types())
        asked_for = _modules.matcher(swept)
        sweeps = Sweeps(services, lambda arn: asked_for(arn) or not describes(arn))
        every_region = self.scope.get("regions", "enabled") in (None, "enabled")
        return Run(self.need, self.now, self.clients, self.machines, sweeps, regions, first, every_region, describes)


class _Stream:
    """A cell being read: batches of resources, None at the end."""

    def __init__(self, cell: Cell, stop: Event) -> None:
        self.cell = cell
        self.usd = Decimal(0)
        """What its metrics cost."""
        self._stop = stop
        self._queue: Queue[list[Resource] | None] = Queue(_WAITING)

    def read(self) -> None:
        """Read the whole cell; runs on a thread of the pool, and whatever happens there ends as a gap."""
        batch: list[Resource] = []
        meter = Meter(self.cell) if self.cell.need.metrics else None
        with signed_by(self.cell.account.credentials):
            try:
                for resource in self.cell.module.collect(self.cell):
                    batch.append(resource)
                    if len(batch) == _BATCH:
                        full, batch = batch, []
                        if not self._put(self._measured(full, meter)):
                            return
            except Exception as error:  # noqa: BLE001 - one cell's failure never touches another's
                self.cell.gap(crash(error))
            finally:
                self._put(self._measured(batch, meter))
                self._put(None)

    def _measured(self, batch: list[Resource], meter: Meter | None) -> list[Resource]:
        try:
            if meter is not None and batch:
                self.usd += meter.measure(batch)
        except Exception as error:  # noqa: BLE001 - what could not be measured is still there
            self.cell.gap(crash(error))
        return batch

    def resources(self, memory: Memory | None) -> Iterator[Resource]:
        """What was read, as it comes."""
        if memory is None:
            yield from self._read()
            return
        name = _name(self.cell)
        yield from memory.keep(name, self._read())
        memory.whole(name, self.cell.gaps, self.cell.remarks)

    def _read(self) -> Iterator[Resource]:
        while (batch := self._queue.get()) is not None:
            yield from batch

    def _put(self, batch: list[Resource] | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(batch, timeout=_LOOK_UP)
            except Full:
                continue
            return True
        return False


class _Recalled:
    """A cell that an earlier part of the run has read."""

    usd = Decimal(0)

    def __init__(self, cell: Cell, known: Iterator[Resource]) -> None:
        self.cell = cell
        self._known = known

    def read(self) -> None:
        """There is nothing to read."""

    def resources(self, memory: Memory | None) -> Iterator[Resource]:
        """What was read then."""
        yield from self._known
        if memory is not None:
            self.cell.gaps, self.cell.remarks = memory.said(_name(self.cell))


def _told_in_order(cells: Iterator[Cell], notes: Notes, jobs: int) -> Iterator[Resource]:
    # The first stream was given to the threads before all others, so it is running or done: reading it never waits
    # for a thread that waits for us.
    stop = Event()
    memory = notes.memory
    waiting: SimpleQueue[_Stream | _Recalled | None] = SimpleQueue()
    streams: deque[_Stream | _Recalled] = deque()
    # Daemons, and no executor: Python would wait for an executor's threads at its end, and they for whoever was
    # interrupted while listening.
    threads = [
        Thread(target=_read_all, args=(waiting, stop), daemon=True, name="finops-guard-aws") for _ in range(jobs)
    ]
    for thread in threads:
        thread.start()
    done = 0
    try:
        while True:
            for cell in islice(cells, 2 * jobs - len(streams)):
                known = memory.recall(_name(cell)) if memory is not None else None
                streams.append(_Stream(cell, stop) if known is None else _Recalled(cell, known))
                waiting.put(streams[-1])
            if not streams:
                break
            stream = streams.popleft()
            yield from stream.resources(memory)
            done += 1
            _note(stream.cell, notes)
            notes.calls.setdefault("aws", Calls()).usd += stream.usd + stream.cell.usd
            notes.say(_name(stream.cell), done, 0 if len(streams) == 2 * jobs - 1 else done + len(streams))
    finally:
        stop.set()
        for _ in threads:
            waiting.put(None)
        for thread in threads:
            thread.join(_FAREWELL)


def _read_all(waiting: SimpleQueue[_Stream | _Recalled | None], stop: Event) -> None:
    while (stream := waiting.get()) is not None and not stop.is_set():
        stream.read()


def _note(cell: Cell, notes: Notes) -> None:
    notes.gaps.extend(cell.gaps)
    notes.remarks.extend(remark for remark in cell.remarks if remark not in notes.remarks)


def _name(cell: Cell) -> str:
    return f"aws {cell.account.id} {cell.region} {cell.module.TYPE}"
