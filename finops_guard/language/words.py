"""Words of diagnostics: what each kind of value looks like, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from finops_guard.language import literals
from finops_guard.language.near import suggest

FEW = 10
SHAPES = literals.SHAPES | {
    "name": "a name is lower-case letters, digits and -, and starts with a letter",
    "parameter name": "a parameter is lower-case letters, digits, - and _, and starts with a letter",
    "version": "a version is MAJOR.MINOR.PATCH, for example 1.0.0",
    "currency": "a currency is the three capitals of ISO 4217, for example EUR",
    "limit": "a limit is an amount and a currency or accelerator-hours, for example 40000 EUR",
    "time of day": "a time of day is HH:MM in quotes, for example '19:00'",
    "AWS account": "an AWS account is twelve digits in quotes, for example '111122223333'",
    "period": "a period is YYYY, YYYY-MM or YYYY-MM-DD",
    "moment": "a moment is a day or a time in UTC, for example 2027-01-31T08:00Z",
    "day of the year": "a day of the year is MM-DD, for example 04-01",
}
A_TYPE = {
    "text": "text",
    "choice": "a choice",
    "number": "a number",
    "percent": "a percentage",
    "duration": "a duration",
    "money": "money",
    "size": "a size",
    "date": "a date",
    "bool": "true or false",
    "list": "a list",
    "AWS account": "an AWS account",
}
"""Names of types as they stand in a sentence; any other title takes `a`."""
_TRUTH = dict.fromkeys(("true", "yes", "on", "y", "1"), "true") | dict.fromkeys(
    ("false", "no", "off", "n", "0"), "false"
)
_LONG_UNITS = re.compile(r"([0-9]{1,9}) ?(s|m|h|d|w|sec|min|hr|second|minute|hour|day|week)s?", re.IGNORECASE)


def a(title: str) -> str:
    """A type or title with its article."""
    return A_TYPE.get(title, f"a {title}")


def did_you_mean(near: str | None) -> str | None:
    """The hint for a near word; None without one."""
    return f"did you mean '{near}'?" if near else None


def truth_like(text: str) -> str | None:
    """`true` or `false`, whichever a word means."""
    word = text.strip().casefold()
    return _TRUTH.get(word) or suggest(word, ["true", "false"])


def few(words: Sequence[str], text: str) -> str | None:
    """`text` with the words in it, shortened when there are many; None when there are none."""
    shown = ", ".join(words) if len(words) <= FEW else f"{', '.join(words[:FEW])}, …"
    return text.format(shown) if words else None


def name_like(text: str, pattern: str | None) -> str | None:
    """The text as a name (`Idle GPU` -> `idle-gpu`), where that is one."""
    folded = re.sub(r"[_. ]+" if "_" not in (pattern or "_") else r"[. ]+", "-", text.strip().casefold())
    return folded if pattern and re.search(pattern, folded) else None


def literal_like(title: str, text: str, parameters: Sequence[str] = ()) -> str | None:
    """What was meant by a text that is no literal: `3d` by `3 days`, `400 EUR` by `400 eur`, `$grace` by `grace`."""
    if text.startswith("$") or text in parameters:
        near = suggest(text.removeprefix("$"), parameters) if text.removeprefix("$") not in parameters else text
        return f"${near.removeprefix('$')}" if near else None
    for candidate in _candidates(title, text.strip()):
        try:
            literals.parse(title, candidate)
        except (ValueError, ArithmeticError):
            continue
        return candidate
    return None


def wrong_literal(title: str, text: str) -> tuple[str, str | None]:
    """Message and hint for a literal of the right shape that is none: a day no month has, a currency nobody has."""
    if title == "date":
        return f"'{text}' is not a day of the calendar", None
    currency = text.rpartition(" ")[2]
    if title == "money" and currency not in literals.CURRENCIES:
        near = suggest(currency, sorted(literals.CURRENCIES))
        return f"unknown currency '{currency}'", did_you_mean(near) or SHAPES["currency"]
    return f"'{text}' is not {a(title)}", SHAPES[title]


def _candidates(title: str, text: str) -> list[str]:
    match title:
        case "duration":
            found = _LONG_UNITS.fullmatch(text)
            return [f"{int(found[1])}{found[2][0].lower()}"] if found else []
        case "money":
            swapped = re.sub(r"([A-Za-z]{3}) ?([0-9.]+)", r"\2 \1", text)
            spaced = re.sub(r"([0-9]) *([A-Za-z]{3})$", r"\1 \2", swapped).upper()
            return [spaced, _currency(spaced)]
        case "size":
            return [text.upper(), re.sub(r"(?i)([kmgtp])(i?)b$", lambda m: m[1].upper() + m[2].lower() + "B", text)]
        case "percent":
            return [re.sub(r" ?(percent|pct|procent)$", "%", text), re.sub("%+", "%", text)]
        case "date":
            return [text.replace("/", "-")]
        case "number":
            return [re.sub(r"^0+(?=[0-9])", "", text.replace("_", ""))]
        case _:
            return []


def _currency(text: str) -> str:
    amount, _, currency = text.rpartition(" ")
    return f"{amount} {suggest(currency, sorted(literals.CURRENCIES)) or currency}"
