"""Fields that follow from others: age, running_for, ai, owner, tag_keys, schedule. Pure; the time is an argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from finops_guard.evaluate.scheduled import put_schedule, put_stopped_by
from finops_guard.fields import AI_KINDS, AI_TAGS, COMPUTED_KINDS, FIELDS
from finops_guard.model import Money, Resource, Schedule, Tags, Unknown, Value, canonical
from finops_guard.model.tags import RESERVED, spelt_by_people

HOURS_A_MONTH = 730
AI_TYPES = (
    "AWS::SageMaker::",
    "AWS::Bedrock::",
    "AWS::BedrockAgentCore::",
    "AWS::Comprehend::",
    "AWS::Kendra::",
    "AWS::Lex::",
    "AWS::QBusiness::",
    "AWS::Rekognition::",
    "Microsoft.MachineLearningServices/",
    "Microsoft.CognitiveServices/",
    "aiplatform.googleapis.com/",
    "notebooks.googleapis.com/",
    "tpu.googleapis.com/",
    # as infrastructure as code names what no inventory does
    "aws_bedrock",
    "aws_comprehend_",
    "aws_kendra_",
    "aws_lex",
    "aws_sagemaker_",
    "aws_transcribe_",
    "azurerm_cognitive_",
    "azurerm_machine_learning_",
    "google_colab_",
    "google_dialogflow_",
    "google_discovery_engine_",
    "google_document_ai_",
    "google_vertex_ai_",
)
LIMITS = {"aws": (128, 256, 50), "azure": (512, 256, 50), "gcp": (63, 63, 64)}
"""Longest key, longest value, most tags. AWS: tagging best practices; Azure: tag limits; GCP: label requirements."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What deriving takes from a policy: tag aliases, `inherit`, `ai: also`, schedules."""

    now: datetime
    aliases: Mapping[str, str] = field(default_factory=dict)
    inherit: tuple[str, ...] = ()
    also_ai: tuple[Callable[[Resource], bool | None], ...] = ()
    omitted_adds_nothing: bool = False
    schedules: Mapping[str, Schedule] = field(default_factory=dict)


_PAST = ("created", "age", "running_for", *(field.name for field in FIELDS.values() if field.metric))
"""What only time brings: of what is planned it is absent, and no rule waits for it."""


def derive(resources: Iterable[Resource], setting: Setting) -> Iterator[Resource]:
    """The same resources with every derived field filled in that was not given."""
    for resource in resources:
        _facts(resource)
        if resource.fields.get("state") == "planned":
            resource.fields = dict.fromkeys(_PAST) | resource.fields
        _tags(resource, setting)
        _times(resource, setting.now)
        put_schedule(resource, setting.schedules, setting.now)
        put_stopped_by(resource)
        _month(resource)
        _constants(resource, setting)
        _ai(resource, setting)
        yield resource


def _facts(resource: Resource) -> None:
    """What a source gave as it must be judged: an empty or blank text is absent, a number that is none is unknown."""
    for name, value in [*resource.fields.items()]:
        if isinstance(value, str):
            if not value or value.isspace():
                resource.fields[name] = None
        elif isinstance(value, float) and math.isnan(value):
            del resource.fields[name]
            resource.unknown.setdefault(name, "not a number")


def _tags(resource: Resource, setting: Setting) -> None:
    tags = resource.tags
    if setting.aliases:
        tags = tags.under(setting.aliases)
    if setting.inherit:
        tags = _inherited(tags, resource.account_tags, setting)
    resource.tags = tags
    if tags.open_because is None:
        own = {key: value for key, value in tags.raw.items() if not key.startswith(RESERVED)}
        keys = own.keys() | tags.unknown.keys() if tags.unknown else own.keys()
        counts = {
            "count": len(keys),
            "noncanonical": sum(spelt_by_people(key) and key != canonical(key, setting.aliases) for key in keys),
        }
        if tags.unknown:
            reason = next(iter(tags.unknown.values()))
            for name in ("conflicting", "illegal"):
                resource.unknown.setdefault(f"tag_keys.{name}", reason)
        else:
            counts |= {"conflicting": len(tags.conflicts), "illegal": _illegal(own, resource.text("cloud"))}
        for name, count in counts.items():
            resource.fields.setdefault(f"tag_keys.{name}", count)
    else:
        for name in ("count", "noncanonical", "conflicting", "illegal"):
            resource.unknown.setdefault(f"tag_keys.{name}", tags.open_because)


