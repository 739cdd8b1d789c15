"""A policy with units, bills in FOCUS and a file of counts: give what matters, the rest is made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.costs.reach import Reach
from finops_guard.costs.units import unit_costs
from finops_guard.language.policy import check_policy
from finops_guard.model import Policy, UnitCost
from tests.costs.budgeting import NOW, Row, days, ledger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

UNIT = """\
  bot:
    of: prediction
    cost: {for: {tags: {project: bot}}}
    count: {from: csv, path: usage.csv}
"""
BOT = {"project": "bot", "team": "nlp", "model-version": "v1"}
BILLED_TO = "2026-11-24"
"""AWS is two days late: the last complete day is the 22nd."""


def policy(folder: Path, units: str = UNIT, more: str = "") -> Policy:
    """A policy that holds these units; AssertionError where it does not load."""
    path = folder / "acme.yaml"
    (folder / "rules").mkdir(exist_ok=True)
    path.write_text(f"policy: acme\nowner: o@acme.example\npacks: [{{use: ai-tags}}]\n{more}units:\n{units}", "utf-8")
    found, problems = check_policy(path)
    assert found is not None
    assert [str(problem) for problem in problems if not problem.warning] == []
    return found


def bills(first: str = "2026-09-01", last: str = BILLED_TO, cost: str = "10", **more: Any) -> list[Row]:
    """What the bot costs a day, as it is billed so far."""
    return days(first, last, cost, **{"tags": BOT, **more})


def usage(folder: Path, first: str = "2026-09-01", last: str = "2026-11-24", count: str = "100", *more: str) -> None:
    """A file of counts, the same number each day."""
    counted = [f"{row['ChargePeriodStart'][:10]},{count}" for row in days(first, last, "0")]
    (folder / "usage.csv").write_text("\n".join(["date,count", *counted, *more]) + "\n", "utf-8")


def costs(folder: Path, rows: Iterable[Row] | None, of: Policy | None = None, **more: Any) -> list[UnitCost]:
    """The unit costs of a policy; `rows` None: no cost data."""
    at: datetime = more.pop("at", NOW)
    reach = Reach(at, folder, folder / "cache", environ=more.pop("environ", {}), aws=more.pop("aws", None) or _none)
    of = of or policy(folder)
    if rows is None:
        return unit_costs(of, None, reach, **more)
    with ledger(folder, rows, at) as opened:
        return unit_costs(of, opened, reach, **more)


def changed(of: Policy, **more: Any) -> Policy:
    """A policy with other parts."""
    return replace(of, **more)


def _none(service: str, _region: str | None) -> Any:
    raise AssertionError(f"{service} was asked")
