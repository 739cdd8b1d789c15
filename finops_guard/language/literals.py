"""Literals carry their unit: `24h`, `40000 EUR`, `80%`, `500 GB`, `2027-01-31`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from finops_guard.model import Money

DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SIZE_UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "PB": 10**15,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "PiB": 2**50,
}
NUMBER = r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?"
PATTERNS = {
    # At most some 200 years: a date and a duration then still make a date.
    "duration": "0[smhdw]|[1-9](?:[0-9]{0,8}s|[0-9]{0,7}m|[0-9]{0,5}h|[0-9]{0,4}d|[0-9]{0,3}w)",
    "percent": rf"-?{NUMBER} ?%",
    "money": rf"-?{NUMBER} [A-Z]{{3}}",
    "size": rf"{NUMBER} ?(?:{'|'.join(SIZE_UNITS)})",
    "date": r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])",
}
"""One regular expression (anchored where it is used) for each literal; the schema carries the same."""

SHAPES = {
    "duration": "a duration is a whole number and s, m, h, d or w, for example 24h",
    "percent": "a percentage is a number and %, for example 80%",
    "money": "money is an amount and a currency, for example 40000 EUR",
    "size": "a size is a number and a unit, for example 500 GB",
    "date": "a date is YYYY-MM-DD, for example 2027-01-31",
    "number": "a number is written without quotes or unit, for example 8",
    "bool": "write true or false",
    "text": "text",
    "list": "a list is written [a, b]",
}
CURRENCIES = frozenset(
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW KWD KZT "
    "LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD UYU VND "
    "XAF XOF ZAR".split()
)


def duration(text: str) -> int:
    """Seconds of `24h`."""
    return int(text[:-1]) * DURATION_UNITS[text[-1]]


def percent(text: str) -> float:
    """80.0 of `80%`."""
    return float(text.rstrip("%").rstrip())


def money(text: str) -> Money:
    """An amount in a currency of ISO 4217."""
    amount, currency = text.split(" ")
    if currency not in CURRENCIES:
        msg = f"unknown currency '{currency}'"
        raise ValueError(msg)
    return Money(Decimal(amount), currency)


def size(text: str) -> int:
    """Bytes of `500 GB`; GB is 10⁹, GiB is 2³⁰."""
    unit = text.lstrip("0123456789. ")
    return int(Decimal(text.removesuffix(unit).rstrip()) * SIZE_UNITS[unit])


def day(text: str) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)


_PARSERS: dict[str, Callable[[str], object]] = {
    "duration": duration,
    "percent": percent,
    "money": money,
    "size": size,
    "date": day,
}
_SHAPES_COMPILED = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}


def parse(type_name: str, text: str) -> object:
    """The value of a literal of a field type, in that type's unit; ValueError says what such a literal looks like.

    For `text`, `choice`, `number`, `bool` and `list` the text is read as a cell of a table would be.
    """
    if type_name in _PARSERS:
        if not _SHAPES_COMPILED[type_name].fullmatch(text):
            raise ValueError(SHAPES[type_name])
        try:
            return _PARSERS[type_name](text)
        except ValueError as error:
            raise ValueError(str(error) if "currency" in str(error) else SHAPES[type_name]) from None
    if type_name == "number":
        if not re.fullmatch(r"-?" + NUMBER, text):
            raise ValueError(SHAPES["number"])
        return float(text) if "." in text else int(text)
    if type_name == "bool":
        if text not in ("true", "false"):
            raise ValueError(SHAPES["bool"])
        return text == "true"
    if type_name == "list":
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text
