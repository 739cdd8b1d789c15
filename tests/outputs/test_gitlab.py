from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.model import Location
from tests.factory import finding, report, resource, rule
from tests.outputs.code import many, planned, written

if TYPE_CHECKING:
    from finops_guard.model import Report, Severity


def entries(made: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(written("gitlab", made))
    return found


@pytest.mark.parametrize("made", [planned(), many(50)], ids=["planned", "many"])
def test_every_entry_has_what_gitlab_asks_for(made: Report) -> None:
    found = entries(made)
    for entry in found:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"]["path"]
        assert entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in found}) == len(found)


@pytest.mark.parametrize(
    ("severity", "theirs"), [("critical", "blocker"), ("high", "critical"), ("medium", "major"), ("low", "minor")]
)
def test_severities(severity: Severity, theirs: str) -> None:
    one = finding(resource(at=Location("./b/a.tf", 3)), rule(severity=severity))
    (entry,) = entries(report([one]))
    assert entry["severity"] == theirs
    assert entry["fingerprint"] == one.id
    assert entry["location"] == {"path": "b/a.tf", "lines": {"begin": 3}}
    one.verdict = "unknown"
    assert entries(report([one], passed=1))[0]["severity"] == "info"


def test_what_stands_in_no_file_is_counted() -> None:
    assert entries(report()) == []
    (entry,) = entries(report([finding()]))
    assert entry["description"].startswith("Not listed here, as they stand in no file: 1 finding.")
    assert entry["severity"] == "info"


def test_what_a_plan_as_a_whole_costs_stands_at_the_top() -> None:
    plan = resource("plan", kind="plan", id="plan", month=None)
    (entry,) = entries(report([finding(plan, rule("iac-guardrail/monthly-cost"))]))
    assert entry["location"] == {"path": ".", "lines": {"begin": 1}}
    assert (entry["check_name"], entry["severity"]) == ("iac-guardrail/monthly-cost", "critical")
