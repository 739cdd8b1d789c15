"""JUnit XML, the shape that CI systems read: testsuites, testsuite, testcase, and failure, error or skipped in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from finops_guard.outputs._escape import xml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from finops_guard.model import Location

_TYPES = {"failure": ' type="verdict"', "error": ' type="gap"'}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was looked at; without `outcome` it is well. `text` may have several lines, nothing else may."""

    classname: str
    name: str
    at: Location | None = None
    outcome: Literal["failure", "error", "skipped"] | None = None
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases that belong together; how many of them there are is said before the first one comes."""

    name: str
    cases: Iterable[Case]
    tests: int
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    properties: Mapping[str, object] = field(default_factory=dict)


def document(suites: Sequence[Suite]) -> Iterator[str]:
    """The document, a line at a time."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="finops-guard" {_counts(suites)}>\n'
    for suite in suites:
        yield f'  <testsuite name="{xml(suite.name)}" {_counts([suite])}>\n'
        if suite.properties:
            items = (f'<property name="{xml(k)}" value="{xml(str(v))}"/>' for k, v in suite.properties.items())
            yield f"    <properties>{''.join(items)}</properties>\n"
        for case in suite.cases:
            yield from _case(case)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _counts(suites: Sequence[Suite]) -> str:
    names = ("tests", "failures", "errors", "skipped")
    return " ".join(f'{name}="{sum(getattr(suite, name) for suite in suites)}"' for name in names)


def _case(case: Case) -> Iterator[str]:
    file = f' file="{xml(case.at.file)}" line="{case.at.line}"' if case.at else ""
    head = f'    <testcase classname="{xml(case.classname)}" name="{xml(case.name)}"{file}'
    if case.outcome is None:
        yield f"{head}/>\n"
        return
    type_ = _TYPES.get(case.outcome, "")
    inner = "\n".join(xml(line) for line in case.text.split("\n"))
    yield f"{head}>\n"
    yield f'      <{case.outcome} message="{xml(case.message)}"{type_}>{inner}</{case.outcome}>\n'
    yield "    </testcase>\n"
