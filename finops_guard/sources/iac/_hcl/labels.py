"""The tags of declared resources: their own, over what their provider writes on everything, and what reaches machines.

The names of tags may be known in part: a map that is open stays so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.looks import Attributes
from finops_guard.sources.iac._hcl.providers import allows, default_tags, provider_of
from finops_guard.sources.iac._hcl.references import referred
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap, Val, WrongError, text
from finops_guard.sources.iac._propagation import propagation
from finops_guard.sources.iac._tags import NONE, Labels, launched_by, merged, of_list
from finops_guard.sources.iac._types import cloud_of, iac_type

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.module import Declared, Module
    from finops_guard.sources.iac._hcl.providers import Provider
    from finops_guard.sources.iac._types import Path

_GROUP = "aws_autoscaling_group"
_DEFAULT_TAGS, _DEFAULT_LABELS = (3, 38), (5,)
"""Provider versions from which on it writes default tags, and default labels, on resources."""


def labels(value: Val) -> Labels:
    """A map of tags as its labels."""
    if value is None:
        return NONE
    if isinstance(value, (Unknown, Lazy)):
        return Labels({}, value.reason)
    if isinstance(value, list):
        return of_list(value)
    if not isinstance(value, dict):
        return Labels({}, "its tags are not a map")
    found = {key: _text(item) for key, item in value.items() if item is not None}
    return Labels(found, value.reason if isinstance(value, OpenMap) else None)


def _text(value: Val) -> str | Unknown:
    try:
        return text(value)
    except WrongError as wrong:
        return Unknown(str(wrong))


def of_owner(
    declared: Declared, side: Attributes, uses: Provider | Unknown | None, template: Attributes | Unknown | None
) -> Labels:
    """The tags of a resource; of one that launches tasks, those that reach them. `template`: where its machines are."""
    own = _own(declared, side, uses, template)
    found = propagation("terraform", declared.block.labels[0])
    if found is None or not found.launches(side.look):
        return own
    return found.reaching(side.look, own, lambda path: _of_other(declared, path, side))


def unreached(declared: Declared, side: Attributes, uses: Provider | Unknown | None) -> bool:
    """Whether a resource has tags, its own or its provider's, that reach nothing that it launches."""
    found = propagation("terraform", declared.block.labels[0])
    return found is not None and found.loses(side.look, _own(declared, side, uses, None))


def _of_other(declared: Declared, path: Path, side: Attributes) -> Labels:
    other = referred(declared, path, side)
    if isinstance(other, Unknown):
        return Labels({}, f"the tags of its {path[-1]} reach what it launches: {other.reason}")
    return NONE if other is None else _own(other, Attributes(other), provider(other), None)


def provider(declared: Declared) -> Provider | Unknown | None:
    """The provider configuration that a resource uses."""
    return provider_of(declared.module, declared.block.labels[0], declared.block.body.attributes.get("provider"))


def _own(
    declared: Declared, side: Attributes, uses: Provider | Unknown | None, template: Attributes | Unknown | None
) -> Labels:
    type_, module = declared.block.labels[0], declared.module
    row = iac_type("terraform", type_)
    if type_ == _GROUP:
        own = [of_list(_pairs(side.look((name,))), launched=True) for name in ("tag", "tags") if side.has(name)]
        return merged(launched(template), *own)
    beta = uses is not None and not isinstance(uses, Unknown) and uses.block.labels == ("google-beta",)
    local = "google-beta" if beta else type_.partition("_")[0]
    if row is None:
        name = next((each for each in ("tags", "labels") if side.has(each)), None)
        if name is None and cloud_of(type_) is None:
            return NONE
        if name is None:
            return Labels({}, f"whether {type_} can carry tags is not in the shipped table")
        return merged(defaults(module, local, uses), labels(side.look((name,))))
    if row.tags is None:
        return NONE
    written = defaults(module, local, uses) if row.tags in {("tags",), ("labels",)} else NONE
    own_labels = labels(side.look(row.tags))
    if type_ == "aws_instance" and template is not None:
        return merged(launched(template), written, own_labels)
    return merged(written, own_labels)


def taggable(declared: Declared, side: Attributes) -> bool | None:
    """Whether it, or what it launches, can carry tags; None for a type of a cloud that the table does not have."""
    type_ = declared.block.labels[0]
    row, found = iac_type("terraform", type_), propagation("terraform", type_)
    if found is not None and found.launches(side.look):
        return True
    if row is not None:
        return row.tags is not None
    if side.has("tags") or side.has("labels"):
        return True
    return None if cloud_of(type_) is not None else False


def _pairs(value: object) -> object:
    """The `tag` blocks, each a plain map."""
    if isinstance(value, list):
        return [dict(each) if isinstance(each, dict) else each for each in value]
    return Unknown(value.reason) if isinstance(value, Lazy) else value


def launched(template: Attributes | Unknown | None, what: str = "instance") -> Labels:
    """What a launch template writes on the machines, or the volumes, that it launches."""
    if template is None:
        return NONE
    if isinstance(template, Unknown):
        return Labels({}, f"its launch template may add tags: {template.reason}")
    found = template.look(("tag_specifications",))
    if isinstance(found, dict):
        found = [found]
    if isinstance(found, list):
        found = [{**each, "tags": _closed(each.get("tags"))} if isinstance(each, dict) else each for each in found]
    return launched_by(found, what)


def _closed(value: Val) -> Val:
    """A map whose keys are all known, or unknown as a whole: which is less than what is known, and never wrong."""
    return Unknown(value.reason) if isinstance(value, (OpenMap, Lazy)) else value


def defaults(module: Module, local: str, provider: Provider | Unknown | None) -> Labels:
    """What the provider writes on everything, from the version on in which it does."""
    if local == "aws" and allows(module, "aws", _DEFAULT_TAGS):
        return labels(default_tags(provider))
    if local in {"google", "google-beta"} and allows(module, local, _DEFAULT_LABELS):
        if isinstance(provider, Unknown):
            return Labels({}, provider.reason)
        return NONE if provider is None else labels(provider.get("default_labels"))
    return NONE
