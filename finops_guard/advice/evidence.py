"""What auditors ask for, from the state alone: the files of a period, and who was not compliant on a day.

    manifest.json             what there is, with sha256; the journal's head, and whether it is as it was written
    reports/<run>.json        what each run found and did
    terms/<run>.json          the policy and packs it went by, the exemptions in force
    texts/<sha256>.yaml       those policies and packs, and those that acts of the period went by, word for word
    exemptions.json           every exemption that was in force, with the runs that it was in force for
    journal.jsonl seals.jsonl every line of the runs that acted: sha256 of a line is what the next one carries as prev
    approvals.jsonl           who approved which plan: of plans that were carried out in the period, or approved in it
    halts.jsonl               who stopped all acts, and who let them go on
    episodes.jsonl            each finding's newest episode that was running in the period
    episode-changes.jsonl     what runs of the period changed of episodes (until `doctor --compact` folded that)

Equal state gives equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from finops_guard.advice.acted import Acted, approvals, halted
from finops_guard.advice.journal import standing
from finops_guard.advice.keep import REPORTS, TERMS, TEXTS
from finops_guard.state import history
from finops_guard.state.entries import PREFIX, chains, read_entry
from finops_guard.state.journal import SEALS
from finops_guard.state.lines import Line, began_at, from_line, stamp, to_line
from finops_guard.state.store import Store, read_all
from finops_guard.state.values import time_of

SCHEMA = "finops-guard/evidence/1"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to, and without, `end`."""

    start: datetime
    end: datetime

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, datetime) and self.start <= moment < self.end


@dataclass(slots=True)
class _Manifest:
    files: list[Line] = field(default_factory=list)

    def noted(self, path: str, parts: Iterable[bytes]) -> Iterator[bytes]:
        """The parts of a file, counted and hashed as they pass."""
        size, digest = 0, sha256()
        for part in parts:
            size += len(part)
            digest.update(part)
            yield part
        self.files.append({"path": path, "bytes": size, "sha256": digest.hexdigest()})


def export(store: Store, period: Period, put: Callable[[str, Iterator[bytes]], None]) -> list[str]:
    """Give `put` every file of a period, in parts; what is wrong with the journal, if anything."""
    manifest = _Manifest()

    def add(path: str, parts: Iterable[bytes]) -> None:
        put(path, manifest.noted(path, parts))

    runs = runs_in(store, period)
    terms = {run: there for run in runs if (there := _terms(store, run)) is not None}
    for run in runs:
        add(f"{REPORTS}/{run}.json", [store.get(f"{REPORTS}/{run}") or b""])
    for run, there in terms.items():
        add(f"{TERMS}/{run}.json", [to_line(there)])
    acted = Acted.of(journal(store, period))
    for digest in sorted(acted.texts | {digest for there in terms.values() for digest in hashes_in(there)}):
        text = store.get(f"{TEXTS}/{digest}")
        if text is not None:
            add(f"{TEXTS}/{digest}.yaml", [text])
    add("exemptions.json", [_document(exemptions(terms))])
    add("journal.jsonl", journal(store, period))
    add("seals.jsonl", _seals(store, period))
    add("approvals.jsonl", approvals(store, period.__contains__, acted.plans))
    add("halts.jsonl", halted(store, period.__contains__))
    add("episodes.jsonl", _episodes(store, period))
    add("episode-changes.jsonl", _changes(store, period))
    stands = standing(store)
    told = {
        "schema": SCHEMA,
        "from": stamp(period.start),
        "to": stamp(period.end),
        "runs": runs,
        "journal": {"whole": not stands.problems, "problems": stands.problems, "head": stands.head or None},
        "files": sorted(manifest.files, key=lambda file: str(file["path"])),
    }
    put("manifest.json", iter([_document(told)]))
    return stands.problems


