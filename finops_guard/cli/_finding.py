"""A finding of a JSON report in words: what is wrong, why that matters, what to do and what would follow."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import printable
from finops_guard.model import Pack, Rule

REPORT = "finops-guard/report/"
SHORTEST = 6


def find(report: str, id_: str) -> dict[str, Any]:
    """The finding of that id (or the only one that begins so) with the steps on its resource.

    InputError for a file that is no report of ours, and for an id that is not in it.
    """
    data = _report(report)
    found = [f for f in data["findings"] if isinstance(f, dict) and _is(f, id_)]
    if not found:
        raise InputError(
            f"{printable(report)} holds no finding '{printable(id_)}'",
            help="ids are in its findings; passing resources are not listed",
        )
    if len(found) > 1:
        raise InputError(f"{len(found)} findings begin with '{printable(id_)}'", help="give more of the id")
    resource, rule = found[0].get("resource"), str(found[0].get("rule"))
    target = resource.get("id") if isinstance(resource, dict) else None
    steps = data.get("steps")
    mine = [
        step
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, dict) and step.get("resource") == target and rule in str(step.get("rule")).split(",")
    ]
    return found[0] | {"steps": mine}


def _is(finding: Mapping[str, Any], id_: str) -> bool:
    known = str(finding.get("id", ""))
    return known == id_ or (len(id_) >= SHORTEST and known.startswith(id_))


def _report(report: str) -> dict[str, Any]:
    name = "standard input" if report == "-" else report
    try:
        text = sys.stdin.read() if report == "-" else Path(report).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{printable(name)}: cannot be read: {why}") from None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if (
        not isinstance(data, dict)
        or not str(data.get("schema")).startswith(REPORT)
        or not isinstance(data.get("findings"), list)
    ):
        raise InputError(f"{printable(name)}: not a report of ours", help="finops-guard scan -f json writes one")
    return data


def show(finding: dict[str, Any], packs: Mapping[str, Pack], shape: str) -> None:
    """Write the finding; `learn` and `why` come from its rule where the pack is known here."""
    name = str(finding.get("rule"))
    pack = packs.get(name.partition("/")[0])
    rule = pack.rules.get(name.partition("/")[2]) if pack else None
    if shape == "json":
        from finops_guard.cli._paint import write_json

        about = {"title": rule.title, "why": rule.why, "learn": rule.learn} if rule else None
        write_json({"finding": finding, "rule": about})
        return
    _write(finding, name, rule)


def _write(finding: dict[str, Any], name: str, rule: Rule | None) -> None:
    from finops_guard.cli._explained import INDENT
    from finops_guard.outputs._screen import screen

    to = screen(sys.stdout)
    to.say((name, "bold"), (f"  {finding.get('severity')} · {finding.get('verdict')}", "dim"))
    if rule:
        to.indented(rule.title, 0, "bold")
    sections = [("Resource", _resource(finding)), ("What is wrong", _texts(finding.get("why")))]
    if finding.get("exempt"):
        sections.append(("Exempt", [str(finding["exempt"])]))
    if rule:
        sections += [("Why it matters", [rule.why]), ("What to do", [rule.learn])]
    steps = [_step(step) for step in finding["steps"]]
    sections += [("What would follow", steps), ("Next", [f"finops-guard explain {name}"])]
    for word, lines in sections:
        if any(lines):
            to.say()
            to.say((word, "cyan"))
        for line in lines:
            to.indented(line.strip(), INDENT, "")


def _resource(finding: Mapping[str, Any]) -> list[str]:
    resource = finding.get("resource")
    if not isinstance(resource, dict):
        return []
    parts = [str(resource[key]) for key in ("type", "name", "account", "region") if resource.get(key)]
    lines = [str(resource.get("id")), " · ".join(parts)]
    tags = resource.get("tags")
    if isinstance(tags, dict):
        lines.append("tags: " + (", ".join(f"{key}={value}" for key, value in tags.items()) or "none"))
    place = resource.get("location")
    if isinstance(place, dict):
        lines.append(f"{place.get('file')}:{place.get('line')}")
    cost = finding.get("cost")
    if isinstance(cost, dict) and cost.get("month") is not None:
        lines.append(f"{cost['month']} {cost.get('currency')} a month ({cost.get('source')}, {cost.get('as_of')})")
    return lines


def _step(step: Mapping[str, Any]) -> str:
    state, due = str(step.get("state")), step.get("due")
    words = [f"{step.get('do')}: {state}"]
    if due:
        words.append(f"at {due}" if state in {"due", "scheduled", "done"} else f"it would be due at {due}")
    if step.get("because"):
        words.append(str(step["because"]))
    return ", ".join(words)


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
