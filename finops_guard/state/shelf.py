"""Findings in their one order, on disk where memory should not hold them all.

Up to `HELD` of them are a tuple. More are sorted that many at a time and written to a file without a name, which the
system removes with the last who has it open; each look at a shelf merges the sorted runs again.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from heapq import merge
from itertools import islice
from typing import Any, TypeAlias

from finops_guard.model import Finding, Rule

HELD = 10_000
"""Findings that memory holds at once; with their resources some 4 KB each."""
_BATCH = 50
"""Findings that are written together: what they share, field names above all, is written once."""

Order: TypeAlias = tuple[Decimal, str, str, str, str, str]


def order(finding: Finding) -> Order:
    """The dearest resource first, unknown prices last; its findings together, by rule.

    Money is in the policy's currency where that has a rate (`enrich`), else it counts as it stands.
    """
    resource = finding.resource
    month = resource.month
    money = Decimal(1) if month is None else -month.amount
    return money, resource.id, finding.rule.id, finding.id, finding.binding, finding.verdict


def ordered(findings: Iterable[Finding], *, held: int = HELD) -> Collection[Finding]:
    """The same findings in their order. What is on a shelf stays there, and what memory holds already in memory."""
    if isinstance(findings, Shelf):
        return findings
    if isinstance(findings, list | tuple):
        return tuple(sorted(findings, key=order))
    stream = iter(findings)
    first = sorted(islice(stream, held), key=order)
    if len(first) < held:
        return tuple(first)
    shelf = Shelf()
    while first:
        shelf.put(first)
        first.clear()  # before the next are there
        first = sorted(islice(stream, held), key=order)
    return shelf


class Shelf(Collection[Finding]):
    """Findings in their order, as often as they are asked for. Each time they are other objects."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="finops-guard-")  # noqa: SIM115 - closed with the shelf
        weakref.finalize(self, self._file.close)
        self._runs: list[list[tuple[int, int]]] = []
        self._rules: list[Rule] = []
        self._numbers: dict[int, int] = {}
        self._count = 0

    def put(self, findings: Collection[Finding]) -> None:
        """One run more, which is in order."""
        places = []
        rows = map(self._row, findings)
        while batch := list(islice(rows, _BATCH)):
            text = pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)
            places.append((self._file.seek(0, os.SEEK_END), len(text)))
            self._file.write(text)
        self._file.flush()
        self._runs.append(places)
        self._count += len(findings)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Finding]:
        return merge(*map(self._run, self._runs), key=order)

    def __contains__(self, finding: object) -> bool:
        return any(each == finding for each in self)

    def _run(self, places: list[tuple[int, int]]) -> Iterator[Finding]:
        """Read where it stands, so that several may look at once."""
        for start, length in places:
            text = os.pread(self._file.fileno(), length, start)
            for number, *rest in pickle.loads(text):  # noqa: S301 - a file of ours that nobody else can open
                yield Finding(self._rules[number], *rest)

    def _row(self, finding: Finding) -> tuple[Any, ...]:
        """The parts of a finding; its rule, which many share, by number."""
        rule = finding.rule
        number = self._numbers.get(id(rule))
        if number is None:
            number = self._numbers[id(rule)] = len(self._rules)
            self._rules.append(rule)
        return (
            *(number, finding.binding, finding.severity, finding.resource, finding.verdict, finding.reasons),
            *(finding.id, finding.acts, finding.exempt, finding.since, finding.doubt),
        )
