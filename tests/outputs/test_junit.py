from __future__ import annotations

import xml.etree.ElementTree as ET  # our own output is read here, nobody else's
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from finops_guard.model import Location, Reason
from finops_guard.outputs._escape import visible
from tests.factory import finding, report, resource
from tests.outputs.code import WORSE, planned, written
from tests.outputs.estate import estate

if TYPE_CHECKING:
    from finops_guard.model import Report


def read(made: Report) -> ET.Element:
    return ET.fromstring(written("junit", made))  # noqa: S314 - our own output


def test_the_counts_are_those_of_the_cases() -> None:
    for made in (planned(), estate(), report()):
        root = read(made)
        for element in (root, *root):
            assert element.get("tests") == str(len(list(element.iter("testcase"))))
            for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert element.get(attribute) == str(len(list(element.iter(tag))))
        listed = sum(f.verdict == "fail" and f.exempt is None for f in made.findings)
        assert root.get("failures") == str(listed)


def test_a_suite_a_rule_and_what_cannot_be_judged_is_skipped_with_the_reason() -> None:
    made = report(
        [
            finding(resource("a", id="a", at=Location("main.tf", 12))),
            finding(resource("b", id="b"), verdict="unknown"),
            finding(resource("c", id="c"), exempt="Until Friday."),
            finding(resource("d", id="d"), verdict="pass"),
        ],
        passed=3,
    )
    (suite,) = read(made)
    assert suite.get("name") == "ai-tags/whose"
    assert [(p.get("name"), p.get("value")) for p in suite.iter("property")] == [("severity", "high"), ("pass", "3")]
    of = {case.get("name"): case for case in suite.iter("testcase")}
    assert (of["a"].get("file"), of["a"].get("line")) == ("main.tf", "12")
    failure = of["a"].find("failure")
    assert failure is not None
    assert failure.get("message") == "tags.team is absent"
    assert "main.tf:12" in (failure.text or "")
    assert [skip.get("message") for skip in suite.iter("skipped")] == [
        "cannot be judged: tags.team is absent",
        "exempted: Until Friday.",
    ]
    assert len(of["d"]) == 0


def test_what_could_not_be_read_is_an_error() -> None:
    coverage = read(planned())[0]
    assert coverage.get("name") == "coverage"
    assert [e.get("message") for e in coverage.iter("error")] == [
        "AccessDenied sts:AssumeRole \\x1b]0;pwned\\x07::error::x"
    ]
    assert [s.get("message") for s in coverage.iter("skipped")] == ["expected: suspended"]
    short = report()
    short.complete = False
    assert read(short).get("errors") == "1"


@given(st.text() | st.sampled_from(WORSE), st.text() | st.sampled_from(WORSE))
def test_strangers_write_text_only(value: str, name: str) -> None:
    planned = resource("r", id=f"r {name}", at=Location(f"f{value}", 7))
    root = read(report([finding(planned, reasons=(Reason("tags.a", "matches", "[a-z]+", f"x{value}"),))]))
    (case,) = root.iter("testcase")
    assert [element.tag for element in root.iter()] == ["testsuites", "testsuite", "properties", *["property"] * 2,
                                                        "testcase", "failure"]  # fmt: skip
    shown = visible(f"r {name}").replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    assert case.get("name") == shown
