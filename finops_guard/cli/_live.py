"""The sections of a policy that an inventory can fill: scope, teams and spellings, with counts as comments."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finops_guard.advice.in_use import TEAM, InUse, Place, Spelling, TeamInUse
from finops_guard.language.diagnostics import printable
from finops_guard.language.quote import LONGEST_KEY, quote

_ACCOUNTS = {"aws": "accounts", "azure": "subscriptions", "gcp": "projects"}
_ACCOUNT_DIGITS = 12
_WIDE = 28
_LINE = 119
_AT_MOST = 12
_LONGEST_SHOWN = 60


def sections(found: InUse, scope: Mapping[str, Mapping[str, object]]) -> str:
    """`scope`, `teams` and `tags` as they stand in a policy. `scope`: that of the policy the inventory was read by."""
    blocks = ["\n".join(lines) for lines in (_scope(found, scope), _teams(found), _tags(found)) if lines]
    return "\n\n".join(blocks)


def _scope(found: InUse, scope: Mapping[str, Mapping[str, object]]) -> list[str]:
    clouds = [cloud for cloud in _ACCOUNTS if cloud in scope or any(place.cloud == cloud for place in found.places)]
    if not clouds:
        return []
    lines = ["scope:"]
    for cloud in clouds:
        lines.append(f"  {cloud}:")
        places = [place for place in found.places if place.cloud == cloud]
        given = dict(scope.get(cloud, {}))
        if "organization" not in given:
            lines += _accounts(cloud, places, given.pop(_ACCOUNTS[cloud], None))
        if cloud == "aws":
            given.setdefault("regions", "enabled")
        lines += [f"    {key}: {_flow(value)}" for key, value in given.items()]
        if cloud == "aws" and len(places) > 1 and "roles" not in given:
            lines.append(
                "    # roles: {scan: finops-guard-scan}  # to read accounts other than that of the credentials"
            )
    if found.regions:
        lines += wrapped(f"Regions in use: {_counted(found.regions)}.", "  # ")
        listed = isinstance(scope.get("aws", {}).get("regions"), list)
        elsewhere = "`regions: enabled` would also see" if listed else "A list of regions would not see"
        lines.append(f"  # {elsewhere} what starts elsewhere.")
    return lines


def _accounts(cloud: str, places: Sequence[Place], given: object) -> Iterator[str]:
    """The accounts that the scope gave, whether or not they could be read, and those that were seen."""
    seen = {place.account: place for place in places if cloud != "aws" or _is_account(place.account)}
    chosen = dict.fromkeys([*map(str, given if isinstance(given, list) else ()), *seen])
    if chosen:
        yield f"    {_ACCOUNTS[cloud]}:"
    for account in chosen:
        place = seen.get(account)
        name = f"{_short(place.name)}, " if place and place.name else ""
        about = f"{name}{_resources(place.count)}" if place else "nothing was seen there"
        yield _commented(f"      - {quote(account)}", about)


def _is_account(text: str) -> bool:
    return len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit()


def _teams(found: InUse) -> list[str]:
    lines = [f"# Teams, from the values of the tag {_short(found.team_key)} that are on more than one resource."]
    if found.team_key != TEAM:
        lines.append(
            f"# The tag {TEAM} is not in use; `tags` below says how {_short(found.team_key)} may stand for it."
        )
    kept = [team for team in found.teams if _can_be_key(team.name)]
    if kept:
        lines += ["teams:", *(_commented(f"  {quote(team.name)}: {{}}", _about(team)) for team in kept)]
    else:
        lines += ["# None was found; any team will do until there are some.", "# teams:", "#   vision: {}"]
    doubts = [(each.value, each.count, each.why) for each in found.doubts]
    doubts += [(t.name, t.count, "cannot be written as a key") for t in found.teams if t not in kept]
    if doubts:
        lines.append("  # Not taken:")
        lines += [
            f"  #   {_short(value)}  ({_resources(count)}: {_short(why)})" for value, count, why in doubts[:_AT_MOST]
        ]
    if len(doubts) > _AT_MOST:
        lines.append(f"  #   and {len(doubts) - _AT_MOST} more")
    return lines


def _about(team: TeamInUse) -> str:
    return _resources(team.count) + (f", mostly owned by {_short(team.owner)}" if team.owner else "")


def _tags(found: InUse) -> list[str]:
    lines = wrapped(f"Tag keys in use: {_counted(found.keys)}.") if found.keys else []
    certain: dict[str, list[Spelling]] = {}
    doubtful: list[Spelling] = []
    for spelling in found.spellings:
        if spelling.doubt is None and _writable(spelling.raw):
            certain.setdefault(spelling.key, []).append(spelling)
        else:
            doubtful.append(spelling)
    if lines and (certain or doubtful):
        lines.append("#")
    if certain:
        lines += ["# Other spellings that count as the same key.", "tags:"]
    for key, spellings in certain.items():
        lines.append(f"  {quote(key)}:")
        lines += [_commented(f"    - {quote(each.raw)}", _resources(each.count)) for each in spellings]
    if doubtful:
        lines.append(
            "  # Perhaps:"
            if certain
            else "# Perhaps other spellings of the same key; for example tags: {key: [spelling]}"
        )
        for each in doubtful:
            why = f": {_short(each.doubt)}" if each.doubt else ""
            lines.append(f"  #   {each.key}: {_short(each.raw)}  ({_resources(each.count)}{why})")
    return lines


def _flow(value: Any) -> str:  # noqa: ANN401 - a policy's own data, checked by its schema
    """Plain data on one line."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{quote(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int() | float():
            return str(value)
    return quote(str(value))


def _writable(text: str) -> bool:
    try:
        quote(text)
    except ValueError:
        return False
    return True


def _can_be_key(text: str) -> bool:
    return _writable(text) and len(quote(text)) < LONGEST_KEY


def _commented(code: str, comment: str) -> str:
    return f"{code.ljust(_WIDE)}  # {comment}"


def _resources(count: int) -> str:
    return f"{count:,} resource{'s' * (count != 1)}"


def _counted(counts: Sequence[tuple[str, int]]) -> str:
    shown = ", ".join(f"{_short(name)} {count:,}x" for name, count in counts[:_AT_MOST])
    return shown + (f", and {len(counts) - _AT_MOST} more" if len(counts) > _AT_MOST else "")


def wrapped(text: str, margin: str = "# ") -> list[str]:
    """Text as comment lines."""
    return [margin + line for line in textwrap.wrap(text, _LINE - len(margin), break_on_hyphens=False)]


def _short(text: str) -> str:
    """A stranger's text in a comment: on one line, not for ever."""
    shown = printable(text)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
