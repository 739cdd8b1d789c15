"""What scaling a SageMaker endpoint to zero means, and how it is taken back; `sagemaker_endpoint` sends it.

SageMaker takes a count of 0 for asynchronous endpoints and refuses it for others. Those are deleted: what they serve
with, their configuration and models, stays and costs nothing, and an endpoint made anew from it has the same name, ARN
and address. Nothing is deleted that would not come back as it was, and nothing that scales by itself is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Outcome
from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._errors import Unreadable
from finops_guard.sources.aws._writes import changed, failed, not_now, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from finops_guard.model import Step
    from finops_guard.sources.aws._cells import Answer, Cell

    Resize = Callable[[str, list[Answer]], None]

_REFUSED = "ValidationException"
_DELETED = "deleted, because SageMaker keeps no such endpoint without instances; undo makes it anew"
_SAYS = {
    "Creating": ("DesiredInstanceCount", "InitialInstanceCount"),
    "Updating": ("DesiredInstanceCount", "CurrentInstanceCount"),
    "Deleting": (),
}
"""Where the number of instances stands by the endpoint's status: what it will be, where something is under way."""


def described(cell: Cell, arn: str) -> Answer:
    """The endpoint of an ARN; Unreadable."""
    return cell.call("DescribeEndpoint", EndpointName=arn.rpartition("/")[2])


def variants(answer: Answer) -> list[Answer]:
    """The variants of an endpoint or a configuration, shadows too."""
    return [*(answer.get("ProductionVariants") or []), *(answer.get("ShadowProductionVariants") or [])]


def instances(endpoint: Answer, config: Answer) -> dict[str, int]:
    """The instances of each variant that has some of its own."""
    there = {variant["VariantName"]: variant for variant in variants(endpoint)}
    says = _SAYS.get(endpoint["EndpointStatus"], ("CurrentInstanceCount",))
    found = {}
    for variant in variants(config):
        if variant.get("InstanceType"):
            told = {**variant, **there.get(variant["VariantName"], {})}
            found[str(variant["VariantName"])] = next(
                (int(told[name]) for name in says if told.get(name) is not None), 0
            )
    return found


def as_it_was(endpoint: Answer, config: Answer, tags: Mapping[str, str]) -> Answer:
    """What `restored` needs, whichever way the endpoint came to zero."""
    counts = instances(endpoint, config)
    return {
        "counts": counts,
        "config": str(endpoint["EndpointConfigName"]),
        "tags": dict(tags),
        "deployment": endpoint.get("LastDeploymentConfig"),
    }


def scaled(site: Cell, step: Step, resize: Resize, delete: Callable[[str], None]) -> Outcome:
    """Scale one endpoint to zero, one way or the other."""
    endpoint = _or_gone(site, "DescribeEndpoint", EndpointName=_name(step))
    if endpoint is None:
        return skipped(step, "it is gone")
    config = _or_gone(site, "DescribeEndpointConfig", EndpointConfigName=endpoint["EndpointConfigName"])
    counts = instances(endpoint, config or endpoint)
    before = {"capacity": sum(counts.values()), "counts": counts, "config": str(endpoint["EndpointConfigName"])}
    status = endpoint["EndpointStatus"]
    if config is None:
        return failed(step, "its configuration was deleted: it would not come back", before)
    if not any(counts.values()):
        return skipped(step, "already scaled to zero" if counts else "it has no instances of its own", before)
    if status != "InService":
        return not_now(step, f"it is {status}: try again when it is InService", before)
    if _scales_by_itself(site, endpoint):
        return failed(step, "Application Auto Scaling manages its instances and would bring them back", before)
    refused = "SageMaker changes the count of one variant at a time"
    if len(variants(config)) == 1:
        none = dict.fromkeys(counts, 0)
        asked = _asked(endpoint, none)
        read = _reader(site, step)
        after = {"capacity": 0, "counts": none}
        outcome = changed(step, before, after, lambda: resize(_name(step), asked), read)
        refused = str(outcome.error)
        if not refused.startswith(_REFUSED):
            return outcome
    why = next(not_the_same_again(site, endpoint, config, counts), None)
    if why is not None:
        return failed(step, f"{refused}; not deleted either: {why}", before)
    return _deleted(site, step, endpoint, before, delete)


def _deleted(
    site: Cell, step: Step, endpoint: Answer, before: Mapping[str, object], delete: Callable[[str], None]
) -> Outcome:
    tags = tag_map([tag for page in site.pages("ListTags", "Tags", ResourceArn=step.resource.id) for tag in page])
    kept = {"tags": tags, "deployment": endpoint.get("LastDeploymentConfig")}
    after = {"capacity": 0, "deleted": True}
    outcome = changed(step, {**before, **kept}, after, lambda: delete(_name(step)), _reader(site, step))
    if outcome.state != "done":
        return outcome
    return Outcome(outcome.step, "done", outcome.before, outcome.after, _DELETED)


