"""Test results as JUnit XML: a suite a file, a case a check."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING

from finops_guard.cli._results import place, reasons
from finops_guard.outputs._junit import Case, Suite, document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.cli import _suites
    from finops_guard.cli._results import Results
    from finops_guard.evaluate.checks import Check


def write_junit(results: Results) -> None:
    """To stdout, in ASCII, so that the encoding of the stream does not matter."""
    for line in document([_suite(suite) for suite in results.suites]):
        sys.stdout.write(line.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _suite(suite: _suites.Suite) -> Suite:
    failed = sum(not check.held for check in suite.checks)
    total = len(suite.checks) + len(suite.skipped)
    return Suite(
        suite.name, chain(map(_case, suite.checks), _skipped(suite)), total, failed, skipped=len(suite.skipped)
    )


def _skipped(suite: _suites.Suite) -> Iterator[Case]:
    for skip in suite.skipped:
        names = ", ".join(f"${name}" for name in skip.params)
        yield Case(skip.rule, "examples", None, "skipped", f"{names} has no default")


def _case(check: Check) -> Case:
    name = f"{check.expected} at {place(check.resource.at or check.at)}"
    if check.held:
        return Case(check.rule, name, check.at)
    why = "\n".join([place(check.at), *reasons(check)])
    return Case(check.rule, name, check.at, "failure", f"expected {check.expected}, got {check.got}", why)
