"""Resources as written in examples and test files: omitted is unknown, `null` is absent, a `tags` map is whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from finops_guard.fields import FIELDS
from finops_guard.language.literals import PATTERNS, parse
from finops_guard.language.words import wrong_literal
from finops_guard.model import Location, Resource, Tags, Value

NOT_GIVEN = "not given in the example"


class Notes(Protocol):
    """Where mistakes go: a `conditions.Reader`."""

    def problem(
        self, place: tuple[str | int, ...], message: str, hint: str | None = None, *, key: bool = False
    ) -> None:
        """Note a mistake."""


def leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of an example by its dotted name; tags left out."""
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in FIELDS and name not in ("tags", "account_tags"):
            yield from leaves(value, f"{name}.")
        elif name in FIELDS:
            yield name, value


def check_example(notes: Notes, data: Mapping[str, Any], place: tuple[str | int, ...]) -> None:
    """Note each literal whose shape is right and whose value is not (2027-02-30, 5 EYR)."""
    for name, value in leaves(data):
        kind = FIELDS[name].type
        if isinstance(value, str) and kind in PATTERNS:
            try:
                parse(kind, value)
            except ValueError as error:
                if "currency" in str(error) or kind == "date":
                    notes.problem((*place, *name.split(".")), *wrong_literal(kind, value))


def resource_of(data: Mapping[str, Any], at: Location | None = None) -> Resource:
    """The resource of an example that the schema accepted; nothing derived yet."""
    fields: dict[str, Value] = {}
    for name, value in leaves(data):
        kind = FIELDS[name].type
        if value is None or value == "":
            fields[name] = None
        elif isinstance(value, list):
            fields[name] = tuple(value)
        else:
            fields[name] = parse(kind, value) if kind in PATTERNS else value  # type: ignore[assignment] # typed by kind
    unknown = {name: NOT_GIVEN for name in FIELDS if name not in fields}
    return Resource(fields, _tags(data, "tags"), unknown, _tags(data, "account_tags"), at=at)


def _tags(data: Mapping[str, Any], name: str) -> Tags:
    if name not in data:
        return Tags.unreadable(NOT_GIVEN)
    return Tags.of(data[name] or {})
