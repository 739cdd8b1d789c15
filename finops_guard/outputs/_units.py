"""Values in the units people read: 3d4h, 80 %, 1.5 TB, 1,234.50 EUR.

`digits` (the most decimals shown) and `parts` (the most units of a duration) can be raised where two values that differ
would read the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from finops_guard.fields import FIELDS
from finops_guard.model import Money, Series

LIST_LIMIT = 8
_CENT = Decimal("0.01")
_STEPS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_SIZES = ("B", "KB", "MB", "GB", "TB", "PB", "EB")


def duration(seconds: float, parts: int = 2) -> str:
    """Seconds as at most `parts` units, the smaller ones cut off: 3d4h."""
    left = round(abs(seconds))
    written: list[str] = []
    for unit, length in _STEPS:
        count, left = divmod(left, length)
        if count:
            written.append(f"{count}{unit}")
        if (written and not left) or len(written) == parts:
            break
    return ("-" if seconds < 0 else "") + ("".join(written) or "0s")


def number(value: float | Decimal, digits: int = 2) -> str:
    """A number with thousands separators and at most `digits` decimals."""
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: float | Decimal, digits: int = 1) -> str:
    """A percentage: 80 %."""
    return f"{number(value, digits)} %"


def size(value: float | Decimal, digits: int = 1) -> str:
    """Bytes in decimal units (1 KB is 1,000 bytes): 1.5 TB."""
    left = float(value)
    power = 0
    while abs(left) >= 1000 and power < len(_SIZES) - 1:  # noqa: PLR2004 - what `k` means
        left /= 1000
        power += 1
    return f"{number(left, digits if power else 0)} {_SIZES[power]}"


def cents(amount: Decimal) -> str:
    """A decimal string with two decimals, for machines: 1234.50."""
    return str(amount.quantize(_CENT, ROUND_HALF_UP))


def amount(value: Decimal, digits: int = 2) -> str:
    """An amount without its currency: 1,234.50. Below one, more decimals where two would hide it: 0.0012."""
    if value and abs(value) < 1:
        digits = max(digits, 2 - value.adjusted())
        exact = f"{value:.{digits}f}"
        whole, _, decimals = exact.partition(".")
        return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    return f"{value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"


def ledger(value: Decimal) -> str:
    """An amount for a column, two decimals always: 1,234.50; less than a cent is `< 0.01`, for it is not nothing."""
    if value and abs(value) < _CENT:
        return "< 0.01" if value > 0 else "> -0.01"
    return f"{value.quantize(_CENT, ROUND_HALF_UP):,}"


def money(value: Money, digits: int = 2) -> str:
    """Money: 1,234.50 EUR."""
    return f"{amount(value.amount, digits)} {value.currency}"


def utc(moment: datetime) -> str:
    """A moment for machines: 2026-11-14T09:30:00Z, with microseconds only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def when(moment: datetime, digits: int = 0) -> str:
    """A moment for people: 2026-11-14, or 2026-11-14 09:30 UTC where it is not midnight; `digits` adds seconds."""
    there = moment.astimezone(UTC)
    if not there.hour and not there.minute and not there.second:
        return f"{there:%Y-%m-%d}"
    return f"{there:%Y-%m-%d %H:%M:%S} UTC" if digits else f"{there:%Y-%m-%d %H:%M} UTC"


def bare(value: object, type_: str = "text", finer: int = 0) -> str:
    """A value of a field of that type as text, strings as they are. `finer` raises the precision."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return listed([bare(item, type_, finer) for item in value])
    if isinstance(value, set | frozenset):
        return listed(sorted(bare(item, type_, finer) for item in value))
    return "absent" if value is None else _one(value, type_, finer)


def _one(value: object, type_: str, finer: int) -> str:
    match value:
        case Money():
            return money(value, 2 + finer)
        case datetime():
            return when(value, finer)
        case int() | float() | Decimal():
            return _measure(value, type_, finer)
        case Series():
            return f"a series of {len(value.points)} points"
        case _:
            return str(value)


def quoted(value: object, type_: str = "text", finer: int = 0) -> str:
    """The same, with text in single quotes."""
    return f"'{value}'" if isinstance(value, str) else bare(value, type_, finer)


def listed(words: list[str]) -> str:
    """Words with commas; a list longer than 8 is shortened and counted."""
    if len(words) <= LIST_LIMIT:
        return ", ".join(words)
    return f"{', '.join(words[:LIST_LIMIT])}, … ({len(words)} in all)"


def type_of(field: str) -> str:
    """The catalogue type of a field; tags are text."""
    known = FIELDS.get(field)
    return known.type if known else "text"


def _measure(value: float | Decimal, type_: str, finer: int) -> str:
    match type_:
        case "duration":
            return duration(float(value), 2 + finer)
        case "percent":
            return percent(value, 1 + 2 * finer)
        case "size":
            return size(value, 1 + 3 * finer)
        case _:
            return number(value, 2 + 3 * finer)