def restored(site: Cell, step: Step, resize: Resize, create: Callable[[str, Answer], None]) -> Outcome:
    """Take `scaled` back."""
    endpoint = _or_gone(site, "DescribeEndpoint", EndpointName=_name(step))
    if step.after.get("deleted"):
        return _made_anew(site, step, endpoint, create)
    if endpoint is None:
        return skipped(step, "it is gone")
    now = _reader(site, step)()
    counts = step.before.get("counts")
    if not isinstance(counts, dict):
        return failed(step, "its counts before were not recorded", now)
    if now["counts"] == counts:
        return skipped(step, "its counts are as before already", now)
    if now["counts"] != step.after.get("counts", dict.fromkeys(counts, 0)):  # without, its run was cut short
        return skipped(step, "left alone, its counts were changed by others since", now)
    if endpoint["EndpointStatus"] != "InService":
        return not_now(step, f"it is {endpoint['EndpointStatus']}: try again when it is InService", now)
    after = {"capacity": sum(counts.values()), "counts": counts}
    asked = _asked(endpoint, counts)
    return changed(step, now, after, lambda: resize(_name(step), asked), _reader(site, step))


def _made_anew(site: Cell, step: Step, endpoint: Answer | None, create: Callable[[str, Answer], None]) -> Outcome:
    if endpoint is not None:
        return skipped(step, "there is an endpoint of its name already", _reader(site, step)())
    name, tags, deployment = (step.before.get(key) for key in ("config", "tags", "deployment"))
    now = {"capacity": 0, "deleted": True}
    if _or_gone(site, "DescribeEndpointConfig", EndpointConfigName=str(name)) is None:
        return failed(step, f"its configuration {name} was deleted: it cannot be made anew", now)
    # Keys of AWS itself cannot be given.
    own = {key: value for key, value in tags.items() if not key.startswith("aws:")} if isinstance(tags, dict) else {}
    asked: Answer = {"EndpointConfigName": str(name), "Tags": [{"Key": k, "Value": v} for k, v in own.items()]}
    if deployment:
        asked["DeploymentConfig"] = deployment
    after = {"capacity": step.before.get("capacity")}
    return changed(step, now, after, lambda: create(_name(step), asked), _reader(site, step))


def not_the_same_again(site: Cell, endpoint: Answer, config: Answer, counts: Mapping[str, int]) -> Iterator[str]:
    """Why an endpoint made anew from its configuration would be another one."""
    now = {variant["VariantName"]: variant for variant in variants(endpoint)}
    for variant in variants(config):
        name = variant["VariantName"]
        model = variant.get("ModelName")
        if not model:
            yield "it serves inference components, which go with it"
        elif _or_gone(site, "DescribeModel", ModelName=model) is None:
            yield f"model {model} was deleted"
        weights = (variant.get("InitialVariantWeight"), now.get(name, {}).get("CurrentWeight"))
        if counts.get(name) != variant.get("InitialInstanceCount") or (None not in weights and len({*weights}) > 1):
            yield f"the count or weight of variant {name} is not that of its configuration any more"
        if variant.get("ManagedInstanceScaling"):
            yield f"SageMaker scales variant {name}"


def _scales_by_itself(site: Cell, endpoint: Answer) -> bool:
    service = "application-autoscaling"
    ids = [f"endpoint/{endpoint['EndpointName']}/variant/{v['VariantName']}" for v in variants(endpoint)]
    asked: Answer = {"ServiceNamespace": "sagemaker", "ResourceIds": ids}
    return bool(site.call("DescribeScalableTargets", client=service, **asked)["ScalableTargets"])


def _reader(site: Cell, step: Step) -> Callable[[], Answer]:
    """What an endpoint is like now, in the words of `before` and `after`."""

    def read() -> Answer:
        endpoint = _or_gone(site, "DescribeEndpoint", EndpointName=_name(step))
        if endpoint is None or endpoint["EndpointStatus"] == "Deleting":
            return {"capacity": 0, "deleted": True}
        config = site.call("DescribeEndpointConfig", EndpointConfigName=endpoint["EndpointConfigName"])
        counts = instances(endpoint, config)
        return {"capacity": sum(counts.values()), "counts": counts}

    return read


def _asked(endpoint: Answer, counts: Mapping[str, int]) -> list[Answer]:
    """New counts, with the weights as they are."""
    weights = {v["VariantName"]: v["CurrentWeight"] for v in variants(endpoint) if v.get("CurrentWeight") is not None}
    return [
        {"VariantName": name, "DesiredInstanceCount": count}
        | ({"DesiredWeight": weights[name]} if name in weights else {})
        for name, count in counts.items()
    ]


def _or_gone(site: Cell, operation: str, **asked: str) -> Answer | None:
    try:
        return site.call(operation, **asked)
    except Unreadable as error:
        if error.gone:
            return None
        raise


def _name(step: Step) -> str:
    return step.resource.id.rpartition("/")[2]