def runs_in(store: Store, period: Period) -> list[str]:
    """The runs with a report that began in a period, oldest first."""
    found = (key.rpartition("/")[2] for key in store.list(REPORTS, after=f"{REPORTS}/{period.start:%Y%m%d}"))
    return [run for run in found if (began := began_at(run)) is not None and began in period]


def hashes_in(terms: Line) -> Iterator[str]:
    """The texts that a run went by."""
    policy, packs = terms.get("policy"), terms.get("packs")
    told = [policy, *(packs if isinstance(packs, list) else ()), {"sha256": terms.get("extends")}]
    yield from (str(each["sha256"]) for each in told if isinstance(each, dict) and each.get("sha256"))


def exemptions(terms: dict[str, Line]) -> list[Line]:
    """Every exemption that was in force in some run, with the policy it stood in, and the runs."""
    found: dict[str, Line] = {}
    for run, there in terms.items():
        written, policy = there.get("exempt"), there.get("policy")
        for entry in written if isinstance(written, list) else ():
            row = {**entry, "policy": policy["name"] if isinstance(policy, dict) else None}
            known = found.setdefault(json.dumps(row, sort_keys=True), {**row, "runs": []})
            known["runs"].append(run)  # type: ignore[attr-defined] # the list just above
    return [found[key] for key in sorted(found)]


def journal(store: Store, period: Period | None = None) -> Iterator[bytes]:
    """Every line, as it is stored, of the chains that were written to in a period, or of all."""
    for _, keys in chains(store.list(PREFIX)):
        if period is None or _written(store, keys, period):
            yield from (_whole_line(line) for _, line in read_all(store, keys))


def _written(store: Store, keys: list[str], period: Period) -> bool:
    began = began_at(keys[0].split("/")[1])
    if began is not None and began >= period.end:
        return False
    newest = _time(keys[-1], store.get(keys[-1]))
    if newest is not None and newest < period.start:
        return False
    times = (_time(key, line) for key, line in read_all(store, keys))
    return any(moment is None or moment in period for moment in times)


def _time(key: str, line: bytes | None) -> datetime | None:
    """When a line was written, None where it is damaged: then it is evidence in any case."""
    try:
        return read_entry(key, line or b"").at
    except (ValueError, TypeError):
        return None


def _whole_line(line: bytes | None) -> bytes:
    return line if line and line.endswith(b"\n") else (line or b"") + b"\n"


def _seals(store: Store, period: Period) -> Iterator[bytes]:
    for _, line in read_all(store, store.list(SEALS)):
        try:
            inside = time_of(from_line(line or b"").get("at")) in period
        except ValueError:
            inside = True
        if inside:
            yield _whole_line(line)


def _episodes(store: Store, period: Period) -> Iterator[bytes]:
    for finding, record in sorted(history.fold(store).records.items()):
        if record.began < period.end and (record.ended is None or record.ended >= period.start):
            yield to_line({"finding": finding, **history.row_of(record)})


def _changes(store: Store, period: Period) -> Iterator[bytes]:
    for delta in history.deltas(store):
        records = delta.get("records")
        if time_of(delta.get("at")) in period and isinstance(records, dict):
            for finding, row in sorted(records.items()):
                yield to_line({"run": delta.get("run"), "at": delta.get("at"), "finding": finding, **row})


def _terms(store: Store, run: str) -> Line | None:
    line = store.get(f"{TERMS}/{run}")
    return None if line is None else from_line(line)


