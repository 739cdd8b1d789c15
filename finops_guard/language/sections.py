"""The sections of a policy, read from the documents they stand in (the policy's own and the one it extends)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from finops_guard.language.conditions import EVERYTHING, Place, Reader
from finops_guard.language.literals import day
from finops_guard.language.near import suggest
from finops_guard.language.policy_schema import DAYS
from finops_guard.model import Cap, Condition, Exemption, ExpectedGap, Freeze, Team, Window, canonical

LONGEST_EXEMPTION = 180
CHANNEL_NEEDS = {
    "slack": ("url",),
    "teams": ("url",),
    "webhook": ("url",),
    "email": ("address",),
    "sns": ("topic",),
    "eventbridge": ("bus",),
    "file": ("path",),
    "owner": ("via",),
    "github": ("repository",),
    "jira": ("url", "project"),
    "servicenow": ("url",),
    "pagerduty": ("secret",),
    "opsgenie": ("secret",),
    "apprise": ("url",),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a policy and where it stands."""

    reader: Reader
    place: Place
    data: Any

    def problem(self, message: str, hint: str | None = None, *, at: Place = (), key: bool = False) -> None:
        """Note a mistake below this part."""
        self.reader.problem((*self.place, *at), message, hint, key=key)

    def entries(self) -> Iterator[tuple[str, Item]]:
        """The entries of a map."""
        for name, value in self.data.items() if isinstance(self.data, dict) else ():
            yield name, Item(self.reader, (*self.place, name), value)

    def items(self) -> Iterator[Item]:
        """The items of a list."""
        for i, value in enumerate(self.data if isinstance(self.data, list) else ()):
            yield Item(self.reader, (*self.place, i), value)

    def get(self, name: str) -> Any:
        """A value of a map, None where it is not there."""
        return self.data.get(name) if isinstance(self.data, dict) else None


Parts = Sequence[Item]


def to_date(item: Item, name: str) -> date | None:
    """A date value; None when it is wrong (noted here, or by the schema)."""
    text = item.get(name)
    if not isinstance(text, str):
        return None
    try:
        return day(text).date()
    except ValueError:
        if len(text) == len("2027-01-31"):
            item.problem(f"'{text}' is not a day of the calendar", at=(name,))
        return None


def timezone(item: Item) -> str:
    """The name of a time zone, UTC when none is given."""
    name = item.get("timezone")
    if not isinstance(name, str):
        return "UTC"
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = suggest(name, sorted(available_timezones()))
        item.problem(f"unknown time zone '{name}'", f"did you mean '{near}'?" if near else None, at=("timezone",))
        return "UTC"
    return name


def aliases(parts: Parts) -> dict[str, str]:
    """Folded spelling -> canonical key."""
    found: dict[str, str] = {}
    for part in parts:
        for key, spellings in part.entries():
            for spelling in spellings.items():
                if not isinstance(spelling.data, str):
                    continue
                folded = canonical(spelling.data)
                if found.get(folded, canonical(key)) != canonical(key):
                    spelling.problem(f"'{spelling.data}' is already a spelling of '{found[folded]}'")
                found[folded] = canonical(key)
    return found


def teams(parts: Parts) -> dict[str, Team]:
    """Teams by name."""
    return {
        name: Team(name, team.get("lead"), team.get("channel"), team.get("cost_center"))
        for part in parts
        for name, team in part.entries()
    }


def rates(parts: Parts) -> dict[tuple[str, str], tuple[Decimal, date]]:
    """(from, to) -> (rate, as of)."""
    found = {}
    for part in parts:
        for source, targets in part.entries():
            as_of = to_date(targets, "as_of")
            for target, rate in targets.entries():
                number = isinstance(rate.data, (int, float)) and not isinstance(rate.data, bool)
                if target != "as_of" and as_of and number:
                    found[source, target] = (Decimal(str(rate.data)), as_of)
                if target == source:
                    rate.problem(f"a rate from {source} to itself", key=True)
    return found


def caps(parts: Parts) -> dict[str, Cap]:
    """Caps by verb."""
    found = {}
    for part in parts:
        for verb, cap in part.entries():
            if isinstance(cap.data, int) and not isinstance(cap.data, bool):
                found[verb] = Cap(cap.data)
            elif isinstance(cap.get("count"), int):
                found[verb] = Cap(cap.get("count"), "defer" if cap.get("then") == "defer" else "refuse")
    return found


def exemptions(parts: Parts, rules: Sequence[str], today: date | None) -> Iterator[Exemption]:
    """Exemptions; each names a rule of the policy and ends within 180 days."""
    for part in parts:
        for item in part.items():
            rule, until = item.get("rule"), to_date(item, "until")
            if isinstance(rule, str) and rule not in rules:
                near = suggest(rule, rules)
                hint = f"did you mean '{near}'?" if near else None
                item.problem(f"no rule '{rule}' in this policy", hint, at=("rule",))
            if until and today and until > today + timedelta(days=LONGEST_EXEMPTION):
                last = today + timedelta(days=LONGEST_EXEMPTION)
                item.problem(f"an exemption ends within {LONGEST_EXEMPTION} days", f"at most {last}", at=("until",))
            where: Condition = EVERYTHING
            if "where" in (item.data or {}):
                where = item.reader.condition(item.get("where"), (*item.place, "where"))
            if isinstance(rule, str) and until:
                yield Exemption(rule, where, until, str(item.get("reason") or ""), str(item.get("by") or ""))


def freezes(parts: Parts) -> Iterator[Freeze]:
    """Freezes, in whole days."""
    for part in parts:
        for item in part.items():
            start, end = to_date(item, "from"), to_date(item, "to")
            if start and end and end < start:
                item.problem("the freeze ends before it begins", at=("to",))
            elif start and end:
                allowed = item.get("except")
                yield Freeze(start, end, frozenset(allowed if isinstance(allowed, list) else ()))


def windows(parts: Parts) -> dict[str, Window]:
    """Windows by verb."""
    found = {}
    for part in parts:
        for verb, item in part.entries():
            days = [DAYS.index(name) for name in item.get("days") or DAYS if name in DAYS]
            between = item.get("between") or ["00:00", "00:00"]
            if all(isinstance(text, str) and len(text) == len("19:00") for text in between) and len(between) == 2:  # noqa: PLR2004 - from and to
                start, end = (_minutes(text) for text in between)
                found[verb] = Window(frozenset(days), start, end, timezone(item))
    return found


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes) if hours.isdigit() and minutes.isdigit() else 0


def expected(parts: Parts) -> Iterator[ExpectedGap]:
    """Gaps the policy knows."""
    for part in parts:
        expect = Item(part.reader, (*part.place, "expect"), part.get("expect"))
        for item in expect.items():
            until = to_date(item, "until")
            match = {name: str(item.get(name)) for name in ("cloud", "account", "region", "type") if item.get(name)}
            if until and match:
                yield ExpectedGap(match, str(item.get("reason") or ""), until)


def channels(parts: Parts) -> Iterator[Mapping[str, Any]]:
    """Channels; each has what it needs, and secrets only from the environment."""
    for part in parts:
        for item in part.items():
            if not isinstance(item.data, dict):
                continue
            to = item.get("to")
            for need in CHANNEL_NEEDS.get(to, ()) if isinstance(to, str) else ():
                if need not in item.data:
                    item.problem(f"channel '{to}' needs '{need}'")
            secret = item.get("secret")
            if isinstance(secret, str) and not secret.startswith("$env."):
                item.problem("a secret in a file", "write $env.NAME", at=("secret",))
            if item.get("timezone"):
                timezone(item)
            yield item.data
