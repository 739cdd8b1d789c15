"""The schemas: no unions, and one verdict whichever way a document is validated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from finops_guard.fields import FIELDS
from finops_guard.language import testfile
from finops_guard.language.diagnostics import LanguageError
from finops_guard.language.document import Document
from finops_guard.language.fits import compiled
from finops_guard.language.policy_schema import policy_schema
from finops_guard.language.schema import Schema, pack_schema
from finops_guard.language.validator import errors
from tests.language.seeded import FOLDER, seeded

ROOT = Path(__file__).parents[2]
MAKERS: dict[str, Callable[[], Schema]] = {
    "pack": pack_schema,
    "policy": policy_schema,
    "customer": policy_schema,
    "tests": testfile.tests_schema,
}
QUICK = {make: compiled(make()) for make in set(MAKERS.values())}
STOCK = {make: Draft202012Validator(make()) for make in set(MAKERS.values())}


def documents() -> Iterator[tuple[str, str, str]]:
    """(kind, name, text) of every good and bad document we have."""
    for kind in MAKERS:
        yield kind, f"{kind}.yaml", (FOLDER / f"{kind}.yaml").read_text("utf-8")
    for kind, folder in (("pack", "rules"), ("policy", "policies")):
        for path in sorted((ROOT / folder).glob("*.yaml")):
            yield kind, path.name, path.read_text("utf-8")
    for case in seeded():
        yield case.kind, case.name, case.text


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema; the map of `properties` is none itself."""
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key == "if":
                continue  # a question, not a shape
            for part in value.values() if key in ("properties", "$defs", "patternProperties") else [value]:
                yield from parts(part)
    elif isinstance(schema, list):
        for item in schema:
            yield from parts(item)


@pytest.mark.parametrize("make", list(STOCK), ids=lambda make: str(make.__name__))
def test_a_schema_is_valid_and_has_no_unions(make: Callable[[], Schema]) -> None:
    schema = make()
    Draft202012Validator.check_schema(schema)
    for part in parts(schema):
        assert not part.keys() & {"anyOf", "oneOf", "unevaluatedProperties", "not"}
        if part.get("type") == "object":
            assert part.keys() & {"additionalProperties", "allOf"}, part


@pytest.mark.parametrize("make", list(STOCK), ids=lambda make: str(make.__name__))
def test_every_definition_is_used(make: Callable[[], Schema]) -> None:
    schema = make()
    used = {part["$ref"].removeprefix("#/$defs/") for part in parts(schema) if "$ref" in part}
    assert used == set(schema["$defs"])


def test_every_field_can_stand_in_a_condition() -> None:
    defs = pack_schema()["$defs"]
    assert {name.removeprefix("field-") for name in defs if name.startswith("field-")} == set(FIELDS)


@pytest.mark.parametrize(("kind", "name", "text"), list(documents()), ids=lambda value: str(value)[:60].split("\n")[0])
def test_quick_validator_and_stock_validator_agree(kind: str, name: str, text: str) -> None:
    try:
        data = Document(name, text).data
    except LanguageError:
        return
    agree(MAKERS[kind], data)


def agree(make: Callable[[], Schema], data: Any) -> None:
    """The quick answer, our keywords and the stock validator say the same, in the same places."""
    stock = {tuple(error.absolute_path) for error in STOCK[make].iter_errors(data)}
    ours = {tuple(error.absolute_path) for error in errors(make, data)}
    assert ours == stock
    assert QUICK[make](data) is (not stock)


def test_a_keyword_without_a_test_is_refused() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        compiled({"type": "number", "multipleOf": 3})
