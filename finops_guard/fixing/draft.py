"""The edits for some jobs: those of one place together, and in a place above them what many need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from finops_guard.fixing.edit import CannotError, Edit, Edits, applied
from finops_guard.fixing.gains import Gain
from finops_guard.fixing.job import Above, Job
from finops_guard.fixing.wants import additions

if TYPE_CHECKING:
    from finops_guard.fixing.texts import Texts

_MANY = 3
"""So many findings that one place above can meet are put right there rather than one by one."""
_At: TypeAlias = Hashable
Taken: TypeAlias = set[tuple[int, str]]
"""Which job (by `id`) gets which key from above."""


@dataclass(slots=True)
class Draft:
    """Edits with the jobs that each is for. `served`: jobs (by `id`) that a place above serves; `left`: and why."""

    jobs: list[Job] = field(default_factory=list)
    edits: dict[Path, dict[Edit, list[Job]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    gains: set[Gain] = field(default_factory=set)
    served: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    left: list[tuple[Job, str]] = field(default_factory=list)

    def put(self, edits: Edits, jobs: Iterable[Job]) -> None:
        """More edits, and for whom."""
        some = list(jobs)
        for file, more in edits.items():
            for edit in more:
                self.edits[file][edit] += some

    def texts(self, texts: Texts) -> dict[Path, bytes]:
        """Every edited file as it will be; CannotError where two edits want the same place."""
        return {file: applied(texts.data(file), some.keys()) for file, some in self.edits.items() if some}


def drafted(jobs: Sequence[Job], *, above: bool) -> Draft:
    """The edits for as many jobs as go together. `above`: whether places above may serve many at once."""
    draft = Draft()
    taken = _from_above(jobs, draft) if above else set()
    places: dict[_At, list[Job]] = defaultdict(list)
    for job in jobs:
        places[job.place.at].append(job)
    for some in places.values():
        _together(some, taken, draft)
    return draft


def _together(jobs: list[Job], taken: Taken, draft: Draft) -> None:
    """The edits of one place, for as many of its jobs as go together."""
    kept, edits = _most(jobs, taken, draft)
    draft.jobs += kept
    draft.put(edits, kept)
    place = jobs[0].place
    if place.reach is not None:
        adds = additions([_wanted(job, taken) for job in kept])
        draft.gains |= {Gain(place.reach, key, value, f"{place.file}: {place.name}") for key, value in adds.items()}


def _most(jobs: list[Job], taken: Taken, draft: Draft) -> tuple[list[Job], Edits]:
    """All of them, else one after the other as far as they go with those before."""
    with suppress(CannotError):
        return jobs, _edits(jobs, taken)
    kept: list[Job] = []
    edits: Edits = {}
    for job in jobs:
        try:
            edits = _edits([*kept, job], taken)
        except CannotError as why:
            draft.left.append((job, str(why)))
        else:
            kept.append(job)
    return kept, edits


def _edits(jobs: list[Job], taken: Taken) -> Edits:
    """What corrects each, and adds what is missing once for all of them."""
    found: dict[Path, set[Edit]] = defaultdict(set)
    for job in jobs:
        if job.want.values or job.want.names:
            for file, more in job.place.corrected(job.want).items():
                found[file].update(more)
    adds = additions([_wanted(job, taken) for job in jobs])
    for file, more in jobs[0].place.added(adds).items() if adds else ():
        found[file].update(more)
    return found


def _wanted(job: Job, taken: Taken) -> dict[str, str]:
    """What is to be added at the place of a job, as it does not come from above."""
    return {key: value for key, value in job.want.adds.items() if (id(job), key) not in taken}


def _from_above(jobs: Sequence[Job], draft: Draft) -> Taken:
    """What places above give to many at once, with the edits in the draft."""
    wants: dict[_At, dict[str, list[Job]]] = defaultdict(lambda: defaultdict(list))
    places: dict[_At, Above] = {}
    for job in jobs:
        place = _above(job)
        if place is not None:
            places[place.at] = place
            for key in job.want.adds:
                wants[place.at][key].append(job)
    taken: Taken = set()
    for at, keys in wants.items():
        taken |= _given_by(places[at], {key: some for key, some in keys.items() if _agree(key, some)}, draft)
    return taken


def _above(job: Job) -> Above | None:
    try:
        return job.place.above() if job.want.adds else None
    except CannotError:
        return None


def _agree(key: str, jobs: list[Job]) -> bool:
    """Whether many want one and the same value."""
    return len({job.finding.id for job in jobs}) >= _MANY and len({job.want.adds[key] for job in jobs}) == 1


def _given_by(place: Above, keys: dict[str, list[Job]], draft: Draft) -> Taken:
    try:
        edits = place.added({key: some[0].want.adds[key] for key, some in keys.items()}) if keys else {}
    except CannotError:
        return set()
    draft.put(edits, (job for some in keys.values() for job in some))
    for key, some in keys.items():
        draft.gains.add(Gain(place.reach, key, some[0].want.adds[key]))
        draft.served |= {id(job) for job in some}
        draft.said.append(f"{place.file}: {place.name} get '{key}', which {len(some)} findings need; {place.too}")
    return {(id(job), key) for key, some in keys.items() for job in some}
