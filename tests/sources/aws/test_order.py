"""Cells are read side by side, told in their order, and never far ahead of whoever listens."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.credentials import Credentials

from finops_guard.model import Need, Notes, Resource, Tags, Unknown
from finops_guard.sources.aws._cells import Account, Cell, Run
from finops_guard.sources.aws._scan import _BATCH, _WAITING, _told_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finops_guard.sources.aws._cells import TypeModule

ACCOUNT = Account("1", "aws", Credentials("a", "b"), "one", Unknown("not asked"), Tags.of({}))


def _cell(region: str, collect: Callable[[Cell], Iterator[Resource]]) -> Cell:
    module = cast("TypeModule", SimpleNamespace(TYPE="T", KIND="other", ARN="arn:*:t:*:*:*", collect=collect))
    return Cell(ACCOUNT, region, module, cast("Run", SimpleNamespace(need=Need(None, frozenset()))))


def _some(count: int, made: list[str], wait: float = 0) -> Callable[[Cell], Iterator[Resource]]:
    def collect(cell: Cell) -> Iterator[Resource]:
        time.sleep(wait)
        for number in range(count):
            made.append(cell.region)
            yield cell.resource(f"{cell.region}-{number}", "", Tags.of({}), {})

    return collect


def test_results_come_in_the_order_of_cells_however_long_each_takes() -> None:
    said: list[tuple[str, int, int]] = []
    notes = Notes(say=lambda *what: said.append(what))
    cells = [_cell(str(number), _some(2, [], wait=0.05 * (4 - number))) for number in range(4)]
    told = [found.id for found in _told_in_order(iter(cells), notes, jobs=4)]
    assert told == [f"{cell}-{number}" for cell in range(4) for number in range(2)]
    assert [(what, done) for what, done, _ in said] == [(f"aws 1 {cell} T", cell + 1) for cell in range(4)]
    assert said[-1][2] == 4


def test_nothing_is_read_far_ahead() -> None:
    made: list[str] = []
    started: list[str] = []

    def cells() -> Iterator[Cell]:
        for number in range(50):
            started.append(str(number))
            yield _cell(str(number), _some(50 * _BATCH, made))

    with closing(cast("Any", _told_in_order(cells(), Notes(), jobs=2))) as told:
        next(told)
        time.sleep(0.3)
    assert len(started) <= 4
    assert len(made) <= 2 * (_WAITING + 2) * _BATCH


def test_python_ends_though_somebody_still_holds_a_scan_that_was_interrupted() -> None:
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_order
cells = (test_order._cell(str(n), test_order._some(100_000, [])) for n in range(9))
told = test_order._told_in_order(cells, test_order.Notes(), jobs=2)
next(told)
sys.modules["held"] = told
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def test_a_scan_that_was_left_leaves_no_thread() -> None:
    told = cast("Any", _told_in_order(iter([_cell("a", _some(100_000, []))]), Notes(), jobs=3))
    next(told)
    told.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "finops-guard-aws"] == []


def test_a_cell_that_fails_halfway_tells_what_it_had() -> None:
    def collect(cell: Cell) -> Iterator[Resource]:
        yield from _some(3, [])(cell)
        raise RuntimeError("half of it")

    notes = Notes()
    told = list(_told_in_order(iter([_cell("a", collect), _cell("b", _some(1, []))]), notes, jobs=1))
    assert [found.id for found in told] == ["a-0", "a-1", "a-2", "b-0"]
    assert [(gap.region, gap.reason) for gap in notes.gaps] == [("a", "RuntimeError: half of it")]
