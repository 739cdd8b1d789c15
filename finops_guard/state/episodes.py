"""Episodes: the time since a finding's notice was delivered, and what was done in it.

Everything here is arithmetic on records: `next_state` and `advance` give the records that change, a delta, which
`history` keeps. A finding without a record has no episode, nor has one whose record says that it ended.

| the finding is | no episode | held after an undo | an episode under this ladder | under another ladder |
|---|---|---|---|---|
| failing, and its notice was delivered or its ladder has none | begins | - | goes on | begins anew |
| failing without that | - | - | goes on | ends |
| passing, gone, outside, exempt | - | - | ends | ends |
| passing, and a budget | - | - | goes on | goes on |
| unknown, in a gap, not looked at | - | - | - | - |

Where what keeps it from failing is our own act (a stopped machine is not idle), the caller judges it as it was before
that act, and says failing. An exempted finding starts from a new notice when its exemption is over.

A budget is a thing of one period, gone when that is over. Spend that swings around a threshold within it is one breach,
and is told once: forecasts and accruals go up and down from run to run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, TypeAlias

from finops_guard.model import BUDGET_TYPE, LIFECYCLE, Binding, Finding, Param, Rule, Stop
from finops_guard.state.entries import Entry, Unfinished, open_acts
from finops_guard.state.lines import to_line, utc

Sight: TypeAlias = Literal["fail", "pass", "gone", "outside", "exempt", "unknown"]
_ENDS: Mapping[Sight, str] = {
    "pass": "it passes",
    "gone": "the resource is gone",
    "outside": "the rule is no longer about it",
    "exempt": "it is exempt",
}
_STOPS = frozenset({"stop", "scale_to_zero"})
_HOLD = timedelta(hours=24)
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Ladder:
    """A rule's ladder under a binding: `hash` changes with the rule or a waiting time, not with other parameters."""

    hash: str
    notifies: bool
    longest: timedelta

    @classmethod
    def of(cls, rule: Rule, binding: Binding) -> Ladder:
        """The ladder of a rule as a binding uses it; a parameter that nobody filled in is the caller's mistake."""
        waits = [rung.after or 0 for rung in rule.otherwise]
        if any(isinstance(wait, Param) for wait in waits):
            raise TypeError(f"{rule.id}: a waiting time has no value")
        written = binding.pack.rules.get(rule.name, rule)
        content = [binding.name, rule.id, written.match, written.require, written.otherwise, rule.otherwise]
        return cls(
            hash=sha256(to_line({"ladder": _plain(content)})).hexdigest()[:16],
            notifies=any(rung.do == "notify" for rung in rule.otherwise),
            longest=timedelta(seconds=max((wait for wait in waits if isinstance(wait, int)), default=0)),
        )


