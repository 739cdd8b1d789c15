"""Values of the language, as plain Python: and what marks those that cannot be told.

string number bool null    str, int or Decimal, bool, None
tuple, list, set           list, List, Set (sorted, without duplicates)
object, map                dict, Map
open map                   OpenMap: these keys, and perhaps more
resources, modules         Lazy: attributes are worked out when they are asked for
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any, TypeAlias

from finops_guard.model import Unknown

Val: TypeAlias = Any  # what expressions give, checked by each operation that takes one


@dataclass(frozen=True, slots=True, eq=False)
class Typed(Unknown):
    """A value that cannot be told, of which the type can."""

    of: object = "any"


def typed(value: Unknown, of: object) -> Unknown:
    """The same reason for a value of a type."""
    return value if isinstance(value, Typed) and value.of == of else Typed(value.reason, of)


@dataclass(frozen=True, slots=True, eq=False)
class Sensitive(Typed):
    """A value that was marked so: it is never shown, unless the sources themselves take the mark away."""

    value: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Loose(Typed):
    """A number or a bool that may be the string that says the same, which depends on a value that cannot be told."""

    value: int | Decimal | bool = False


class WrongError(Exception):
    """What Terraform itself would refuse for certain: `try` and `can` go on from it, elsewhere it is unknown."""


class List(list[Val]):
    """A list whose elements have one type, `of`."""

    __slots__ = ("of",)

    def __init__(self, items: Iterable[Val] = (), of: object = "any") -> None:
        super().__init__(items)
        self.of = of


class Set(List):
    """A set, in the order in which Terraform goes through it."""

    __slots__ = ()


class Map(dict[str, Val]):
    """A map whose values have one type, `of`."""

    __slots__ = ("of",)

    def __init__(self, items: Iterable[tuple[str, Val]] = (), of: object = "any") -> None:
        super().__init__(items)
        self.of = of


class OpenMap(dict[str, Val]):
    """Keys that are there, while there may be more of them, and `reason` why."""

    __slots__ = ("reason",)

    def __init__(self, items: Iterable[tuple[str, Val]] = (), reason: str = "") -> None:
        super().__init__(items)
        self.reason = reason


class Lazy:
    """A resource or a module call: `get(name)` works out one attribute."""

    __slots__ = ("get", "reason")

    def __init__(self, get: Callable[[str], Val], reason: str) -> None:
        self.get = get
        self.reason = reason


def unknown_in(value: Val) -> Unknown | None:
    """The first thing in a value that cannot be told."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, (OpenMap, Lazy)):
        return Unknown(value.reason)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            if (found := unknown_in(item)) is not None:
                return found
    return None


LARGEST = 4 * 2**20
"""Characters of a string, or elements of a list, that an expression may make; sources that double double fast."""


def bounded(value: Val) -> Val:
    """The same, or unknown where it is larger than anybody writes."""
    return Unknown("it grows beyond what we evaluate") if len(value) > LARGEST else value


def in_order(value: dict[str, Val]) -> list[tuple[str, Val]]:
    """The pairs of a map in Terraform's order, which is that of the keys."""
    return sorted(value.items(), key=lambda pair: pair[0])


def text(value: Val) -> str | Unknown:
    """A value as a string; WrongError for what has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Lazy):
        return Typed(value.reason, "string")
    if isinstance(value, Loose):
        return text(value.value)
    if isinstance(value, Unknown):
        return typed(value, "string")
    raise WrongError(f"{called(value)} is not a string")


def number(value: Val) -> int | Decimal | Unknown:
    """A value as a number; WrongError for what is none."""
    if isinstance(value, bool) or value is None:
        raise WrongError(f"{called(value)} is not a number")
    if isinstance(value, (int, Decimal)):
        return value
    if isinstance(value, Loose):
        return number(value.value)
    if isinstance(value, (Unknown, Lazy)):
        return Typed(value.reason, "number")
    if isinstance(value, str):
        return parsed(value)
    raise WrongError(f"{called(value)} is not a number")


_DIGITS = 100
_EXACT = Context(prec=1000)
_EXPONENT = 40
"""Beyond it, how Terraform writes a number is not ours to guess."""


def parsed(digits: str) -> int | Decimal | Unknown:
    """A number as it is written; whole ones are int."""
    plain = digits.removeprefix("-")
    if plain.isascii() and plain.isdecimal():
        return int(digits) if len(plain) <= _DIGITS else Typed("a number too large to be told exactly", "number")
    if not plain or plain[0] not in "0123456789." or not set(plain) <= set("0123456789.eE+-"):
        raise WrongError(f"{digits!r} is not a number")
    try:
        return whole(Decimal(digits))
    except ArithmeticError:
        raise WrongError(f"{digits!r} is not a number") from None


def whole(value: Decimal) -> int | Decimal | Unknown:
    """The same number, as int where it is whole."""
    if abs(value.adjusted()) > _EXPONENT:
        return Unknown("a number too large or too small to be told exactly")
    return int(value) if value == value.to_integral_value() else value.normalize(_EXACT)


def negative(value: int | Decimal) -> int | Decimal:
    """The same number with the other sign; the operator of Decimal would round it to 28 digits."""
    return -value if isinstance(value, int) else type(value)(value.copy_negate())


def boolean(value: Val) -> bool | Unknown:
    """A value as a bool; WrongError for what is none."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Loose):
        return boolean(value.value)
    if isinstance(value, (Unknown, Lazy)):
        return Typed(value.reason, "bool")
    if value in ("true", "false") and isinstance(value, str):
        return value == "true"
    raise WrongError(f"{called(value)} is not a bool")


def called(value: Val) -> str:
    """What a value is, for a reader."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a bool"
    if isinstance(value, (int, Decimal)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "a map"
