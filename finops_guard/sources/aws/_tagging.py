"""The verb `tag`, for everything with an ARN: the Resource Groups Tagging API writes keys and leaves all others alone.

It answers 200 where it wrote to some of the resources only, so each one's failure is read from the answer. Where it
does not know a service (emulators), the type's own module may have a `tag`.
"""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING, Any

from finops_guard.model import Outcome
from finops_guard.sources.aws._login import without_secrets
from finops_guard.sources.aws._reading import live
from finops_guard.sources.aws._tag_changes import Change, planned, reverted
from finops_guard.sources.aws._writes import PAUSES, THROTTLED, Unwritten, failed, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from finops_guard.model import Step, Tags
    from finops_guard.sources.aws._writes import Site

    _Decide = Callable[[Step, Mapping[str, str]], Change | Outcome]
    _Own = Callable[[Site, str, Mapping[str, str], Sequence[str]], None]

PERMISSIONS = {"tag": ["tag:TagResources", "tag:UntagResources"]}
_CLIENT = "resourcegroupstaggingapi"
_ARNS = 20
"""The most that one request takes; it takes 50 tags as well, and no resource may have more."""
_READ = 100
_TOO_FAST = "429"
_LONGEST = 200


def tag(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Write what each step's `after` says and no other key; what was changed since it was planned is left alone."""
    return _outcomes(site, steps, planned)


def undo_tag(site: Site, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Put back each step's `before`, key by key, where the key still is as our act left it."""
    return _outcomes(site, steps, reverted)


def _outcomes(site: Site, steps: Sequence[Step], change: _Decide) -> Iterator[Outcome]:
    for start in range(0, len(steps), _READ):
        some = steps[start : start + _READ]
        tags = {found.id: found.tags for found in live(site, [step.resource for step in some])}
        alike: dict[tuple[object, ...], list[Change]] = {}
        for step in some:
            decided = _decided(step, tags.get(step.resource.id), change)
            if isinstance(decided, Outcome):
                yield decided
            else:
                alike.setdefault(decided.kind, []).append(decided)
        for changes in alike.values():
            for at in range(0, len(changes), _ARNS):
                yield from _batch(site, changes[at : at + _ARNS])


def _decided(step: Step, tags: Tags | None, change: _Decide) -> Change | Outcome:
    if tags is None:
        return skipped(step, "it is gone")
    if tags.open_because is not None:
        return failed(step, f"not all of its tags could be read: {tags.open_because}")
    return change(step, tags.raw)


def _batch(site: Site, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Changes that are alike: all in one request, or two where keys are removed too."""
    arns = [change.step.resource.id for change in changes]
    failures = _write(site, arns, changes[0])
    doubtful = [change.step.resource for change in changes if change.step.resource.id in failures]
    now = {found.id: found.tags for found in live(site, doubtful)} if failures else {}
    for change in changes:
        arn = change.step.resource.id
        if arn not in failures:
            yield Outcome(change.step.id, "done", change.before, change.after, change.note)
            continue
        # A failure may have come after half of the change, or be an answer that was lost: the tags themselves tell.
        tags = now.get(arn)
        unsure = tags is None or tags.open_because is not None
        found = {} if tags is None or unsure else {key: tags.raw.get(key) for key in change.after}
        if found == change.after:
            yield Outcome(change.step.id, "done", change.before, change.after, change.note)
        else:
            yield Outcome(change.step.id, "failed", change.before, found, failures[arn])


def _write(site: Site, arns: list[str], change: Change) -> dict[str, str]:
    """Make a change on every ARN; why not, by ARN. New keys come first, so that no value is ever nowhere."""
    parts: list[tuple[str, Mapping[str, Any]]] = []
    if change.put:
        parts.append(("TagResources", {"Tags": change.put}))
    if change.drop:
        parts.insert(0 if change.full else 1, ("UntagResources", {"TagKeys": change.drop}))
    failures: dict[str, str] = {}
    for operation, what in parts:
        left = [arn for arn in arns if arn not in failures]
        failures |= _sent(site, operation, left, what) if left else {}
    if change.full and failures:
        removed = {key: value for key in change.drop if (value := change.before[key]) is not None}
        _sent(site, "TagResources", list(failures), {"Tags": removed})
    return failures


def _sent(site: Site, operation: str, arns: list[str], what: Mapping[str, Any]) -> dict[str, str]:
    """Failures by ARN. A request that is refused whole is halved, unless that is because of who we are."""
    failures: dict[str, str] = {}
    waiting = arns
    for pause in (*PAUSES, None):
        try:
            answer = site.write(operation, client=_CLIENT, ResourceARNList=waiting, **what)
        except Unwritten as error:
            if error.lost or error.denied or error.throttled or len(waiting) == 1:
                return failures | dict.fromkeys(waiting, error.reason)
            middle = len(waiting) // 2
            halves = (waiting[:middle], waiting[middle:])
            return failures | {arn: why for half in halves for arn, why in _sent(site, operation, half, what).items()}
        said: Mapping[str, Mapping[str, object]] = answer.get("FailedResourcesMap") or {}
        again = [arn for arn in waiting if arn in said and _too_fast(said[arn])]
        for arn in waiting:
            if arn in said and ((arn in again and pause is None) or not (arn in again or _directly(site, arn, what))):
                failures[arn] = _reason(said[arn], operation)
        waiting = again
        if not waiting or pause is None:
            break
        sleep(pause)
    return failures


def _too_fast(failure: Mapping[str, object]) -> bool:
    return str(failure.get("StatusCode")) == _TOO_FAST or THROTTLED.search(str(failure.get("ErrorMessage"))) is not None


def _reason(failure: Mapping[str, object], operation: str) -> str:
    said = without_secrets(f": {failure['ErrorMessage']}") if failure.get("ErrorMessage") else ""
    return f"{failure.get('ErrorCode')} tag:{operation}{said}"[:_LONGEST]


def _directly(site: Site, arn: str, what: Mapping[str, Any]) -> bool:
    """Whether the type's own service made the change."""
    own: _Own | None = getattr(site.module, "tag", None)
    if own is None:
        return False
    try:
        own(site, arn, what.get("Tags", {}), what.get("TagKeys", []))
    except Unwritten:
        return False
    return True
