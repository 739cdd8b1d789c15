"""`format` and `formatlist`, verb by verb as Terraform has them (zclconf/go-cty: cty/function/stdlib/format.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.arithmetic import rounded
from finops_guard.sources.iac._hcl.functions.encoding import json_text
from finops_guard.sources.iac._hcl.graphemes import characters
from finops_guard.sources.iac._hcl.values import List, Typed, Val, WrongError, boolean, number, text

_VERB = re.compile(r"%([-+# 0]*)(\d+)?(?:\.(\d*))?(?:\[(\d+)\])?([a-zA-Z])|%%")
_LONGEST = 1_000_000
"""Characters of a padded string; beyond it a document costs more than it says."""
_BASES = {"b": "b", "d": "d", "o": "o", "x": "x", "X": "X"}
_SHORTEST = 6  # from this exponent on, and below -4, the shortest form of a number has one
_UNREAD = "a format that we do not read"
_OF_NULL = Typed("a format of null", "any")


class _Verb(NamedTuple):
    flags: str
    width: int
    places: int | None
    mode: str


class _UnreadError(Exception):
    """Go has it, and we do not."""


def format_(pattern: Val, *values: Val) -> Val:
    """What `format` gives. A null among the values makes it unknown, as it does in Terraform 1.11 (measured)."""
    shape = text(pattern)
    if not isinstance(shape, str):
        raise TypeError
    if None in values:
        return _OF_NULL
    return formatted(shape, values)


def formatted(shape: str, values: tuple[Val, ...]) -> Val:
    """A format with its values."""
    try:
        return "".join(_parts(shape, values))
    except _UnreadError:
        return Unknown(_UNREAD)


def _parts(shape: str, values: tuple[Val, ...]) -> Iterator[str]:
    at, following, highest = 0, 1, 0
    for found in _VERB.finditer(shape):
        yield _plain(shape[at : found.start()])
        at = found.end()
        if found[0] == "%%":
            yield "%"
            continue
        index = int(found[4]) if found[4] else following
        if not 1 <= index <= len(values):
            raise WrongError("too few values for the format")
        following, highest = index + 1, max(highest, index)
        width, places = int(found[2] or 0), None if found[3] is None else int(found[3] or 0)
        if max(width, places or 0) > _LONGEST:
            raise _UnreadError
        yield _verb(_Verb(found[1], width, places, found[5]), values[index - 1])
    yield _plain(shape[at:])
    if highest < len(values):
        raise WrongError("too many values for the format")


def _plain(between: str) -> str:
    if "%" in between:
        raise WrongError("not a format")
    return between


def _verb(verb: _Verb, value: Val) -> str:
    if verb.mode == "v":
        return _as_it_is(verb, value)
    if value is None:
        raise WrongError("null cannot be formatted")
    if verb.mode == "t":
        return str(text(boolean(value)))
    if verb.mode in _BASES:
        return _integer(verb, value)
    if verb.mode in {"e", "E", "f", "g", "G"}:
        return _float(verb, value)
    if verb.mode in {"s", "q"}:
        return _string(verb, str(text(value)))
    raise WrongError(f"no format is called {verb.mode}")


def _as_it_is(verb: _Verb, value: Val) -> str:
    if "#" not in verb.flags and isinstance(value, str):
        return _padded(verb, value)
    if "#" not in verb.flags and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return _padded(verb, ("-" if value < 0 else "") + _shortest(Decimal(value).copy_abs()))
    return _padded(verb, json_text(value))


def _string(verb: _Verb, said: str) -> str:
    if verb.places is not None:
        whole = characters(said)
        if whole is None:
            raise _UnreadError
        said = "".join(whole[: verb.places])
    if verb.mode == "q":
        said = json_text(said)
    return _padded(verb, said)


def _padded(verb: _Verb, said: str) -> str:
    """To a width, with zeros on whichever side: Terraform does so for all but numbers by `d` and its like."""
    if verb.width and characters(said) is None:
        raise _UnreadError
    pad = ("0" if "0" in verb.flags else " ") * (verb.width - len(said))
    return said + pad if "-" in verb.flags else pad + said


def _integer(verb: _Verb, value: Val) -> str:
    plain = number(value)
    if not isinstance(plain, int):
        raise WrongError("not a whole number")
    if verb.places is not None or "#" in verb.flags:
        raise _UnreadError
    return _signed(verb, negative=plain < 0, digits=format(abs(plain), _BASES[verb.mode]))


def _signed(verb: _Verb, *, negative: bool, digits: str) -> str:
    sign = "-" if negative else "+" if "+" in verb.flags else " " if " " in verb.flags else ""
    missing = verb.width - len(sign) - len(digits)
    if "-" in verb.flags:
        return sign + digits + " " * missing
    return sign + "0" * missing + digits if "0" in verb.flags else " " * missing + sign + digits


def _float(verb: _Verb, value: Val) -> str:
    plain = number(value)
    if isinstance(plain, Unknown) or "#" in verb.flags:
        raise _UnreadError
    size = Decimal(plain).copy_abs()
    exact = rounded(Fraction(size))
    mode = verb.mode.lower()
    if mode == "f":
        digits = _fixed(exact, 6 if verb.places is None else verb.places)
    elif mode == "e":
        digits = _scientific(exact, 6 if verb.places is None else verb.places)
    elif verb.places is None:
        digits = _shortest(size)
    else:
        digits = _significant(exact, verb.places or 1)
    return _signed(verb, negative=plain < 0, digits=digits.upper() if verb.mode.isupper() else digits)


def _fixed(exact: Fraction, places: int) -> str:
    """With so many decimal places, halves to even."""
    digits = str(round(exact * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _rounded_to(exact: Fraction, significant: int) -> tuple[str, int]:
    """So many significant digits, and the exponent of the first."""
    if exact == 0:
        return "0" * significant, 0
    exponent = len(str(exact.numerator)) - len(str(exact.denominator))
    while exact >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while exact < Fraction(10) ** exponent:
        exponent -= 1
    digits = str(round(exact / Fraction(10) ** (exponent - significant + 1)))
    return (digits[:-1], exponent + 1) if len(digits) > significant else (digits, exponent)


def _scientific(exact: Fraction, places: int) -> str:
    digits, exponent = _rounded_to(exact, places + 1)
    return _with_exponent(digits, exponent)


def _with_exponent(digits: str, exponent: int) -> str:
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{point}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _significant(exact: Fraction, places: int) -> str:
    digits, exponent = _rounded_to(exact, places)
    digits = digits.rstrip("0") or "0"
    most = len(digits) if places > len(digits) > exponent else places
    if exponent < -4 or exponent >= most:  # noqa: PLR2004 - where Go's %g begins to write exponents
        return _with_exponent(digits, exponent)
    return _fixed(exact, max(len(digits) - exponent - 1, 0))


def _shortest(whole: Decimal) -> str:
    """The shortest form that tells a number: its own digits, as every decimal that people write is told by them."""
    if whole == 0:
        return "0"
    digits = "".join(map(str, whole.as_tuple().digits)).rstrip("0")
    exponent = whole.adjusted()
    if exponent < -4 or exponent >= _SHORTEST:  # noqa: PLR2004 - where Go's %g begins to write exponents
        return _with_exponent(digits, exponent)
    return f"{whole:f}".rstrip("0").rstrip(".") if "." in f"{whole:f}" else f"{whole:f}"


def formatlist(pattern: Val, *values: Val) -> Val:
    """A format for each element of the lists; what is no list is the same in all of them."""
    shape = text(pattern)
    if not isinstance(shape, str):
        raise TypeError
    if None in values:
        return Typed("a format of null", "any")
    lengths = {len(value) for value in values if isinstance(value, list)}
    if len(lengths) > 1:
        raise WrongError("lists of different lengths")
    count = lengths.pop() if lengths else 1
    rows = [tuple(value[row] if isinstance(value, list) else value for value in values) for row in range(count)]
    made = [formatted(shape, row) for row in rows]
    return next((said for said in made if isinstance(said, Unknown)), List(made, "string"))
