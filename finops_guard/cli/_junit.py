"""Test results as JUnit XML, the shape that CI systems read (testsuites, testsuite, testcase, failure, skipped)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from finops_guard.cli._results import place, reasons
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.cli._results import Results
    from finops_guard.cli._suites import Suite
    from finops_guard.evaluate.checks import Check


def write_junit(results: Results) -> None:
    """To stdout, in ASCII, so that the encoding of the stream does not matter."""
    text = "\n".join(_lines(results)) + "\n"
    sys.stdout.write(text.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _lines(results: Results) -> Iterator[str]:
    skipped = sum(len(suite.skipped) for suite in results.suites)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    total = len(results.checks) + skipped
    yield f'<testsuites name="finops-guard" tests="{total}" failures="{len(results.failed)}" skipped="{skipped}">'
    for suite in results.suites:
        yield from _suite(suite)
    yield "</testsuites>"


def _suite(suite: Suite) -> Iterator[str]:
    failed = sum(not check.held for check in suite.checks)
    total = len(suite.checks) + len(suite.skipped)
    yield (
        f'  <testsuite name={_quoted(suite.name)} tests="{total}" failures="{failed}" errors="0" '
        f'skipped="{len(suite.skipped)}">'
    )
    for check in suite.checks:
        yield from _case(check)
    for skip in suite.skipped:
        names = ", ".join(f"${name}" for name in skip.params)
        yield f'    <testcase classname={_quoted(skip.rule)} name="examples">'
        yield f"      <skipped message={_quoted(f'{names} has no default')}/>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _case(check: Check) -> Iterator[str]:
    at = check.at
    file = f' file={_quoted(at.file)} line="{at.line}"' if at else ""
    name = f"{check.expected} at {place(check.resource.at or at)}"
    head = f"    <testcase classname={_quoted(check.rule)} name={_quoted(name)}{file}"
    if check.held:
        yield f"{head}/>"
        return
    yield f"{head}>"
    message = _quoted(f"expected {check.expected}, got {check.got}")
    why = "\n".join([place(check.at), *reasons(check)])
    yield f'      <failure message={message} type="verdict">{_text(why)}</failure>'
    yield "    </testcase>"


def _text(text: str) -> str:
    from xml.sax.saxutils import escape

    return escape(text)


def _quoted(text: str) -> str:
    from xml.sax.saxutils import quoteattr

    return quoteattr(printable(text))
