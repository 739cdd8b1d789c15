"""What `test` found out, as text, JSON or JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finops_guard.cli._options import counted
from finops_guard.language.diagnostics import printable
from finops_guard.outputs._conditions import said
from finops_guard.outputs._words import because

if TYPE_CHECKING:
    from collections.abc import Callable

    from finops_guard.cli._suites import Suite
    from finops_guard.evaluate.checks import Branch, Branches, Check
    from finops_guard.model import Location, Pack


@dataclass(slots=True)
class Results:
    """Every check of every suite, and what nothing tests."""

    suites: list[Suite]
    packs: Sequence[Pack]
    branches: Branches

    @property
    def checks(self) -> list[Check]:
        """Of all suites."""
        return [check for suite in self.suites for check in suite.checks]

    @property
    def failed(self) -> list[Check]:
        """Those that did not hold."""
        return [check for check in self.checks if not check.held]

    @property
    def seen(self) -> list[Branch]:
        """The tests of the rules that are tested."""
        rules = self.rules
        return [branch for branch in self.branches.all if branch.rule in rules]

    @property
    def rules(self) -> set[str]:
        """Those of the packs, or where there is none those that test files expect something of."""
        of_packs = {rule.id for pack in self.packs for rule in pack.rules.values()}
        return of_packs or {check.rule for check in self.checks}

    @property
    def untested(self) -> dict[str, list[str]]:
        """By rule, which of pass and fail no example and no test expects of it."""
        shown = {(check.rule, check.expected) for check in self.checks}
        skipped = {skip.rule for suite in self.suites for skip in suite.skipped}
        lacks = {
            rule.id: [verdict for verdict in ("pass", "fail") if (rule.id, verdict) not in shown]
            for pack in self.packs
            for rule in pack.rules.values()
            if rule.id not in skipped
        }
        return {rule: verdicts for rule, verdicts in lacks.items() if verdicts}

    @property
    def percent(self) -> float:
        """Of the branches (each test, true and false), the share that was seen."""
        branches = self.seen
        return 100 * sum(len(branch.seen) for branch in branches) / (2 * len(branches)) if branches else 100.0

    def write(self, shape: str, *, coverage: bool, quiet: bool, verbose: bool) -> None:
        """To stdout."""
        if shape == "json":
            from finops_guard.cli._paint import write_json

            write_json(self.data())
        elif shape == "junit":
            from finops_guard.cli._junit import write_junit

            write_junit(self)
        else:
            self._text(coverage=coverage, quiet=quiet, verbose=verbose)

    def data(self) -> dict[str, Any]:
        """For a program."""
        skipped = [skip for suite in self.suites for skip in suite.skipped]
        branches = self.seen
        return {
            "schema": "finops-guard/test/1",
            "totals": {
                "rules": len(self.rules),
                "checks": len(self.checks),
                "failed": len(self.failed),
                "skipped": sum(skip.examples for skip in skipped),
            },
            "failures": [
                _place(check.at)
                | {
                    "rule": check.rule,
                    "expected": check.expected,
                    "got": check.got,
                    "reasons": [because(reason) for reason in check.reasons],
                }
                for check in self.failed
            ],
            "unexpected": [
                _place(check.at) | {"rule": check.rule, "got": check.got, "resource": check.resource.id}
                for suite in self.suites
                for check in suite.unexpected
            ],
            "skipped": [_place(skip.at) | {"rule": skip.rule, "parameters": list(skip.params)} for skip in skipped],
            "coverage": {
                "rules_without": self.untested,
                "branches": 2 * len(branches),
                "seen": sum(len(branch.seen) for branch in branches),
                "percent": round(self.percent, 1),
                "missing": [
                    {"rule": b.rule, "part": b.part, "test": said(b.test), "never": missing}
                    for b in branches
                    for missing in never(b)
                ],
            },
        }

    def _text(self, *, coverage: bool, quiet: bool, verbose: bool) -> None:
        from finops_guard.cli._paint import painter, write

        paint = painter()
        for suite in self.suites:
            write(*_of_suite(suite, paint, verbose=verbose, quiet=quiet))
        if coverage:
            write(*(f"{b.rule}: {b.part}: never {m}: {printable(said(b.test))}" for b in self.seen for m in never(b)))
        if quiet:
            return
        for rule, verdicts in self.untested.items():
            write(f"{rule}: {paint('yellow', 'no ' + ' and no '.join(verdicts))} example")
        write(self._totals(paint))
        write(f"branch coverage {self.percent:.1f} %{'' if coverage else self._more()}")

    def _totals(self, paint: Callable[[str, str], str]) -> str:
        failed = len(self.failed)
        skipped = sum(skip.examples for suite in self.suites for skip in suite.skipped)
        parts = [
            counted(len(self.rules), "rule"),
            counted(len(self.checks), "check"),
            paint("red" if failed else "green", f"{failed} failed"),
            *([paint("yellow", f"{skipped} skipped")] if skipped else []),
        ]
        return ", ".join(parts)

    def _more(self) -> str:
        missing = sum(2 - len(branch.seen) for branch in self.seen)
        return f", {missing} never seen (--coverage lists them)" if missing else ""


def never(branch: Branch) -> list[str]:
    """What was not seen of a test."""
    return [word for word, value in (("true", True), ("false", False)) if value not in branch.seen]


def place(at: Location | None) -> str:
    """file:line:column."""
    return f"{printable(at.file)}:{at.line}:{at.column}" if at else "?"


def reasons(check: Check) -> list[str]:
    """Why it said what it said, safe to print."""
    return [printable(because(reason)) for reason in check.reasons]


def _place(at: Location | None) -> dict[str, Any]:
    return {"file": at.file if at else None, "line": at.line if at else None, "column": at.column if at else None}


def _of_suite(suite: Suite, paint: Callable[[str, str], str], *, verbose: bool, quiet: bool) -> Iterator[str]:
    for check in suite.checks:
        where = paint("bold", place(check.at))
        if not check.held:
            yield f"{where}: {paint('red', 'failed')}: {check.rule} expected {check.expected}, got {check.got}"
            if check.at != check.resource.at and check.resource.at is not None:
                yield f"    for the resource at {place(check.resource.at)}"
            yield from (f"    {line}" for line in reasons(check))
        elif verbose:
            yield f"{where}: {paint('green', 'ok')}: {check.rule} {check.got}"
    for skip in suite.skipped:
        names = ", ".join(f"${name}" for name in skip.params)
        yield (
            f"{paint('bold', place(skip.at))}: {paint('yellow', 'skipped')}: {skip.rule}: "
            f"{counted(skip.examples, 'example')}, for {names} has no default"
        )
    if not quiet:
        for check in suite.unexpected:
            yield f"{paint('bold', place(check.at))}: {paint('yellow', 'note')}: {check.rule} fails, unexpected"
