"""Where units are counted: the keys that each source needs and takes, and what tells the keys a unit is split by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finops_guard.language.item import Item
from finops_guard.language.near import suggest
from finops_guard.language.words import did_you_mean, few
from finops_guard.model import canonical

NEEDS: dict[str, tuple[str, ...]] = {
    "csv": ("path",),
    "inventory": ("match",),
    "cloudwatch": ("namespace", "metric"),
    "azure-monitor": ("resource", "metric"),
    "gcp-monitoring": ("project", "metric"),
    "prometheus": ("url", "query"),
    "mlflow": ("url", "experiment"),
    "focus": (),
}
"""Source -> the keys without which it cannot be asked."""

_METRIC = ("dimensions", "statistic", "labels")
_TAKES: dict[str, tuple[str, ...]] = {
    "csv": ("labels",),
    "inventory": ("metric",),
    "cloudwatch": ("region", *_METRIC),
    "azure-monitor": _METRIC,
    "gcp-monitoring": _METRIC,
    "prometheus": ("statistic", "labels", "secret", "user"),
    "mlflow": ("labels", "secret", "user"),
    "focus": ("match", "metric"),
}
_ALWAYS = ("from", "scale")
_NAMELESS = {
    "cloudwatch": "{model-version: VariantName}",
    "azure-monitor": "{model-version: ModelDeploymentName}",
    "gcp-monitoring": "{model-version: resource.labels.deployed_model_id}",
}
"""Sources that know dimensions, not tags, and how one of them is named."""
_INVENTORY = ("runs", "accelerator-hours", "resources")


def check(count: Item, by: Item) -> None:
    """Note what a source lacks, what it does not take, and keys of `by` that it cannot tell."""
    source = count.get("from")
    if not isinstance(source, str) or source not in NEEDS or not count.reader.sound(count.place):
        return
    for need in NEEDS[source]:
        if need not in count.data:
            count.problem(f"counting from '{source}' needs '{need}'", f"{need}: …", at=("from",))
    takes = (*_ALWAYS, *NEEDS[source], *_TAKES[source])
    for key in count.data:
        if key not in takes:
            count.problem(f"'{key}' is not for '{source}'", few(takes, "it takes {}"), at=(key,), key=True)
    _secret(count.below("secret"))
    _inventory(count, source)
    _range(count, source)
    _labels(count, by, source)


def _secret(secret: Item) -> None:
    if isinstance(secret.data, str) and not secret.data.startswith("$"):
        secret.problem("a secret does not belong in a file", "write $env.NAME")


def _inventory(count: Item, source: str) -> None:
    metric = count.get("metric")
    if source == "inventory" and isinstance(metric, str) and metric not in _INVENTORY:
        hint = did_you_mean(suggest(metric, _INVENTORY)) or few(_INVENTORY, "one of {}")
        count.problem(f"the inventory does not count '{metric}'", hint, at=("metric",))


def _range(count: Item, source: str) -> None:
    """A query without a range gives a counter as it stands, not what came in a day."""
    query = count.get("query")
    if source == "prometheus" and isinstance(query, str) and "[" not in query and count.get("statistic") is None:
        message = "the query is asked at the end of each day, and looks at no range: it does not count the day"
        count.problem(message, "for example sum(increase(NAME[1d]))", at=("query",), warning=True)


def _labels(count: Item, by: Item, source: str) -> None:
    split = {canonical(key.data): key for key in by.texts()}
    named = {canonical(name) for name in _names(count.get("labels"))}
    for name, _ in count.below("labels").entries():
        if canonical(name) not in split and "labels" in _TAKES[source]:
            hint = did_you_mean(suggest(canonical(name), list(split))) or "name it in by"
            count.problem(f"the unit is not split by '{name}'", hint, at=("labels", name), key=True)
    for key, place in split.items():
        if source in _NAMELESS and key not in named:
            place.problem(f"'{source}' knows no tags: say what tells '{key}'", f"count: labels: {_NAMELESS[source]}")


def _names(data: Any) -> Iterator[str]:
    return (name for name in data if isinstance(name, str)) if isinstance(data, dict) else iter(())
