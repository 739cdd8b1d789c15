"""What is said of one finding: why, about what, for how much, and what comes next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from finops_guard.notify._notice import Item, key_of
from finops_guard.outputs._view import short_name, why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.model import Finding, Report, Step
    from finops_guard.plan import Episodes
    from finops_guard.state.episodes import Records

_SPOKEN = frozenset({"notify", "suggest", "ticket", "block"})
_REASONS = 10
_LONG = 400
LONGEST_ID = 2048  # an ARN's


@dataclass(frozen=True, slots=True)
class Told:
    """What items are made from besides their finding. `next` holds the steps that wait, by finding."""

    policy: str
    report: Report
    episodes: Episodes
    records: Records
    next: Mapping[str, list[tuple[int, Step]]] = field(init=False)

    def __post_init__(self) -> None:
        steps: dict[str, list[tuple[int, Step]]] = defaultdict(list)
        for step in self.report.steps:
            if step.state in ("due", "scheduled") and step.do not in _SPOKEN:
                for finding, rung in step.serves:
                    steps[finding].append((rung, step))
        object.__setattr__(self, "next", steps)

    def episode(self, finding: str) -> str:
        """What makes an episode this one, also before it has begun: then it is the one after the last."""
        running, last = self.episodes.get(finding), self.records.get(finding)
        if running is not None:
            return f"began {running.began.isoformat()}"
        return f"after {last.began.isoformat()}" if last is not None else "first"


def found(finding: Finding, rung: int, told: Told) -> Item:
    """The notice of a finding, with the rung that comes next."""
    item = about(finding, rung, key_of(told.policy, finding.id, rung, told.episode(finding.id)))
    later = [(index, step) for index, step in told.next.get(finding.id, ()) if index > rung]
    return _with(item, min(later, key=lambda pair: pair[0])[1]) if later else item


def asked(finding: Finding, rung: int, step: Step, before: int, told: Told) -> Item:
    """A reminder that a rung is near."""
    key = key_of(told.policy, finding.id, rung, told.episode(finding.id), f"{before} s before")
    return _with(about(finding, rung, key), step)


def about(finding: Finding, rung: int, key: str) -> Item:
    """A finding, without what comes next."""
    resource = finding.resource
    return Item(
        key=key,
        title=clipped(finding.rule.title),
        why=reasons(finding),
        finding=finding.id,
        rung=rung,
        rule=finding.rule.id,
        severity=finding.severity,
        resource=clipped(resource.id, LONGEST_ID),
        name=clipped(short_name(resource)),
        type=clipped(resource.text("type")),
        account=clipped(resource.text("account")),
        region=clipped(resource.text("region")),
        month=resource.month,
    )


def reasons(finding: Finding) -> tuple[str, ...]:
    """Why a finding fails, as notices say it: what acts are on record with."""
    whys = [clipped(said) for said in why(finding)]
    return tuple(whys[:_REASONS] + ([f"and {len(whys) - _REASONS} more"] if len(whys) > _REASONS else []))


def _with(item: Item, step: Step) -> Item:
    return replace(item, do=step.do, due=step.due, loses=step.loses, saves=step.saves_month)


def clipped(text: str, most: int = _LONG) -> str:
    """A stranger's text has an end."""
    return text if len(text) <= most else text[: most - 1] + "…"
