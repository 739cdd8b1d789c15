"""Literals carry their unit; each shape has its limits, and what is wrong says what right looks like."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.language.literals import PATTERNS, SHAPES, parse
from finops_guard.model import Money

GOOD = [
    ("duration", "0s", 0), ("duration", "90m", 5400), ("duration", "24h", 86_400), ("duration", "7d", 604_800),
    ("duration", "2w", 1_209_600), ("duration", "180d", 15_552_000),
    ("percent", "80%", 80.0), ("percent", "80 %", 80.0), ("percent", "0.5%", 0.5), ("percent", "-5%", -5.0),
    ("percent", "150%", 150.0),
    ("money", "40000 EUR", Money(Decimal(40000), "EUR")), ("money", "0.012 USD", Money(Decimal("0.012"), "USD")),
    ("money", "-1 JPY", Money(Decimal(-1), "JPY")),
    ("size", "500 GB", 500 * 10**9), ("size", "1GiB", 2**30), ("size", "0.5 KB", 500), ("size", "3 B", 3),
    ("size", "1 TiB", 2**40), ("size", "2PB", 2 * 10**15),
    ("date", "2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
    ("date", "2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
    ("number", "8", 8), ("number", "-2.5", -2.5), ("bool", "true", True), ("bool", "false", False),
    ("list", "a, b,,c ", ("a", "b", "c")), ("list", "", ()), ("text", " x ", " x "), ("choice", "vm", "vm"),
]  # fmt: skip
BAD = [
    ("duration", "24"), ("duration", "h"), ("duration", "24 h"), ("duration", "1.5h"), ("duration", "-1h"),
    ("duration", "024h"), ("duration", "24H"), ("duration", "1h30m"), ("duration", "٣h"), ("duration", "24h\n"),
    ("duration", "9999999999h"), ("duration", ""),
    ("percent", "80"), ("percent", "%"), ("percent", "1e2%"), ("percent", "08%"), ("percent", "80%%"),
    ("percent", "∞%"),
    ("money", "40000"), ("money", "EUR 5"), ("money", "5EUR"), ("money", "5 eur"), ("money", "5 EYR"), ("money", "5 €"),
    ("money", "1,000 EUR"), ("money", "1_000 EUR"), ("money", "5 EUR "), ("money", "1e3 EUR"), ("money", "NaN EUR"),
    ("size", "500"), ("size", "500 gb"), ("size", "-1 GB"), ("size", "1 XB"), ("size", "GB"), ("size", "1 kB"),
    ("date", "2027-02-30"), ("date", "2027-13-01"), ("date", "31-01-2027"), ("date", "2027-1-31"), ("date", "20270131"),
    ("date", "2027-01-31T00:00"), ("date", "0000-01-01"), ("date", "2027-W01-1"),
    ("number", "08"), ("number", "1e3"), ("number", "inf"), ("number", "1_0"), ("number", ""), ("number", "٣"),
    ("bool", "yes"), ("bool", "True"), ("bool", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "value"), GOOD)
def test_a_literal_is_read_in_its_unit(kind: str, text: str, value: object) -> None:
    found = parse(kind, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("kind", "text"), BAD)
def test_what_is_wrong_says_what_right_looks_like(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse(kind, text)
    said = str(error.value)
    assert said == SHAPES[kind] or "currency" in said or "day" in said or "year" in said or "month" in said


@given(st.sampled_from(sorted(SHAPES)), st.text() | st.from_regex("[-0-9a-zA-Z%. ]{0,12}", fullmatch=True))
def test_any_text_is_a_literal_or_a_value_error(kind: str, text: str) -> None:
    with suppress(ValueError):
        parse(kind, text)


@given(st.sampled_from(sorted(PATTERNS)), st.data())
def test_all_that_the_pattern_takes_is_read_but_dates_and_currencies_that_are_none(
    kind: str, data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(PATTERNS[kind], fullmatch=True))
    try:
        value = parse(kind, text)
    except ValueError:
        assert kind in ("date", "money")
    else:
        assert value is not None
