"""Dates, time zones and amounts of a policy: shapes the schema took, and values that may still not exist."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo, available_timezones

from finops_guard.language.item import Item
from finops_guard.language.literals import CURRENCIES, day
from finops_guard.language.near import suggest
from finops_guard.language.words import did_you_mean, wrong_literal


def to_date(item: Item) -> date | None:
    """A date; None when it is wrong (noted here, or by the schema) or not there."""
    if not isinstance(item.data, str):
        return None
    try:
        return day(item.data).date()
    except ValueError:
        item.problem(*wrong_literal("date", item.data))
        return None


def timezone(item: Item) -> str:
    """The name of a time zone, UTC when none is given."""
    name = item.data
    if not isinstance(name, str):
        return "UTC"
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = did_you_mean(suggest(name, sorted(available_timezones()))) or "for example Europe/Amsterdam"
        item.problem(f"unknown time zone '{name}'", hint)
        return "UTC"
    return name


_SECRET = re.compile(r"\$env\.[A-Za-z_][A-Za-z0-9_]*")


def variables(item: Item) -> None:
    """Note each text below that begins with a dollar and names no variable of the environment."""
    if isinstance(item.data, dict):
        for _, entry in item.entries():
            variables(entry)
    for text in item.texts() if not isinstance(item.data, dict) else ():
        if text.data.startswith("$") and not text.data.startswith("$$") and not _SECRET.fullmatch(text.data):
            name = re.sub(r"[^A-Za-z0-9_]", "_", text.data.rpartition(".")[2].lstrip("$"))
            text.problem(f"'{text.data}' names no variable of the environment", did_you_mean(f"$env.{name}"))
    for entry in item.items():
        if isinstance(entry.data, (dict, list)):
            variables(entry)


def amount(item: Item) -> None:
    """Note an amount in a currency that nobody has."""
    if isinstance(item.data, str):
        currency = item.data.rpartition(" ")[2]
        if currency.isupper() and currency not in CURRENCIES:
            item.problem(*wrong_literal("money", item.data))


def period(item: Item, name: str) -> None:
    """Note a period (a key of this map) whose day is in no calendar."""
    try:
        date.fromisoformat((name + "-01-01")[: len("2027-01-31")])
    except ValueError:
        item.problem(f"'{name}' is not a day of the calendar", at=(name,), key=True)


def day_of_year(item: Item) -> None:
    """Note a day (MM-DD) that is in no year."""
    if isinstance(item.data, str):
        try:
            date.fromisoformat(f"2028-{item.data}")
        except ValueError:
            item.problem(f"'{item.data}' is not a day of the calendar")
