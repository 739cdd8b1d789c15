"""Values as JSON and back, exactly.

Text, numbers, booleans and null are themselves, a tuple of texts is a list; what JSON lacks is an object of
one key: `{"$money": "1.50 EUR"}`, `{"$decimal": "0.1"}`, `{"$time": "2026-11-01T00:00:00Z"}`, `{"$series":
{…}}`. Facts are plain JSON with the same objects inside; an object of theirs that could be taken for one of
ours stands in `$map`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from finops_guard.fields import FIELDS
from finops_guard.model import Money, Series, Unknown, Value


def _is_number(value: Value) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return type(value) is int or (type(value) is float and math.isfinite(value))


_NUMBER = (_is_number, "a number")
_POINTS = frozenset({int, float, type(None)})
_CHECKS: dict[str, tuple[Callable[[Value], bool], str]] = {
    "text": (lambda value: isinstance(value, str), "a text"),
    "choice": (lambda value: isinstance(value, str), "a text"),
    "number": _NUMBER,
    "percent": _NUMBER,
    "duration": _NUMBER,
    "size": _NUMBER,
    "money": (lambda value: isinstance(value, Money) and value.amount.is_finite(), "an amount of money"),
    "date": (lambda value: isinstance(value, datetime) and value.tzinfo is not None, "a time with its zone"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "list": (lambda value: isinstance(value, tuple) and _all_texts(value), "a list of texts"),
}


def misfit(name: str, value: Value) -> str | None:
    """Why `value` cannot stand in the catalogue field `name`, None when it can."""
    field = FIELDS.get(name)
    if field is None:
        return f"no field is called {name!r}"
    if value is None or (field.metric and isinstance(value, Series)):
        return None
    fits, what = _CHECKS[field.type]
    if not fits(value):
        return f"{name} is not {what}"
    if field.choices and value not in field.choices:
        return f"{name} is none of its choices: {value!r}"
    return None


def moment(when: datetime) -> str:
    """An aware time as UTC text that `datetime.fromisoformat` reads back."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_of(raw: object) -> datetime:
    """The aware time in a text; ValueError if there is none."""
    when = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    if when is None or when.tzinfo is None:
        raise ValueError(f"not a time with its zone: {raw!r}")
    return when


def money_of(raw: object) -> Money:
    """The amount in `1.50 EUR`; ValueError if there is none."""
    amount, _, currency = raw.partition(" ") if isinstance(raw, str) else ("", "", "")
    if not currency:
        raise ValueError(f"not an amount of money: {raw!r}")
    return Money(_decimal(amount), currency)


def encode(value: object) -> object:
    """`value` as what `json.dumps` takes. NaN and infinity become null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        plain = {str(key): encode(item) for key, item in value.items()}
        return {"$map": plain} if _reserved(plain) else plain
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    return _special(value)


def decode(raw: object) -> object:
    """What `encode` was given; a list stays a list. ValueError where an object of ours is malformed."""
    if isinstance(raw, list):
        return [decode(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if not _reserved(raw):
        return {key: decode(item) for key, item in raw.items()}
    ((name, inner),) = raw.items()
    shape, make = _SPECIAL.get(name, (None, None))
    if shape is None or make is None or not isinstance(inner, shape):
        raise ValueError(f"no value is written as {raw!r}")
    return make(inner)


def _all_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _reserved(raw: Mapping[str, object]) -> bool:
    return len(raw) == 1 and next(iter(raw)).startswith("$")


def _special(value: object) -> dict[str, object]:
    if isinstance(value, Money):
        return {"$money": str(value)}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$time": moment(value)}
    if isinstance(value, Unknown):
        return {"$unknown": value.reason}
    if isinstance(value, Series):
        return {"$series": {"end": moment(value.end), "step": value.step, "points": list(_finite(value.points))}}
    raise TypeError(f"a snapshot cannot hold a {type(value).__name__}")


def _decimal(raw: str) -> Decimal:
    try:
        return Decimal(raw)
    except InvalidOperation:
        raise ValueError(f"not a number: {raw!r}") from None


def _series(raw: dict[str, object]) -> Series:
    step, points = raw.get("step"), raw.get("points")
    if set(raw) != {"end", "step", "points"} or type(step) is not int or step <= 0:
        raise ValueError("a series has end, step (seconds) and points")
    if not isinstance(points, list) or not {*map(type, points)} <= _POINTS:
        raise ValueError("a series has points that are numbers or null")
    try:
        return Series(time_of(raw["end"]), step, _finite(points))
    except OverflowError:
        raise ValueError("a series has a point that is too large") from None


def _finite(points: Sequence[float | None]) -> tuple[float | None, ...]:
    """Points without NaN and infinity; a scan has millions of points, and they are hardly ever there."""
    if all(map(math.isfinite, [point for point in points if point is not None])):
        return tuple(points)
    return tuple(None if point is None or not math.isfinite(point) else point for point in points)


_SPECIAL: dict[str, tuple[type, Callable[..., object]]] = {
    "$money": (str, money_of),
    "$decimal": (str, _decimal),
    "$time": (str, time_of),
    "$series": (dict, _series),
    "$unknown": (str, Unknown),
    "$map": (dict, lambda raw: {key: decode(item) for key, item in raw.items()}),
}
