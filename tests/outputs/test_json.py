from __future__ import annotations

import copy
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from finops_guard.model import Calls, Coverage, Location, Money
from finops_guard.outputs import json as output
from tests.factory import NOW, finding, report, resource, rule, step
from tests.outputs.estate import HOSTILE, estate

if TYPE_CHECKING:
    from finops_guard.model import Report

SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "report.json").read_text(encoding="utf-8"))
VALID = Draft202012Validator(SCHEMA)


def document(made: Report) -> Any:
    out = io.StringIO()
    output.render(made, out)
    return json.loads(out.getvalue())


def test_the_schema_is_one_and_closed() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    def closed(node: object, path: str) -> None:
        if isinstance(node, dict):
            if "properties" in node:
                assert node.get("additionalProperties") is False, path
                assert sorted(node["required"]) == sorted(node["properties"]), path
            for key, value in node.items():
                closed(value, f"{path}/{key}")
        elif isinstance(node, list):
            for place, value in enumerate(node):
                closed(value, f"{path}/{place}")

    closed(SCHEMA, "")


@pytest.mark.parametrize("made", [estate(), report()], ids=["rich", "empty"])
def test_reports_validate(made: Report) -> None:
    assert [error.message for error in VALID.iter_errors(document(made))] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "finops-guard/report/2"),
        (("extra",), 1),
        (("run", "mode"), "dryrun"),
        (("run", "started"), "2026-11-14T09:30:00+01:00"),
        (("run", "policy", "name"), None),
        (("totals", "cost_month", "EUR"), 12.5),
        (("totals", "cost_month", "euro"), "1.00"),
        (("totals", "findings", "fail"), -1),
        (("findings", 0, "verdict"), "outside"),
        (("findings", 0, "severity"), "severe"),
        (("findings", 0, "cost", "month"), 0),
        (("findings", 0, "cost", "month"), None),
        (("findings", 0, "cost", "because"), "known"),
        (("findings", 0, "resource", "tags"), None),
        (("findings", 0, "resource", "location"), {"file": "main.tf", "line": 0}),
        (("findings", 0, "why"), "absent"),
        (("steps", 0, "do"), "delete"),
        (("steps", 0, "state"), "planned"),
        (("steps", 0, "saves_month"), "much"),
        (("coverage", 0, "percent"), 101),
        (("gaps", 0, "expected"), None),
        (("calls", "aws", "usd"), 0),
    ],
)
def test_the_schema_refuses_what_is_wrong(path: tuple[str | int, ...], value: object) -> None:
    wrong = copy.deepcopy(document(estate()))
    place = wrong
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert list(VALID.iter_errors(wrong))


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_the_schema_misses_what_is_missing(key: str) -> None:
    wrong = document(estate())
    del wrong[key]
    assert list(VALID.iter_errors(wrong))


def test_a_finding_says_everything() -> None:
    vm = resource("gpu-1", month="1234.5", currency="USD", tags={"Team": "vision"}, at=Location("main.tf", 12))
    made = report([finding(vm, since=datetime(2026, 11, 1, 8, 0, 0, 500_000, tzinfo=UTC))])
    assert document(made)["findings"] == [
        {
            "id": "ai-tags/whose@arn:aws:ec2:eu-west-1:111111111111:instance/gpu-1",
            "rule": "ai-tags/whose",
            "severity": "high",
            "verdict": "fail",
            "exempt": None,
            "resource": {
                "id": "arn:aws:ec2:eu-west-1:111111111111:instance/gpu-1",
                "kind": "vm",
                "type": "AWS::EC2::Instance",
                "cloud": "aws",
                "account": "111111111111",
                "region": "eu-west-1",
                "name": "gpu-1",
                "tags": {"Team": "vision"},
                "location": {"file": "main.tf", "line": 12},
            },
            "why": ["tags.team is absent"],
            "since": "2026-11-01T08:00:00.500000Z",
            "cost": {"month": "1234.50", "currency": "USD", "source": "list-price", "as_of": "2026-07-20"},
        }
    ]


def test_findings_come_with_the_dearest_resource_first_and_its_findings_by_rule() -> None:
    other = rule("ai-tags/other")
    made = report(
        [
            finding(resource("b", month="10")),
            finding(resource("c", month=None)),
            finding(resource("a", month="10")),
            finding(resource("b", month="10"), other),
            finding(resource("d", month="0")),
            finding(resource("e", month="9.99", currency="USD")),
        ]
    )
    order = [(f["resource"]["name"], f["rule"][8:]) for f in document(made)["findings"]]
    assert order == [("a", "whose"), ("b", "other"), ("b", "whose"), ("e", "whose"), ("d", "whose"), ("c", "whose")]


def test_strangers_text_is_data_and_the_document_is_ascii() -> None:
    out = io.StringIO()
    output.render(estate(), out)
    assert out.getvalue().isascii()
    names = {f["resource"]["name"] for f in json.loads(out.getvalue())["findings"]}
    assert set(HOSTILE) <= names


def test_an_absent_price_has_its_reason_too() -> None:
    free = resource("role", month=None)
    free.fields["cost.month"] = None
    (found,) = document(report([finding(free)]))["findings"]
    assert found["cost"] == {
        "month": None,
        "currency": None,
        "source": None,
        "as_of": None,
        "because": "it has no price of its own",
    }


def test_what_verbs_read_becomes_plain_json() -> None:
    vm = resource()
    before = {
        "tags": {"a": "b"},
        "price": Money(Decimal("1.5"), "EUR"),
        "at": NOW,
        "day": date(2026, 1, 1),
        "list": ("x", 1, None, True),
        "set": frozenset({"b", "a"}),
        "decimal": Decimal("0.1"),
        "float": 0.5,
        "nan": float("nan"),
        "path": Path("x"),
    }
    made = report([], steps=[step("tag", vm, before=before, rules=("a/b", "c/d"))])
    (found,) = document(made)["steps"]
    assert found["rule"] == "a/b,c/d"
    assert found["before"] == {
        "tags": {"a": "b"},
        "price": {"amount": "1.5", "currency": "EUR"},
        "at": "2026-11-14T09:30:00Z",
        "day": "2026-01-01",
        "list": ["x", 1, None, True],
        "set": ["a", "b"],
        "decimal": "0.1",
        "float": 0.5,
        "nan": "nan",
        "path": "x",
    }


def test_totals_coverage_and_calls() -> None:
    made = report(coverage=(Coverage("a/b", "t", "low", 2, 1), Coverage("a/c", "t", "low", unknown=3)))
    made.calls = {"aws": Calls(10, 2, Decimal("0.00031")), "gcp": Calls(1, 0, Decimal(2))}
    made.cost_month = {"USD": Decimal("0.005"), "EUR": Decimal(7)}
    found = document(made)
    assert found["totals"]["cost_month"] == {"EUR": "7.00", "USD": "0.01"}
    assert [row["percent"] for row in found["coverage"]] == [66.67, None]
    assert [found["calls"][cloud]["usd"] for cloud in ("aws", "gcp")] == ["0.00031", "2.00"]