def _inherited(tags: Tags, parent: Tags, setting: Setting) -> Tags:
    """Tags with those it lacks taken from its account; unknown where the account's tags are not known."""
    parent = parent.under(setting.aliases)
    taken: dict[str, str] = {}
    for key in setting.inherit:
        if tags.look(key) is None:
            value = parent.look(key)
            if isinstance(value, str):
                taken[key] = value
            elif isinstance(value, Unknown) and tags.open_because is None:
                return tags.under(setting.aliases, open_because=f"may inherit: {value.reason}")
    # `raw` stays what the resource itself carries: spelling, limits and writes are about that.
    return tags.plus(taken) if taken else tags


def _illegal(raw: Mapping[str, str], cloud: str) -> int:
    longest_key, longest_value, most = LIMITS.get(cloud, LIMITS["aws"])
    bad = sum(
        len(key) > longest_key or len(value) > longest_value or not value.isprintable() or not key.isprintable()
        for key, value in raw.items()
    )
    return bad + max(0, len(raw) - most)


def _times(resource: Resource, now: datetime) -> None:
    fields = resource.fields
    created = fields.get("created")
    if "age" not in fields and isinstance(created, datetime):
        fields["age"] = max(0, int((now - created).total_seconds()))
    if "running_for" in fields:
        return
    if fields.get("state", "running") != "running":
        fields["running_for"] = None
    elif resource.started is not None and "state" in fields:
        fields["running_for"] = max(0, int((now - resource.started).total_seconds()))


def _month(resource: Resource) -> None:
    hour = resource.fields.get("cost.hour")
    if "cost.month" not in resource.fields and isinstance(hour, Money):
        resource.fields["cost.month"] = Money(hour.amount * HOURS_A_MONTH, hour.currency)
    elif "cost.hour" not in resource.fields and (reason := resource.unknown.get("cost.hour")):
        resource.unknown.setdefault("cost.month", reason)


def _constants(resource: Resource, setting: Setting) -> None:
    fields = resource.fields
    computed = resource.kind in COMPUTED_KINDS
    told: dict[str, Value] = {"taggable": not computed, "change": None}
    for name, given in told.items():
        if setting.omitted_adds_nothing or name not in resource.unknown:
            fields.setdefault(name, given)
    if "owner" not in fields:
        for key in ("owner", "team"):
            value = resource.tags.look(key)
            if isinstance(value, str):
                fields["owner"] = value
                return
            if isinstance(value, Unknown):
                resource.unknown.setdefault("owner", value.reason)
                return
        fields["owner"] = None


def _ai(resource: Resource, setting: Setting) -> None:
    if "ai" in resource.fields:
        return
    verdict = _is_ai(resource, setting)
    if verdict is not None:
        resource.fields["ai"] = verdict
    else:
        resource.unknown["ai"] = "its accelerators or its tags are unknown"


def _is_ai(resource: Resource, setting: Setting) -> bool | None:
    """Kleene or over what makes a thing AI; what an example left out adds nothing."""
    count = resource.look("accelerators.count")
    signs: list[bool | None] = [
        resource.kind in AI_KINDS,
        resource.text("type").startswith(AI_TYPES),
        bool(resource.facts.get("accelerator_family")),
        None if isinstance(count, Unknown) else isinstance(count, (int, float)) and count > 0,
        *(_has(resource.tags, key) for key in sorted(AI_TAGS)),
        *(test(resource) for test in setting.also_ai),
    ]
    if any(sign is True for sign in signs):
        return True
    if setting.omitted_adds_nothing or all(sign is False for sign in signs):
        return False
    return None


def _has(tags: Tags, key: str) -> bool | None:
    if key in tags.conflicts:
        return True
    value = tags.look(key)
    return None if isinstance(value, Unknown) else value is not None
