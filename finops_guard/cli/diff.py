"""Say what changed between two packs: what is stricter, what looser, and which version that asks for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from finops_guard.cli import _options

if TYPE_CHECKING:
    from finops_guard.language.difference import Bump, Change
    from finops_guard.model import Pack

_STYLES = {
    "looser": "red",
    "removed": "red",
    "sooner": "red",
    "changed": "yellow",
    "stricter": "green",
    "added": "green",
}


@click.command()
@click.argument("old", metavar="PACK")
@click.argument("new", metavar="PACK")
@_options.common("table", "json", "markdown")
def command(old: str, new: str, shape: str, quiet: bool, verbose: bool) -> None:
    """Say what changed between two packs: what is stricter, what looser, and which version that asks for.

    PACK is a file, or the name of a shipped pack or of one in rules/. What is only worded otherwise is shown with -v.
    The exit code is 0, whatever changed.
    """
    del quiet
    from finops_guard.cli._packs import by_name_or_path
    from finops_guard.language.difference import bump, difference

    before, after = by_name_or_path(old), by_name_or_path(new)
    changes = difference(before, after)
    by = bump(changes)
    shown = changes if verbose or shape == "json" else [change for change in changes if change.effect != "worded"]
    if shape == "json":
        _json(before, after, shown, by)
    elif shape == "markdown":
        _markdown(before, after, shown, by)
    else:
        _table(before, after, shown, by)


def _advice(before: Pack, after: Pack, by: Bump | None) -> str:
    from finops_guard.language.difference import enough, next_version

    if by is None:
        return "nothing changed"
    wanted = next_version(before.version, by)
    if enough(before.version, after.version, by):
        return f"a {by} change, as {after.version} says"
    return f"a {by} change: the version should be {wanted} or later, not {after.version}"


def _title(before: Pack, after: Pack) -> str:
    names = before.name if before.name == after.name else f"{before.name} -> {after.name}"
    return f"{names} {before.version} -> {after.version}"


def _words(value: object) -> str:
    """A condition, a step, a parameter, a rule or a text, in words."""
    from finops_guard.cli._words import parts, step, value_of
    from finops_guard.model import All, AnyOf, Compare, Not, Parameter, Rule, Rung

    match value:
        case None:
            return "-"
        case All() | AnyOf() | Not() | Compare():
            return " and ".join(parts(value))
        case Rung():
            return step(value)
        case Parameter():
            return f"{value.type}, {value_of(value)}"
        case Rule():
            return value.title
        case _:
            return str(value)


def _record(change: Change) -> dict[str, Any]:
    return {
        "subject": change.subject,
        "part": change.part or None,
        "effect": change.effect,
        "before": None if change.before is None else _words(change.before),
        "after": None if change.after is None else _words(change.after),
    }


def _json(before: Pack, after: Pack, changes: list[Change], by: Bump | None) -> None:
    from finops_guard.cli._paint import write_json
    from finops_guard.language.difference import enough, next_version

    write_json(
        {
            "schema": "finops-guard/diff/1",
            "before": {"name": before.name, "version": before.version, "sha256": before.sha256},
            "after": {"name": after.name, "version": after.version, "sha256": after.sha256},
            "bump": by,
            "version": next_version(before.version, by) if by else None,
            "enough": by is None or enough(before.version, after.version, by),
            "changes": [_record(change) for change in changes],
        }
    )


def _markdown(before: Pack, after: Pack, changes: list[Change], by: Bump | None) -> None:
    from finops_guard.cli._paint import write
    from finops_guard.outputs._escape import markdown

    write(f"## {markdown(_title(before, after))}", "", f"{markdown(_advice(before, after, by)).capitalize()}.")
    if changes:
        write("", "| What | Effect | Before | After |", "| --- | --- | --- | --- |")
    for change in changes:
        what = f"{change.subject} {change.part}".strip()
        cells = (what, change.effect, _words(change.before), _words(change.after))
        write(f"| {' | '.join(markdown(cell) for cell in cells)} |")


def _table(before: Pack, after: Pack, changes: list[Change], by: Bump | None) -> None:
    from finops_guard.outputs._screen import screen

    to = screen(sys.stdout)
    to.say((_title(before, after), "bold"))
    subject = ""
    for change in changes:
        if change.subject != subject:
            subject = change.subject
            to.say()
            to.say((subject, "bold"))
        to.say("  ", (to.cell(change.effect, 9), _STYLES.get(change.effect, "dim")), change.part)
        if change.effect not in {"added", "removed"} or not change.part:
            to.indented(_both(change), 4)
        else:
            to.indented(_words(change.after or change.before), 4)
    to.say()
    to.say(_advice(before, after, by))


def _both(change: Change) -> str:
    if change.before is None or change.after is None:
        return _words(change.after if change.before is None else change.before)
    return f"{_words(change.before)}  ->  {_words(change.after)}"
