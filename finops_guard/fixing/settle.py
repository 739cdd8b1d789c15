"""The edits that hold: drafted, judged, and drafted again without what did not come out as it was meant to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from finops_guard.fixing.compare import wrongs
from finops_guard.fixing.draft import Draft, drafted
from finops_guard.fixing.edit import CannotError
from finops_guard.fixing.judged import Seen, look, unknown
from finops_guard.fixing.wants import Want, about_tags, wanted
from finops_guard.model import canonical

if TYPE_CHECKING:
    from finops_guard.fixing.job import Job
    from finops_guard.fixing.texts import Texts
    from finops_guard.model import Finding
    from finops_guard.pipeline import Request

_MOST_HALVINGS = 14
"""An edit that does harm elsewhere is looked for by halves; beyond so many nobody waits."""


@dataclass(slots=True)
class Bench:
    """What a draft is held against. `left`: findings and why they stay; `asked`: findings that were followed once."""

    request: Request
    texts: Texts
    given: Mapping[str, str]
    before: Seen
    left: list[tuple[Finding, str]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def leave(self, job: Job, why: str) -> list[Job]:
        """A finding stays, unless there is another place for it: that job."""
        other = job.otherwise()
        if other is not None:
            return [other]
        if not job.follows:
            self.left.append((job.finding, why))
        return []


@dataclass(slots=True)
class _Blame:
    """Why jobs (by `id`) do not hold; `astray`: what would be wrong where none of them is."""

    jobs: dict[int, str] = field(default_factory=dict)
    astray: str | None = None


def settled(jobs: Sequence[Job], bench: Bench, halvings: int = _MOST_HALVINGS) -> tuple[Draft, Seen]:
    """The edits that hold, and what is there with them; the rest goes to `bench.left`."""
    above = True
    while jobs:
        leads = {job.finding.resource.id for job in jobs if not job.follows}
        draft = drafted([job for job in jobs if job.finding.resource.id in leads], above=above)
        others = [other for job, why in draft.left for other in bench.leave(job, why)]
        jobs = [*draft.jobs, *others]
        if others:
            continue
        if not jobs:
            break
        blame, after = _judged(draft, bench)
        if after is not None and not blame.jobs and blame.astray is None:
            return draft, after
        more = [] if after is None else _following(draft, after, bench)
        if more:
            jobs = [*jobs, *more]
        elif draft.served and (blame.astray is not None or draft.served & blame.jobs.keys()):
            above = False
        elif blame.jobs:
            others = [other for job in jobs if id(job) in blame.jobs for other in bench.leave(job, blame.jobs[id(job)])]
            jobs = [*(job for job in jobs if id(job) not in blame.jobs), *others]
        else:
            return _by_halves(jobs, blame.astray or "", bench, halvings)
    return Draft(), bench.before


def _judged(draft: Draft, bench: Bench) -> tuple[_Blame, Seen | None]:
    """Who is to blame for what, and what is there with the edits; None where that cannot even be read."""
    try:
        texts = draft.texts(bench.texts)
    except CannotError as why:
        return _Blame({id(job): str(why) for job in draft.jobs}), None
    after = look(bench.request, texts)
    if unread := [gap.reason for gap in after.report.gaps if gap not in bench.before.report.gaps]:
        return _Blame({id(job): f"it could not be read any more: {unread[0]}" for job in draft.jobs}), None
    blame = _Blame({id(job): said for job in draft.jobs if (said := _stays(job, after, bench)) is not None})
    by_place: dict[object, list[Job]] = defaultdict(list)
    for job in draft.jobs:
        at = job.finding.resource.at
        by_place[None if at is None else (at.file, at.line)].append(job)
    for wrong in wrongs(draft, bench.before, after):
        at = bench.before.resources.get(wrong.resource.id, wrong.resource).at
        own = [] if at is None else by_place[at.file, at.line]
        by = [job for job in own if wrong.keys & _keys(job.want, bench.request.policy.aliases)]
        for job in by or own:
            blame.jobs.setdefault(id(job), wrong.what)
        if not own:
            blame.astray = blame.astray or wrong.what
    return blame, after


def _stays(job: Job, after: Seen, bench: Bench) -> str | None:
    """Why a finding is still there. One that was a failure and is unknown for what nobody knew before is not."""
    found = after.by_id.get(job.finding.id)
    if found is None:
        return None
    own = {f"tags.{key}" for key in _keys(job.want, bench.request.policy.aliases)}
    if found.verdict == "unknown" and not own & {each.field for each in found.reasons}:
        return None
    if found.verdict != "fail":
        return f"it would not be known to pass: {unknown(found)}"
    form = next((each for each in found.reasons if each.field in own and each.op == "matches" and each.actual), None)
    return "the finding would stay" + (f": '{form.actual}' is not of the form {form.expected}" if form else "")


def _keys(want: Want, aliases: Mapping[str, str]) -> set[str]:
    return {canonical(key, aliases) for key in (*want.adds, *want.values, *want.names)}


def _following(draft: Draft, after: Seen, bench: Bench) -> list[Job]:
    """What the edits make of other rules, where its values were given as well; asked once of each finding."""
    found = []
    jobs = {job.finding.resource.id: job for job in draft.jobs}
    for finding in after.by_id.values():
        if finding.id in bench.before.by_id or finding.id in bench.asked or not about_tags(finding):
            continue
        bench.asked.add(finding.id)
        job = jobs.get(finding.resource.id)
        want = wanted(finding, bench.given, bench.request.policy.aliases)
        if job is not None and isinstance(want, Want) and want.adds and not want.values and not want.names:
            found.append(replace(job, finding=finding, want=want, follows=True))
    return found


def _by_halves(jobs: Sequence[Job], what: str, bench: Bench, halvings: int) -> tuple[Draft, Seen]:
    """What goes wrong where none of them is, is the doing of one: each half by itself, then both if they agree."""
    places: dict[object, list[Job]] = defaultdict(list)
    for job in jobs:
        places[job.place.at].append(job)
    groups = [*places.values()]
    if len(groups) == 1 or not halvings:
        others = [other for job in jobs for other in bench.leave(job, what)]
        return settled(others, bench, halvings) if others else (Draft(), bench.before)
    middle = len(groups) // 2
    first, seen = settled([job for some in groups[:middle] for job in some], bench, halvings - 1)
    second, after = settled([job for some in groups[middle:] for job in some], bench, halvings - 1)
    if not first.jobs or not second.jobs:
        return (first, seen) if first.jobs else (second, after)
    both = drafted([*first.jobs, *second.jobs], above=False)
    blame, together = _judged(both, bench)
    if together is not None and not both.left and not blame.jobs and blame.astray is None:
        return both, together
    for job in second.jobs:
        bench.leave(job, what)
    return first, seen
