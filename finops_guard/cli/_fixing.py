"""Edits for findings about tags in Terraform sources, judged in memory before anybody sees them.

An edit stays only where its finding is gone, no other finding is new, and no resource changed in anything but the tags
that were meant to. Otherwise it is refused, and the rest is judged again without it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.advice.fixes import Want, about_tags, wanted
from finops_guard.model import All, AnyOf, Compare, Condition, Finding, Not, Report, Resource, canonical
from finops_guard.model.policy import Waivers
from finops_guard.pipeline import Request, inventory, run
from finops_guard.sources.iac._hcl import edits, syntax
from finops_guard.sources.iac._hcl.config import literal
from finops_guard.sources.iac._hcl.edits import CannotError, Edit
from finops_guard.sources.iac._types import iac_type

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.syntax import Block

_MANY = 3
"""So many findings of one provider configuration are put right in its default tags rather than one by one."""
_SUFFIXES = (".tf", ".tofu")
_DEFAULTS = {"aws": ("default_tags", "tags"), "google": ("default_labels", None)}


@dataclass(slots=True)
class Job:
    """A finding to put right: what is wanted, in which block of which file. `follows`: others lead to it when done."""

    finding: Finding
    want: Want
    file: Path
    block: Block
    name: str
    follows: bool = False


@dataclass(slots=True)
class Fixed:
    """`texts`: every edited file before and after, by the path as it was named. `left`: findings and why not."""

    report: Report
    texts: dict[Path, tuple[bytes, bytes]] = field(default_factory=dict)
    edits: dict[Path, set[Edit]] = field(default_factory=dict)
    repaired: list[Finding] = field(default_factory=list)
    left: list[tuple[Finding, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """What is there, and which findings: by id, with the verdict."""

    verdicts: dict[str, str]
    findings: tuple[Finding, ...]
    resources: dict[str, Resource]


@dataclass(slots=True)
class _Draft:
    """Edits by file, the keys that default tags get, and the jobs they are for."""

    edits: dict[Path, set[Edit]] = field(default_factory=lambda: defaultdict(set))
    shared: dict[str, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    taken: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)


class Fixer:
    """Puts right what it can of one target."""

    def __init__(self, request: Request, given: Mapping[str, str]) -> None:
        self._request = replace(request, policy=replace(request.policy, waivers=Waivers()))
        self._given, self._top = given, Path(request.targets[0])
        self._texts: dict[Path, bytes] = {}
        self._parsed: dict[Path, syntax.Source] = {}
        self._blocks: dict[Path, dict[tuple[int, int], Block]] = {}
        self._providers: dict[tuple[Path, str, str], tuple[Path, edits.Maps] | None] = {}
        self._fixed = Fixed(run(request))
        self._before = self._after = self._seen(self._fixed.report)
        self._asked: set[str] = set()

    def fixed(self) -> Fixed:
        """What can be done, and what is left with the reason."""
        fixed = self._fixed
        jobs = [*self._jobs()]
        draft = self._settled(jobs)
        after = self._after if draft.jobs else self._before
        gone = {each.id for each in fixed.report.findings if each.id not in after.verdicts}
        fixed.repaired = [each for each in fixed.report.findings if each.id in gone and each.verdict == "fail"]
        fixed.left = [(finding, why) for finding, why in fixed.left if finding.id not in gone]
        fixed.texts = {file: (self._texts[file], text) for file, text in self._edited(draft).items()}
        fixed.edits = draft.edits
        fixed.said += draft.said
        return fixed

    def _look(self, texts: Mapping[Path, bytes]) -> _Seen:
        token = syntax.INSTEAD.set({path.resolve(): text for path, text in texts.items()})
        try:
            return self._seen(run(self._request))
        finally:
            syntax.INSTEAD.reset(token)

    def _seen(self, report: Report) -> _Seen:
        resources = {each.id: each for each in inventory(self._request)[0]}
        wrong = tuple(each for each in report.findings if each.verdict in {"fail", "unknown"})
        return _Seen({each.id: each.verdict for each in wrong}, wrong, resources)

    def _jobs(self) -> Iterator[Job]:
        for finding in self._fixed.report.findings:
            if finding.exempt is not None or not about_tags(finding):
                continue
            try:
                yield self._job(finding)
            except CannotError as why:
                self._fixed.left.append((finding, str(why)))

    def _job(self, finding: Finding) -> Job:
        resource = finding.resource
        if resource.at is None or not resource.at.file.endswith(_SUFFIXES):
            raise CannotError("only Terraform sources (.tf, .tofu) are edited")
        address = resource.id.rpartition("//")[2]
        if address.startswith("module."):
            raise CannotError("it is inside a module")
        want = wanted(finding, self._given, self._request.policy.aliases)
        if isinstance(want, str):
            raise CannotError(want)
        file = Path(resource.at.file)
        self._source(file)
        block = self._blocks[file].get((resource.at.line, resource.at.column))
        if block is None or block.type != "resource":
            raise CannotError("its block was not found")
        type_, name = block.labels
        if not re.fullmatch(re.escape(f"{type_}.{name}") + r"(\[.*\])?", address, re.DOTALL):
            raise CannotError("its tags come from another resource")
        row = iac_type("terraform", type_)
        tags = None if row is None else row.tags
        if tags is None or tags not in {("tags",), ("labels",), ("resource_labels",)} or type_.startswith("awscc_"):
            raise CannotError(f"where the tags of {type_} stand is not edited")
        return Job(finding, want, file, block, str(tags[0]))

    def _source(self, file: Path) -> syntax.Source:
        if file not in self._parsed:
            if not file.resolve().is_relative_to(self._top.resolve()):
                raise CannotError(f"{file} leads outside {self._top}")
            try:
                self._texts[file] = file.read_bytes()
            except OSError as wrong:
                raise CannotError(f"{file}: {wrong.strerror}") from None
            source = self._parsed[file] = syntax.parse(self._texts[file], str(file))
            self._blocks[file] = {(each.line, each.column): each for each in source.body.blocks}
        return self._parsed[file]

    def _settled(self, jobs: list[Job]) -> _Draft:
        """The edits that hold; what does not is refused."""
        defaults = True
        while jobs:
            own = {job.finding.resource.id for job in jobs if not job.follows}
            draft = self._draft([job for job in jobs if job.finding.resource.id in own], defaults=defaults)
            jobs = draft.jobs
            wrong, more = self._wrong(draft) if jobs else ({}, [])
            if not wrong:
                return draft
            if more:
                jobs = [*jobs, *more]
                continue
            if draft.taken & wrong.keys():
                defaults = False
                continue
            for job in jobs:
                if id(job) in wrong:
                    self._leave(job, wrong[id(job)])
            jobs = [job for job in jobs if id(job) not in wrong]
        return _Draft()

    def _leave(self, job: Job, why: str) -> None:
        if not job.follows:
            self._fixed.left.append((job.finding, why))

    def _following(self, draft: _Draft, after: _Seen) -> list[Job]:
        """What the edits make of other rules, where its values were given as well; asked once of each finding."""
        found = []
        jobs = {job.finding.resource.id: job for job in draft.jobs}
        for finding in after.findings:
            if finding.id in self._before.verdicts or finding.id in self._asked or not about_tags(finding):
                continue
            self._asked.add(finding.id)
            job = jobs.get(finding.resource.id)
            want = wanted(finding, self._given, self._request.policy.aliases)
            if job is not None and isinstance(want, Want) and want.adds and not want.values and not want.names:
                found.append(replace(job, finding=finding, want=want, follows=True))
        return found

    def _draft(self, jobs: list[Job], *, defaults: bool) -> _Draft:
        draft, blocks = _Draft(), defaultdict(list)
        shared = self._shared(jobs, draft) if defaults else set()
        for job in jobs:
            blocks[job.file, job.block.start].append(job)
        for (file, _), some in blocks.items():
            done = self._together(some, shared, draft)
            draft.edits[file] |= done
        return draft

    def _together(self, jobs: list[Job], shared: set[tuple[int, str]], draft: _Draft) -> set[Edit]:
        """The edits of one block, for as many of its findings as go together."""
        kept: list[Job] = []
        done: set[Edit] = set()
        other: dict[Path, set[Edit]] = {}
        for job in jobs:
            try:
                done, elsewhere = self._block([*kept, job], shared)
            except CannotError as why:
                self._leave(job, str(why))
                continue
            kept.append(job)
            other = elsewhere
        if kept:
            done, other = self._block(kept, shared)
        for file, more in other.items():
            draft.edits[file] |= more
        draft.jobs += kept
        return done if kept else set()

    def _block(self, jobs: list[Job], shared: set[tuple[int, str]]) -> tuple[set[Edit], dict[Path, set[Edit]]]:
        block, data, name = jobs[0].block, self._texts[jobs[0].file], jobs[0].name
        attribute = block.body.attributes.get(name)
        own = None if attribute is None else edits.Maps(attribute)
        adds: dict[str, str] = {}
        found: set[Edit] = set()
        other: dict[Path, set[Edit]] = defaultdict(set)
        for job in jobs:
            for key, value in job.want.adds.items():
                if (id(job), key) not in shared and adds.setdefault(key, value) != value:
                    raise CannotError(f"those who share its block need different values of tag '{key}'")
            for corrects, wanted_ in ((True, job.want.values), (False, job.want.names)):
                for key, value in wanted_.items():
                    file, maps = (job.file, own) if own is not None and own.has(key) else self._inherited(job, key)
                    if maps is None:
                        raise CannotError(f"tag '{key}' is not written out in a literal map here")
                    edit = maps.corrected(key, value) if corrects else maps.renamed(key, value)
                    (found if file == job.file and maps is own else other[file]).add(edit)
        if adds:
            found |= set(edits.argument(block, data, name, adds) if own is None else own.added(adds))
        edits.applied(data, found)
        return found, dict(other)

    def _inherited(self, job: Job, key: str) -> tuple[Path, edits.Maps | None]:
        """The default tags from which it has a key."""
        provider = self._provider(job)
        if provider is not None and provider[1].has(key):
            return provider
        return job.file, None

    def _provider(self, job: Job) -> tuple[Path, edits.Maps] | None:
        """The file and the literal default tags of the configuration that a resource uses; None without them."""
        named = job.block.body.attributes.get("provider")
        local = job.block.labels[0].partition("_")[0]
        alias = ""
        if named is not None:
            local, _, alias = literal(named).strip().strip('"').partition(".")
        if local not in _DEFAULTS or job.name not in {"tags", "labels"}:
            return None
        key = (job.file.parent, local, alias)
        if key not in self._providers:
            self._providers[key] = self._defaults(*key)
        return self._providers[key]

    def _defaults(self, folder: Path, local: str, alias: str) -> tuple[Path, edits.Maps] | None:
        """The same, by the folder of its module and the names of the configuration."""
        found = [
            (file, block)
            for file in sorted(each for each in folder.iterdir() if each.name.endswith(_SUFFIXES))
            for block in self._source(file).body.named("provider")
            if block.labels == (local,) and _alias(block) == alias
        ]
        if len(found) != 1:
            return None
        file, block = found[0]
        argument, inner = _DEFAULTS[local]
        body = block.body if inner is None else next((each.body for each in block.body.named(argument)), None)
        attribute = None if body is None else body.attributes.get(inner or argument)
        return None if attribute is None else (file, edits.Maps(attribute))

    def _shared(self, jobs: list[Job], draft: _Draft) -> set[tuple[int, str]]:
        """What default tags give to many at once: the (job, key) pairs, with the edits in the draft."""
        wants: dict[tuple[Path, int], dict[str, list[Job]]] = defaultdict(lambda: defaultdict(list))
        places: dict[tuple[Path, int], edits.Maps] = {}
        for job in jobs:
            try:
                provider = self._provider(job) if job.want.adds else None
            except CannotError:
                continue
            if provider is not None and provider[1].literal:
                place = (provider[0], provider[1].start)
                places[place] = provider[1]
                for key in job.want.adds:
                    wants[place][key].append(job)
        taken: set[tuple[int, str]] = set()
        for (file, start), keys in wants.items():
            many = {
                key: some[0].want.adds[key]
                for key, some in keys.items()
                if len({each.finding.id for each in some}) >= _MANY and len({e.want.adds[key] for e in some}) == 1
            }
            if not many:
                continue
            try:
                more = places[file, start].added(many)
            except CannotError:
                continue
            draft.edits[file] |= set(more)
            for key, value in many.items():
                draft.shared[key].add(value)
                taken |= {(id(each), key) for each in keys[key]}
                draft.taken |= {id(each) for each in keys[key]}
                draft.said.append(
                    f"{file}: default tags get '{key}', which {len(keys[key])} findings need; "
                    "everything else of that provider gets it too"
                )
        return taken

    def _edited(self, draft: _Draft) -> dict[Path, bytes]:
        return {file: edits.applied(self._texts[file], some) for file, some in draft.edits.items() if some}

    def _wrong(self, draft: _Draft) -> tuple[dict[int, str], list[Job]]:
        """By job, why its edit does not hold; and what would have to be done with them."""
        try:
            texts = self._edited(draft)
        except CannotError as why:
            return {id(job): str(why) for job in draft.jobs}, []
        for file, text in texts.items():
            if syntax.parse(text, str(file)).mistake is not None:
                return {id(job): "the file would no longer be HCL" for job in draft.jobs}, []
        after = self._after = self._look(texts)
        wrong = {
            id(job): "the finding would stay" for job in draft.jobs if job.finding.id in after.verdicts
        }  # what is unknown afterwards is not put right either
        by_place = defaultdict(list)
        for job in draft.jobs:
            by_place[job.file, job.block.line].append(job)
        for resource, what, keys in self._changed(draft, after):
            at = self._before.resources.get(resource.id, resource).at
            own = by_place[Path(at.file), at.line] if at is not None else []
            by = [
                job for job in own if keys & {canonical(key, self._request.policy.aliases) for key in _keys(job.want)}
            ]
            for job in by or own or draft.jobs:
                wrong.setdefault(id(job), what)
        return wrong, self._following(draft, after)

    def _changed(self, draft: _Draft, after: _Seen) -> Iterator[tuple[Resource, str, set[str]]]:
        """Resources that would be what nobody wanted, in what, and which tags (canonical keys) may be the cause."""
        before = self._before
        for finding in after.findings:
            if before.verdicts.get(finding.id) not in {finding.verdict, "fail"}:
                keys = _read(finding.rule.match) | _read(finding.rule.require)
                yield finding.resource, f"{finding.rule.id} would be {finding.verdict} for {finding.resource.id}", keys
        wants = _wants(draft.jobs)
        names = {key: name for job in draft.jobs for key, name in job.want.names.items()}
        inherited = {
            (key, job.finding.resource.tags.raw[key], value)
            for job in draft.jobs
            for key, value in job.want.values.items()
        }
        for name in before.resources.keys() | after.resources.keys():
            one, two = before.resources.get(name), after.resources.get(name)
            if one is None or two is None or one.fields != two.fields or one.unknown != two.unknown:
                yield (one or two or next(iter(after.resources.values()))), f"{name} would become another", set()
                continue
            old, new = one.tags, two.tags
            hidden = {names.get(key, key): reason for key, reason in old.unknown.items()}
            hidden |= {key: new.unknown[key] for key in draft.shared.keys() & new.unknown.keys()}
            if hidden != new.unknown or old.open_because != new.open_because:
                yield one, f"what is known of the tags of {name} would change", set()
            for key in old.raw.keys() | new.raw.keys():
                value = new.raw.get(key)
                allowed = wants[name].get(key, set()) | (draft.shared.get(key, set()) if key not in old.raw else set())
                if (
                    old.raw.get(key) != value
                    and value not in allowed
                    and (key, old.raw.get(key), value) not in inherited
                ):
                    yield one, f"tag '{key}' of {name} would change too", set()


def _wants(jobs: Iterable[Job]) -> dict[str, dict[str, set[str | None]]]:
    """What tags may be afterwards, by resource and raw key."""
    found: dict[str, dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for job in jobs:
        keys = found[job.finding.resource.id]
        for key, value in (job.want.adds | job.want.values).items():
            keys[key].add(value)
    for job in jobs:
        keys, raw = found[job.finding.resource.id], job.finding.resource.tags.raw
        for key, name in job.want.names.items():
            keys[name] |= {raw[key]} | keys[key]
            keys[key].add(None)
    return found


def _keys(want: Want) -> set[str]:
    return {*want.adds, *want.values, *want.names}


def _read(condition: Condition) -> set[str]:
    """The tags that a condition looks at."""
    match condition:
        case All(items) | AnyOf(items):
            return {key for item in items for key in _read(item)}
        case Not(item):
            return _read(item)
        case Compare(ref):
            return {ref.name} if ref.space == "tag" else set()


def _alias(block: Block) -> str:
    alias = block.body.attributes.get("alias")
    return "" if alias is None else literal(alias).strip('"')
