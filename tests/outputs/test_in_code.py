"""What holds for every output about code: golden files, no control byte, any encoding, the order, the size."""

from __future__ import annotations

import io
import os
import re
import tracemalloc
from pathlib import Path

import pytest

from finops_guard import outputs
from finops_guard.model import Location
from finops_guard.outputs._code import LONGEST, in_code, message, notes, path
from tests.factory import finding, report, resource, rule
from tests.outputs.code import many, planned, written

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("github", "gitlab", "junit", "sarif")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("name", NAMES)
def test_the_planned_report_is_as_it_was(name: str) -> None:
    """UPDATE_GOLDEN=1 writes the files anew; read the difference before committing it."""
    golden = GOLDEN / f"planned.{name}"
    text = written(name, planned())
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="")
    assert text == golden.read_bytes().decode("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_control_character_gets_through(name: str) -> None:
    assert not CONTROL.findall(written(name, planned()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_can_carry_it(name: str, encoding: str) -> None:
    made = report([finding(resource("naam-ü-😀-東京", at=Location("é/東.tf", 3), id="naam-ü-😀-東京"))])
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    outputs.load(name).render(made, out)
    out.flush()
    assert "naam-" in out.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_findings_does_not_depend_on_how_they_came(name: str) -> None:
    one, other = planned(), planned()
    other.findings = tuple(reversed(list(other.findings)))
    assert written(name, one) == written(name, other)


@pytest.mark.parametrize("name", NAMES)
def test_memory_stays_flat(name: str) -> None:
    made = many(10_000)
    written(name, report())
    with Path(os.devnull).open("w", encoding="utf-8") as out:
        tracemalloc.start()
        outputs.load(name).render(made, out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 12_000_000


def test_the_worst_come_first_and_failures_before_what_nobody_knows() -> None:
    low, high = rule("p/low", severity="low"), rule("p/high", severity="high")
    a, b = resource("a", at=Location("a.tf", 1)), resource("b", at=Location("b.tf", 1), month="5")
    made = report([finding(a, low), finding(a, high, "unknown"), finding(b, high), finding(resource("live"), high)])
    assert [(at.file, f.rule.id, f.verdict) for at, f in in_code(made)] == [
        ("b.tf", "p/high", "fail"),
        ("a.tf", "p/high", "unknown"),
        ("a.tf", "p/low", "fail"),
    ]


def test_what_is_not_listed_is_counted() -> None:
    levels = [(note.level, re.findall(r"\d+ finding", note.text)) for note in notes(planned(), plans=True)]
    assert levels == [("error", []), ("note", ["2 finding"]), ("note", ["1 finding"])]
    assert list(notes(report([finding(resource(at=Location("a.tf", 1)))]), plans=True)) == []


def test_a_rule_that_was_judged_nowhere_is_named() -> None:
    (note,) = notes(report([finding(resource(at=Location("a.tf", 1)), verdict="unknown")]), plans=True)
    assert note == ("warning", "Judged nowhere, all that they met is unknown: ai-tags/whose")


def test_a_scan_cut_short_is_said_without_a_gap() -> None:
    made = report()
    made.complete = False
    assert [note.level for note in notes(made, plans=True)] == ["error"]


def test_messages_have_an_end() -> None:
    long = finding(resource("x" * 5_000, at=Location("a.tf", 1)))
    assert len(message(long)) == LONGEST
    assert message(long).endswith("…")


def test_an_unknown_verdict_says_so_and_an_unknown_price_says_nothing() -> None:
    odd = resource("odd", month=None, id="odd", at=Location("a.tf", 1))
    assert message(finding(odd, verdict="unknown")).startswith("Cannot be judged: ")
    assert "0.00" not in message(finding(odd))
    assert (
        message(finding(resource("a", id="a"))) == "whose holds. tags.team is absent (a). It costs 100.00 EUR a month."
    )


@pytest.mark.parametrize(
    ("file", "wanted"), [("./a/b.tf", "a/b.tf"), ("a\\b.tf", "a/b.tf"), ("a//b.tf", "a/b.tf"), ("../a.tf", "../a.tf")]
)
def test_paths_are_as_code_hosts_write_them(file: str, wanted: str) -> None:
    assert path(Location(file, 1)) == wanted
