"""A finding's way up the ladder of its rule: one draft for each rung not yet done, with its time and identity."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from finops_guard.model import DESTRUCTIVE, LIFECYCLE, Param, Step
from finops_guard.plan import authority, calendar, losses, protections, starts, tags
from finops_guard.plan.context import WRITES, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from finops_guard.model import Finding, Resource, Rung, Verb
    from finops_guard.plan.context import Context, Episode

DUE_TAG = "finops-guard-due"
_LEAVES = {"stop": "stopped", "terminate": "deleting"}
_UNDONE = frozenset({"tag", "start", "stop", "scale_to_zero", "suggest", "block"})
_ENDS_FOR_GOOD = frozenset({"training-job", "job"})  # stopped, it cannot be started again; it is run anew


def climb(finding: Finding, context: Context) -> Iterator[Draft]:
    """The drafts of a failed finding; a rung done in its episode has none."""
    episode = context.episodes.get(finding.id)
    done = _done(episode)
    told = episode is not None
    planned = context.planned or _only_planned(finding.resource)
    for index, rung in enumerate(finding.rule.otherwise):
        if index in done or (planned and rung.do in WRITES) or (not planned and rung.do == "block"):
            continue
        draft = _draft(finding, index, rung, context, episode)
        if rung.do == "notify":
            told = told or draft.is_due(context.now)
        elif rung.do in DESTRUCTIVE and not told and draft.is_due(context.now):
            draft.waits += ("its notice has not been given",)
        yield draft


def seconds(value: int | Param) -> timedelta:
    """A waiting time; a parameter that nobody filled in is a mistake of the caller."""
    if isinstance(value, Param):
        raise TypeError(f"parameter ${value.name} has no value")
    return timedelta(seconds=value)


def _draft(finding: Finding, index: int, rung: Rung, context: Context, episode: Episode | None) -> Draft:
    resource, binding = finding.resource, context.bindings[finding.binding]
    began = episode.began if episode else context.now
    due = began + seconds(rung.after) if rung.after and rung.do != "block" else began  # a pipeline has no later
    step = Step(
        id=_identity(finding, index, rung.do, context),
        do=rung.do,
        resource=resource,
        rules=(finding.rule.id,),
        binding=binding.name,
        state="scheduled",
        due=due,
        reversible=rung.do in _UNDONE and not (rung.do == "stop" and resource.kind in _ENDS_FOR_GOOD),
        serves=((finding.id, index),),
    )
    draft = Draft(step, finding, binding, rung)
    authority.check(draft, index, context)
    if not finding.acts:
        draft.refused += (f"whether binding '{binding.name}' holds for it is unknown",)
    if rung.do in WRITES:
        draft.refused += (finding.doubt,) if finding.doubt else ()
        protections.check(draft, context)
    if rung.do in LIFECYCLE:
        losses.check(draft)
        if rung.do == "start":
            starts.check(draft, context)
        _needs_earlier_stop(draft, index, context, episode)
        step.before, step.after = _lifecycle_change(resource, rung.do)
    elif rung.do == "tag":
        tags.check(draft, context)
    elif rung.do == "notify" and rung.mark:
        step.before, step.after = _mark(finding, index, context, began)
    if not draft.refused:
        calendar.check(draft, context)
    if step.due is not None and rung.warn:
        moments = sorted(step.due - seconds(before) for before in rung.warn)
        step.warn = tuple(moment for moment in moments if moment > context.now)
    return draft


def _identity(finding: Finding, index: int, verb: Verb, context: Context) -> str:
    """The same in every run, for the same rung of the same rule on the same resource under the same binding."""
    parts = (context.policy.name, finding.binding, finding.rule.id, f"{index}:{verb}", finding.resource.id)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _only_planned(resource: Resource) -> bool:
    return resource.fields.get("state") == "planned" or resource.fields.get("change") is not None


def _needs_earlier_stop(draft: Draft, index: int, context: Context, episode: Episode | None) -> None:
    """`terminate` comes after a stop of the same episode; while it is not due, one that is planned will do."""
    if draft.rung.do != "terminate":
        return
    ladder = draft.finding.rule.otherwise
    stops = {i for i, rung in enumerate(ladder[:index]) if rung.do in ("stop", "scale_to_zero")}
    if not stops:
        draft.refused += ("terminate needs an earlier stop in its ladder",)
    elif draft.step.due is not None and draft.step.due <= context.now and not stops & _done(episode):
        draft.waits += ("terminate needs an earlier stop in the same episode",)


def _done(episode: Episode | None) -> frozenset[int]:
    return episode.done if episode else frozenset()


def _lifecycle_change(resource: Resource, verb: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    if verb == "start":
        return starts.change(resource)
    if verb == "scale_to_zero":
        return {"capacity": resource.fields.get("capacity.provisioned")}, {"capacity": 0}
    return {"state": resource.fields.get("state")}, {"state": _LEAVES[verb]}


def _mark(
    finding: Finding, index: int, context: Context, began: datetime
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The tag by which people at the console see what is coming: the day of the next rung that waits."""
    later = [rung.after for rung in finding.rule.otherwise[index + 1 :] if rung.after is not None]
    permit = context.policy.permit & context.bindings[finding.binding].permit
    raw = finding.resource.tags.raw
    if not later or "tag" not in permit or finding.resource.tags.open_because is not None:
        return {}, {}
    day = (began + min(seconds(after) for after in later)).date().isoformat()
    return {DUE_TAG: raw.get(DUE_TAG)}, {DUE_TAG: day}
