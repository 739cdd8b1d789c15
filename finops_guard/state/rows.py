"""A resource as one JSON object and back: what its source said, never what is derived from that.

Tags are kept as the provider spelt them and read again, so that another policy may have other aliases.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias, cast

from finops_guard.model import Location, Money, Price, Resource, Tags, Value
from finops_guard.state.values import decode, encode, misfit, moment, money_of, time_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Row: TypeAlias = dict[str, object]
DERIVED = frozenset({"age", "running_for"})
"""Fields that follow from others and the time of judging; with every `tag_keys.…` they are not written."""

_KEYS = frozenset(
    {
        "fields", "unknown", "tags", "tags_unknown", "open", "account_tags", "account_open", "started", "facts",
        "price", "at",
    }
)  # fmt: skip
_NO_ACCOUNT_TAGS = Resource({}, Tags({}, {})).account_tags.open_because


def to_row(resource: Resource) -> Row:
    """The row of a resource. A value that does not fit its field (NaN, a wrong type) becomes unknown."""
    fields: Row = {}
    unknown = dict(resource.unknown)
    for name, value in resource.fields.items():
        if name in DERIVED or name.startswith("tag_keys."):
            continue
        wrong = misfit(name, value)
        if wrong is None:
            fields[name] = value if value is None or type(value) is str else encode(value)
        else:
            unknown[name] = wrong
    row: Row = {"fields": fields, "tags": resource.tags.raw}
    optional = {
        "unknown": unknown or None,
        "tags_unknown": resource.tags.unknown or None,
        "open": resource.tags.open_because,
        "account_tags": resource.account_tags.raw or None,
        "started": None if resource.started is None else moment(resource.started),
        "facts": {key: encode(value) for key, value in resource.facts.items()} or None,
        "price": None if resource.price is None else _from_price(resource.price),
        "at": None if resource.at is None else [resource.at.file, resource.at.line, resource.at.column],
    }
    row.update((key, value) for key, value in optional.items() if value is not None)
    if resource.account_tags.open_because != _NO_ACCOUNT_TAGS:
        row["account_open"] = resource.account_tags.open_because
    return row


def from_row(row: object, aliases: Mapping[str, str] | None = None) -> Resource:
    """The resource in a row; ValueError says what is wrong with it."""
    if not isinstance(row, dict):
        raise ValueError("a resource is an object")  # noqa: TRY004 - the reader's data is wrong, not our types
    if stray := sorted(set(row) - _KEYS):
        raise ValueError(f"a resource has no {stray[0]!r}")
    unknown = _texts(row, "unknown")
    resource = Resource(
        fields=_fields(row.get("fields"), unknown),
        tags=Tags.of(
            _texts(row, "tags"), aliases, open_because=_text(row, "open"), unknown=_texts(row, "tags_unknown") or None
        ),
        unknown=unknown,
        account_tags=Tags.of(
            _texts(row, "account_tags"),
            aliases,
            open_because=_text(row, "account_open") if "account_open" in row else _NO_ACCOUNT_TAGS,
        ),
    )
    if "started" in row:
        resource.started = time_of(row["started"])
    if "facts" in row:
        resource.facts = _facts(row["facts"])
    if "price" in row:
        resource.price = _to_price(row["price"])
    if "at" in row:
        resource.at = _to_location(row["at"])
    return resource


def _fields(raw: object, unknown: dict[str, str]) -> dict[str, Value]:
    if not isinstance(raw, dict):
        raise ValueError("a resource has 'fields', an object")  # noqa: TRY004 - as above
    fields: dict[str, Value] = {}
    for name, item in raw.items():
        if item is None:
            fields[name] = None
            continue
        plain = decode(item) if type(item) is dict else tuple(item) if type(item) is list else item
        if type(plain) is float and not math.isfinite(plain):
            unknown[name] = f"{name} is not a number"
            continue
        value = cast("Value", plain)
        if wrong := misfit(name, value):
            raise ValueError(wrong)
        fields[name] = value
    if not fields.get("id") or not fields.get("kind"):
        raise ValueError("a resource has an id and a kind")
    return fields


def _facts(raw: object) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise ValueError("'facts' is an object")  # noqa: TRY004 - as above
    return {key: decode(value) for key, value in raw.items()}


def _from_price(price: Price) -> Row:
    return {"hour": str(price.hour), "source": price.source, "as_of": price.as_of}


def _to_price(raw: object) -> Price:
    if not isinstance(raw, dict) or set(raw) != {"hour", "source", "as_of"}:
        raise ValueError("a price has hour, source and as_of")
    hour: Money = money_of(raw["hour"])
    if not hour.amount.is_finite():
        raise ValueError("a price is a number")
    return Price(hour, str(raw["source"]), str(raw["as_of"]))


def _to_location(raw: object) -> Location:
    match raw:
        case [str(file), int(line), int(column)]:
            return Location(file, line, column)
    raise ValueError("'at' is [file, line, column]")


def _text(row: Row, key: str) -> str | None:
    value = row.get(key)
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{key!r} is a text")


def _texts(row: Row, key: str) -> dict[str, str]:
    value = row.get(key, {})
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return value
    raise ValueError(f"{key!r} is a map of texts")
