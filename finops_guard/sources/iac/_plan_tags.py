"""The tags of a planned resource: the final maps of the plan where it has them, else put together from parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finops_guard.model import Unknown
from finops_guard.sources.iac._plan_config import Config
from finops_guard.sources.iac._plan_values import AFTER_APPLY, Values
from finops_guard.sources.iac._tags import NONE, Labels, launched_by, merged, of_list, of_map
from finops_guard.sources.iac._types import IacType

_GROUP = "aws_autoscaling_group"
_FINAL = {"aws": "tags_all", "gcp": "effective_labels"}


@dataclass(frozen=True, slots=True)
class Owner:
    """A resource whose tags are asked for: its attributes and the provider configuration that it uses.

    `cause`: what its tags refer to, for the reason of what is not known.
    """

    type: str
    row: IacType | None
    cloud: str | None
    side: Values
    provider: Mapping[str, object]
    config: Config
    cause: str

    def defaults(self) -> Labels:
        """What the provider writes on everything."""
        if self.cloud == "gcp":
            return self.config.default_tags(self.provider, "default_labels")
        return self.config.default_tags(self.provider) if self.cloud == "aws" else NONE

    def volume(self, device: Mapping[str, object], template: Values | Unknown | None) -> Labels:
        """The tags of a volume of an instance: those of its block, and `volume_tags`, which are for all volumes.

        All are over those that its launch template writes on volumes.

        A provider that writes default tags on volumes (5.39 on) gives the block its `tags_all`.
        """
        launched = _launched(template, "volume")
        shared, own = of_map(self.side.look(("volume_tags",))), of_map(device.get("tags"))
        if device.get("tags_all") is None:
            return self.told(merged(launched, shared, own))
        final = of_map(device["tags_all"])
        return self.told(
            merged(launched, final if final.open_because is None else merged(self.defaults(), own), shared)
        )

    def told(self, labels: Labels) -> Labels:
        """The same, where what is known after apply says what it comes from."""
        if not self.cause:
            return labels
        because = f"{AFTER_APPLY.reason}, from {self.cause}"
        values = {key: Unknown(because) if value == AFTER_APPLY else value for key, value in labels.values.items()}
        return Labels(values, because if labels.open_because == AFTER_APPLY.reason else labels.open_because)


def labels_of(owner: Owner, template: Values | Unknown | None) -> Labels:
    """The tags of a resource. `template`: the launch template of machines, whose tags reach them."""
    if owner.type == _GROUP:
        own = [of_list(owner.side.look((name,)), launched=True) for name in ("tag", "tags") if owner.side.has(name)]
        return owner.told(merged(_launched(template), *own))
    own_labels = _own(owner)
    if template is not None and owner.type == "aws_instance":
        own_labels = merged(_launched(template), own_labels)
    return owner.told(own_labels)


def taggable(row: IacType | None, cloud: str | None, side: Values, before: Values) -> bool:
    """Whether a resource can carry tags: a plan has every attribute of its type, whether set or not."""
    if row is not None and row.tags is not None:
        return True
    names = ("labels", "user_labels") if cloud == "gcp" else ("tags", "tags_all")
    return any(values.has(name) for name in names for values in (side, before))


def _own(owner: Owner) -> Labels:
    side, final = owner.side, _FINAL.get(owner.cloud or "")
    path = owner.row.tags if owner.row is not None else None
    if path is None:
        path = ("labels",) if owner.cloud == "gcp" else ("tags",)
        if not side.has(str(path[0])) and not (final is not None and side.has(final)):
            return NONE
    if final is not None and side.has(final):
        labels = of_map(side.look((final,)))
        if labels.open_because is None:
            return labels
    if owner.cloud == "gcp" and side.has("terraform_labels"):
        labels = of_map(side.look(("terraform_labels",)))
        if labels.open_because is None:
            return labels
    own = side.look(path)
    return merged(owner.defaults(), of_map(own))


def _launched(template: Values | Unknown | None, what: str = "instance") -> Labels:
    if template is None:
        return NONE
    if isinstance(template, Unknown):
        return Labels({}, f"its launch template may add tags: {template.reason}")
    return launched_by(template.look(("tag_specifications",)), what)
