"""The sections of a policy, read from the documents they stand in (the policy's own and the one it extends)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops_guard.language.conditions import EVERYTHING
from finops_guard.language.item import Item, Parts, Rules
from finops_guard.language.literals import duration
from finops_guard.language.near import suggest
from finops_guard.language.plain import timezone, to_date
from finops_guard.language.policy_schema import DAYS
from finops_guard.language.words import did_you_mean, few
from finops_guard.model import (
    Cap,
    Condition,
    Exemption,
    ExpectedGap,
    Freeze,
    Schedule,
    Team,
    Waivers,
    Window,
    canonical,
)

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
_SECRET_URLS = ("slack", "teams", "apprise")
"""Channels whose address is their password."""
_CELL = ("cloud", "account", "region", "type")


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
            as_of = to_date(targets.below("as_of"))
            for target, rate in targets.entries():
                number = isinstance(rate.data, (int, float)) and not isinstance(rate.data, bool)
                if target == source:
                    rate.problem(f"a rate from {source} to itself", key=True)
                elif target != "as_of" and as_of and number:
                    found[source, target] = (Decimal(str(rate.data)), as_of)
    return found


def caps(parts: Parts) -> dict[str, Cap]:
    """Caps by verb."""
    found = {}
    for part in parts:
        for verb, cap in part.entries():
            count = cap.get("count") if isinstance(cap.data, dict) else cap.data
            if isinstance(count, int) and not isinstance(count, bool):
                found[verb] = Cap(count, "defer" if cap.get("then") == "defer" else "refuse")
    return found


def exemptions(parts: Parts, rules: Rules, today: date | None) -> Iterator[Exemption]:
    """Exemptions; each names a rule of the policy and ends within 180 days."""
    last = today + timedelta(days=LONGEST_EXEMPTION) if today else None
    for part in parts:
        for item in part.items():
            rule, until = item.get("rule"), to_date(item.below("until"))
            rules.expect(item.below("rule"))
            if until and last and until > last:
                item.problem(f"an exemption ends within {LONGEST_EXEMPTION} days", f"at most {last}", at=("until",))
            where: Condition = EVERYTHING
            if item.get("where") is not None:
                where = item.reader.condition(item.get("where"), (*item.place, "where"))
            if isinstance(rule, str) and until:
                yield Exemption(rule, where, until, str(item.get("reason") or ""), str(item.get("by") or ""))


def waivers(parts: Parts, rules: Rules) -> Waivers:
    """Rules that may be waived inline, each one of the policy; none without the section."""
    found = Waivers()
    for part in parts:
        for rule in part.below("inline").items():
            rules.expect(rule)
        inline = frozenset(rule.data for rule in part.below("inline").items() if isinstance(rule.data, str))
        at_most = part.get("at_most")
        try:
            found = Waivers(inline, timedelta(seconds=duration(at_most)) if isinstance(at_most, str) else found.at_most)
        except (ArithmeticError, LookupError, ValueError):  # the schema says where
            found = Waivers(inline)
    return found


def freezes(parts: Parts) -> Iterator[Freeze]:
    """Freezes, in whole days."""
    for part in parts:
        for item in part.items():
            start, end = to_date(item.below("from")), to_date(item.below("to"))
            if start and end and end < start:
                item.problem("the freeze ends before it begins", f"it begins on {start}", at=("to",))
            elif start and end:
                allowed = [verb.data for verb in item.below("except").texts()]
                yield Freeze(start, end, frozenset(allowed))


def windows(parts: Parts) -> dict[str, Window]:
    """Windows by verb."""
    return {verb: window for part in parts for verb, item in part.entries() if (window := _window(item)) is not None}


def schedules(parts: Parts) -> dict[str, Schedule]:
    """Schedules by name."""
    found = {}
    for part in parts:
        for name, item in part.entries():
            hours = _window(item)
            holidays = [to_date(day) for day in item.below("holidays").items()]
            if hours is not None:
                found[name] = Schedule(hours, frozenset(day for day in holidays if day is not None))
    return found


def _window(item: Item) -> Window | None:
    """Weekdays and times; without either every day, or the whole of it."""
    days = item.get("days") if isinstance(item.get("days"), list) else DAYS
    between = item.get("between") if isinstance(item.get("between"), list) else ["00:00", "00:00"]
    zone = timezone(item.below("timezone"))
    times = [_minutes(text) for text in between or () if isinstance(text, str)]
    if len(times) != 2:  # noqa: PLR2004 - from and to
        return None
    week = frozenset(DAYS.index(name) for name in days or () if name in DAYS)
    return Window(week, times[0], times[1], zone)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes) if hours.isdecimal() and minutes.isdecimal() else 0


def expected(parts: Parts) -> Iterator[ExpectedGap]:
    """Gaps the policy knows."""
    for part in parts:
        for item in part.below("expect").items():
            until = to_date(item.below("until"))
            match = {name: str(item.get(name)) for name in _CELL if item.get(name)}
            if until and match:
                yield ExpectedGap(match, str(item.get("reason") or ""), until)


def channels(parts: Parts, rules: Rules, team_names: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Channels; each has what it needs, names rules and teams there are, and takes secrets from the environment."""
    for part in parts:
        for item in part.items():
            if not isinstance(item.data, dict):
                continue
            to = item.get("to")
            needs = CHANNEL_NEEDS.get(to, ()) if isinstance(to, str) else ()
            for need in needs if item.reader.sound(item.place) else ():
                if need not in item.data:
                    item.problem(f"channel '{to}' needs '{need}'", f"{need}: …", at=("to",))
            for key in ("secret", "url") if to in _SECRET_URLS else ("secret",):
                secret = item.below(key)
                if isinstance(secret.data, str) and not secret.data.startswith("$"):
                    secret.problem("a secret does not belong in a file", "write $env.NAME")
            for rule in item.below("for", "rule").texts():
                rules.expect(rule)
            for team in item.below("for", "team").texts():
                if team_names and team.data not in team_names:
                    names = sorted(team_names)
                    hint = did_you_mean(suggest(team.data, names)) or few(names, "teams: {}")
                    team.problem(f"no team '{team.data}' in this policy", hint)
            timezone(item.below("timezone"))
            yield item.data