@dataclass(frozen=True, slots=True)
class About:
    """What a record is about, so that a later run can tell whether it looked there."""

    rule: str
    binding: str
    resource: str
    cloud: str = ""
    account: str = ""
    region: str = ""
    type: str = ""

    @classmethod
    def of(cls, finding: Finding) -> About:
        """What a finding is about."""
        text = finding.resource.text
        return cls(
            finding.rule.id, finding.binding, finding.resource.id, *map(text, ("cloud", "account", "region", "type"))
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """A delivered notice of a finding: to which channels, by which rung. The `mark` tag, written, is a channel too."""

    finding: str
    rung: int
    at: datetime
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A rung that was carried out; `before` is what a lifecycle verb found, for judging later rungs by it.

    `verb` and `after`, what it left, are only needed of a stop: see `EpisodeRecord.stop`.
    """

    finding: str
    rung: int
    at: datetime
    before: Mapping[str, object] = field(default_factory=dict)
    verb: str = ""
    after: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """How a run saw a finding, and the ladder it is on now."""

    finding: str
    sight: Sight
    about: About
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """One finding's newest episode. `done`: when each rung, by index, was; `warned`: when its last reminder went out.

    `seen` is kept to the day. `ended` and `why` are set when it is over; `held_until` forbids a new one till then.
    `stop` is the last stop that was done in it, until the resource runs again (`apply.stops`), also when it is over.
    """

    about: About
    ladder: str
    longest: timedelta
    began: datetime
    seen: datetime
    done: Mapping[int, datetime] = field(default_factory=dict)
    warned: Mapping[int, datetime] = field(default_factory=dict)
    notice: tuple[str, ...] = ()
    before: Mapping[str, object] = field(default_factory=dict)
    ended: datetime | None = None
    why: str | None = None
    held_until: datetime | None = None
    stop: Stop | None = None

    @property
    def running(self) -> bool:
        """Whether the episode goes on."""
        return self.ended is None

    def held(self, now: datetime) -> bool:
        """Whether an undo forbids a new episode."""
        return self.held_until is not None and now < self.held_until


Records: TypeAlias = Mapping[str, EpisodeRecord]
Delta: TypeAlias = dict[str, EpisodeRecord]
"""The records that changed, by finding id; put over what was, they give what is."""


def begin(seen: Seen, now: datetime, notice: Notice | None = None, held_until: datetime | None = None) -> EpisodeRecord:
    """A new episode, from now."""
    return EpisodeRecord(
        about=seen.about,
        ladder=seen.ladder.hash,
        longest=seen.ladder.longest,
        began=now,
        seen=now,
        done={} if notice is None else {notice.rung: notice.at},
        notice=() if notice is None else notice.to,
        held_until=held_until,
    )


def end(record: EpisodeRecord, why: str, now: datetime) -> EpisodeRecord:
    """The episode, over. One that is over stays as it ended."""
    return replace(record, ended=now, why=why) if record.running else record


def hold(records: Records, findings: Iterable[str], now: datetime) -> Delta:
    """After an undo: the episodes end, and none begins for the longer of the ladder's longest wait and 24 h."""
    delta: Delta = {}
    for finding in findings:
        record = records.get(finding)
        if record is not None:
            until = utc(now) + max(record.longest, _HOLD)
            until = max(until, record.held_until or until)
            delta[finding] = replace(end(record, "it was undone", utc(now)), held_until=until)
    return delta


def advance(records: Records, done: Iterable[Done]) -> Delta:
    """Rungs that were carried out, each once: a rung keeps its first time. Those of no running episode are dropped.

    What an earlier run left unsaid (`done_in`) comes before what this run saw: it belongs to the episode that was.
    """
    delta: Delta = {}
    for each in done:
        record = delta.get(each.finding) or records.get(each.finding)
        if record is not None and record.running and each.rung not in record.done:
            before = {**each.before, **record.before}
            stop = record.stop
            if each.verb in _STOPS:
                found = {name: value for name, value in each.before.items() if not name.startswith("usage.")}
                stop = Stop(record.about.rule, each.verb, utc(each.at), found, each.after)
            done_ = {**record.done, each.rung: utc(each.at)}
            delta[each.finding] = replace(record, done=done_, before=before, stop=stop)
    return delta


def warned(records: Records, reminders: Iterable[tuple[str, int]], now: datetime) -> Delta:
    """Reminders, as (finding, rung), that were delivered now."""
    delta: Delta = {}
    for finding, rung in reminders:
        record = delta.get(finding) or records.get(finding)
        if record is not None and record.running:
            delta[finding] = replace(record, warned={**record.warned, rung: utc(now)})
    return delta


def next_state(records: Records, seen: Iterable[Seen], notices: Iterable[Notice], now: datetime) -> Delta:
    """What changes by what an enforcing run saw and by the notices it delivered; see the table above.

    A finding that was not looked at is left out of `seen`, or unknown. With the same arguments, once more changes
    nothing.
    """
    now = utc(now)
    delivered = {notice.finding: notice for notice in notices if notice.to}
    delta: Delta = {}
    for each in seen:
        record = delta.get(each.finding) or records.get(each.finding)
        after = _next(record, each, delivered.get(each.finding), now)
        if after is not None and after != record:
            delta[each.finding] = after
    return delta


def current(records: Records, ladders: Mapping[str, Ladder]) -> Delta:
    """The episodes that go on, of findings that are on the ladder they began under: those that the plan counts from."""
    return {
        finding: record
        for finding, record in records.items()
        if record.running and finding in ladders and record.ladder == ladders[finding].hash
    }


def held(records: Records, now: datetime) -> dict[str, datetime]:
    """The findings that an undo holds, with until when: nothing is done about them, and no episode begins."""
    now = utc(now)
    return {each: record.held_until for each, record in records.items() if record.held_until and record.held(now)}


def done_in(chain: Iterable[Entry]) -> list[Done]:
    """The rungs that the acts of one journal chain carried out, for a run that was cut short before it said so."""
    intended: dict[str, Unfinished] = {}
    found: list[Done] = []
    for entry in chain:
        intended |= open_acts([entry])
        for outcome in entry.outcomes:
            waiting = intended.pop(outcome.step, None)
            if waiting is not None and outcome.state == "done" and not waiting.act.verb.startswith("undo"):
                before = outcome.before if waiting.act.verb in LIFECYCLE else {}
                found += (Done(finding, rung, entry.at, before) for finding, rung in waiting.act.serves)
    return found


def _next(record: EpisodeRecord | None, seen: Seen, notice: Notice | None, now: datetime) -> EpisodeRecord | None:
    if seen.sight == "unknown" or (seen.sight == "pass" and seen.about.type == BUDGET_TYPE):
        return record
    if seen.sight != "fail":
        return record and end(record, _ENDS[seen.sight], now)
    if record is not None and record.running and record.ladder == seen.ladder.hash:
        return record if timedelta(0) <= now - record.seen < _DAY else replace(record, seen=max(now, record.seen))
    if record is not None and record.held(now):
        return end(record, "its rule changed", now)
    if notice is not None or not seen.ladder.notifies:
        return begin(seen, now, notice)
    return record and end(record, "its rule changed", now)


def _plain(value: object) -> object:
    """Rules as JSON, the same for equal rules."""
    if is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: {each.name: _plain(getattr(value, each.name)) for each in fields(value)}}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