def _document(content: object) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as it stood in its pack, and where: the pack's text and the policy's are kept under their sha256."""

    pack: str
    version: str
    sha256: str
    line: int
    text: str
    policy: str


@dataclass(frozen=True, slots=True)
class Offence:
    """A resource that did not comply with a rule: seen by `runs` (the newest last), as the newest of them saw it."""

    rule: str
    resource: str
    finding: Line
    runs: tuple[str, ...]
    under: RuleText | None

    @property
    def exempt(self) -> str | None:
        """The reason, by whom and until when; None where it was not exempt."""
        said = self.finding.get("exempt")
        return None if said is None else str(said)


@dataclass(frozen=True, slots=True)
class Answer:
    """Who was not compliant on a day. Without a run on the day, by the newest run before it; none at all: no runs.

    `unknown`: what could not be judged, as (rule, resource); `gaps`: places that some run could not read, and why.
    """

    day: datetime
    runs: tuple[str, ...]
    on_the_day: bool
    offences: tuple[Offence, ...]
    unknown: tuple[tuple[str, str], ...] = ()
    gaps: tuple[str, ...] = ()


def non_compliant(store: Store, day: datetime, rule: str | None = None) -> Answer:
    """Who was not compliant on a day (UTC), with one rule or any: under which text, exempt by whom."""
    runs = runs_in(store, Period(day, day + _DAY))
    found = runs or _last_before(store, day)
    seen: dict[tuple[str, str], tuple[Line, list[str]]] = {}
    texts: dict[str, RuleText | None] = {}
    unknown: set[tuple[str, str]] = set()
    gaps: dict[str, None] = {}
    for run in found:
        report: Any = json.loads(store.get(f"{REPORTS}/{run}") or b"{}")
        gaps |= dict.fromkeys(_gap(gap) for gap in report.get("gaps", ()) if not gap["expected"])
        for finding in report.get("findings", ()):
            if rule not in (None, finding["rule"]):
                continue
            key = (finding["rule"], finding["resource"]["id"])
            if finding["verdict"] == "fail":
                seen[key] = (finding, [*seen.get(key, ({}, []))[1], run])
            elif finding["verdict"] == "unknown":
                unknown.add(key)
    for (name, _), (_, those) in seen.items():
        if (place := f"{name} {those[-1]}") not in texts:
            texts[place] = _rule_text(store, those[-1], name)
    offences = (
        Offence(name, resource, finding, tuple(those), texts[f"{name} {those[-1]}"])
        for (name, resource), (finding, those) in sorted(seen.items(), key=lambda each: each[0])
    )
    return Answer(day, tuple(found), bool(runs), tuple(offences), tuple(sorted(unknown - seen.keys())), tuple(gaps))


def _gap(gap: dict[str, Any]) -> str:
    place = "/".join(str(gap[name]) for name in ("cloud", "account", "region", "type") if gap[name] != "*")
    return f"{place}: {gap['reason']}"


def _last_before(store: Store, day: datetime) -> list[str]:
    earlier = [key.rpartition("/")[2] for key in store.list(REPORTS)]
    return [run for run in earlier if (began := began_at(run)) is not None and began < day][-1:]


def _rule_text(store: Store, run: str, rule: str) -> RuleText | None:
    terms = _terms(store, run) or {}
    pack, _, name = rule.partition("/")
    packs, policy = terms.get("packs"), terms.get("policy")
    for used in packs if isinstance(packs, list) else ():
        text = store.get(f"{TEXTS}/{used['sha256']}") if used["name"] == pack else None
        if text is not None and (found := written(text.decode(), name)) is not None:
            under = str(policy["sha256"]) if isinstance(policy, dict) else ""
            return RuleText(pack, used["version"], used["sha256"], *found, under)
    return None


def written(pack: str, rule: str) -> tuple[int, str] | None:
    """The line on which a rule of a pack's text begins, and its lines."""
    from finops_guard.language.document import Document

    document = Document("pack", pack)
    rules = document.data.get("rules", {}) if isinstance(document.data, dict) else {}
    if not isinstance(rules, dict) or rule not in rules:
        return None
    begin = document.at(("rules", rule), key=True).line
    after = [document.at(("rules", other), key=True).line for other in rules]
    after += [document.at((key,), key=True).line for key in document.data]
    end = min((line for line in after if line > begin), default=len(document.lines) + 1)
    return begin, "\n".join(document.lines[begin - 1 : end - 1]).rstrip()
