"""Test files: resources, a moment, and the verdict each rule must give."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from finops_guard.language.check import check
from finops_guard.language.conditions import Reader
from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.examples import check_example, resource_of
from finops_guard.language.item import Item
from finops_guard.language.near import suggest
from finops_guard.language.schema import DIALECT, VERDICTS, Schema, choice, closed, resource
from finops_guard.language.words import did_you_mean, few
from finops_guard.model import Location, Resource


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a rule (`pack/rule`) must say: one verdict for every resource, or one for each in their order."""

    rule: str
    verdicts: tuple[str, ...]
    each: bool
    at: Location


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test: `given` holds resources as `examples` do, `snapshot` is a path relative to the file, or None."""

    __test__: ClassVar[bool] = False

    name: str
    at: datetime
    given: tuple[Mapping[str, Any], ...]
    places: tuple[Location, ...]
    snapshot: str | None
    expect: tuple[Expectation, ...]
    place: Location


@dataclass(frozen=True, slots=True)
class TestFile:
    """A test file as loaded."""

    __test__: ClassVar[bool] = False

    path: str
    tests: tuple[TestCase, ...]
    document: Document


def load_tests(document: Document) -> tuple[TestFile | None, list[Diagnostic]]:
    """The tests of a document and every mistake in it; None where it is not even a list of tests."""
    checked = check(document, tests_schema)
    problems = checked.problems
    reader = Reader(document, problems=problems, faulty=checked.faulty)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("tests"), list):
        return None, problems
    tests = tuple(_test(item, number) for number, item in enumerate(Item(reader, ("tests",), data["tests"]).items(), 1))
    return TestFile(document.file, tests, document), problems


def unknown_rules(file: TestFile, rules: Collection[str]) -> Iterator[Diagnostic]:
    """A mistake for each expectation of a rule (`pack/rule`) that is not among those there are."""
    names = sorted(rules)
    for i, test in enumerate(file.tests):
        for expectation in test.expect:
            if expectation.rule not in rules:
                short = [name for name in names if name.endswith(f"/{expectation.rule}")]
                near = short[0] if short else suggest(expectation.rule, names)
                hint = did_you_mean(near) or few(names, "there are {}")
                place = ("tests", i, "expect", expectation.rule)
                yield file.document.problem(place, f"unknown rule '{expectation.rule}'", hint, key=True)


def _test(item: Item, number: int) -> TestCase:
    given = [each for each in item.below("given").items() if isinstance(each.data, dict)]
    for each in given:
        check_example(item.reader, each.data, each.place)
    snapshot = item.get("snapshot")
    if item.reader.sound(item.place) and not given and snapshot is None:
        item.problem("a test needs resources: 'given' or 'snapshot'")
    return TestCase(
        name=str(item.get("name") or f"test {number}"),
        at=_moment(item.below("at")),
        given=tuple(each.data for each in given),
        places=tuple(item.reader.document.at(each.place) for each in given),
        snapshot=snapshot if isinstance(snapshot, str) else None,
        expect=tuple(_expectations(item, len(given))),
        place=item.reader.document.at(item.place),
    )


def _expectations(item: Item, given: int) -> Iterator[Expectation]:
    for rule, wanted in item.below("expect").entries():
        verdicts = tuple(text.data for text in wanted.texts())
        each = isinstance(wanted.data, list)
        if each and item.get("snapshot") is not None:
            wanted.problem("a snapshot has no order: give one verdict for all of it")
        elif each and len(verdicts) != given and item.reader.sound(item.place):
            wanted.problem(f"{len(verdicts)} verdicts for {given} resources", "one verdict for all, or one for each")
        yield Expectation(rule, verdicts, each, item.reader.document.at(wanted.place, key=True))


def _moment(item: Item) -> datetime:
    try:
        moment = datetime.fromisoformat(str(item.data))
    except ValueError:
        if isinstance(item.data, str):
            item.problem(f"'{item.data}' is not a moment of the calendar")
        return datetime.fromtimestamp(0, UTC)
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def tests_schema() -> Schema:
    """The schema of test files."""
    moment = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z)?$"
    verdict: Schema = {
        "type": ["string", "array"],
        "if": {"type": "string"},
        "then": {"enum": list(VERDICTS), "title": "verdict"},
        "items": choice(*VERDICTS, title="verdict"),
        "title": "verdict",
        "minItems": 1,
        "examples": list(VERDICTS),
    }
    case = closed(
        {
            "name": {"type": "string", "minLength": 1},
            "at": {"type": "string", "pattern": moment, "title": "moment", "description": "What the clock says, UTC."},
            "given": {"type": "array", "items": {"$ref": "#/$defs/resource"}, "minItems": 1},
            "snapshot": {"type": "string", "minLength": 1, "description": "A snapshot, relative to this file."},
            "expect": {
                "type": "object",
                "additionalProperties": verdict,
                "minProperties": 1,
            },
        },
        ("at", "expect"),
    )
    body = closed({"tests": {"type": "array", "items": {"$ref": "#/$defs/test"}, "minItems": 1}}, ("tests",))
    return {
        "$schema": DIALECT,
        "title": "finops-guard test file",
        **body,
        "$defs": {"test": case, "resource": resource()},
    }


def resources(test: TestCase) -> Iterator[Resource]:
    """The resources written in a test, nothing derived yet."""
    for data, place in zip(test.given, test.places, strict=True):
        yield resource_of(data, place)
