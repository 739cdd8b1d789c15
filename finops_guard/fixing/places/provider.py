"""The default tags of a Terraform provider configuration: written once for all that it makes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import CannotError
from finops_guard.fixing.hcl import Maps
from finops_guard.sources.iac._hcl.config import literal

if TYPE_CHECKING:
    from finops_guard.fixing.edit import Edits
    from finops_guard.fixing.places.calls import Level
    from finops_guard.fixing.texts import Texts
    from finops_guard.sources.iac._hcl.syntax import Block

_DEFAULTS = {"aws": ("default_tags", "tags"), "google": ("default_labels", None)}


@dataclass(frozen=True, slots=True)
class Defaults:
    """The literal map of a configuration's default tags (`default_labels` of Google)."""

    file: Path
    maps: Maps
    reach: str = ""
    """Anything may be made by it: what is not, keeps its tags, and that is judged."""
    name: str = "default tags"
    too: str = "everything else of that provider gets it too"

    @property
    def at(self) -> Hashable:
        """Where the map begins."""
        return self.file, self.maps.start

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """More of them, where they end with what is written out."""
        if not self.maps.literal:
            raise CannotError("default tags are an expression")
        return {self.file: self.maps.added(pairs)}


def defaults_of(block: Block, levels: Sequence[Level], texts: Texts) -> Defaults | None:
    """Those of the configuration that a resource uses; None where there are none, or it is not sure which it is.

    `levels`: the modules from the root to that of the resource, which has its caller's without a call that says more.
    """
    named = block.body.attributes.get("provider")
    local = block.labels[0].partition("_")[0]
    alias = ""
    if named is not None:
        local, _, alias = literal(named).strip().strip('"').partition(".")
    if local not in _DEFAULTS:
        return None
    for level in reversed(levels):
        if texts.module(level.folder).providers.get(local):
            return _configured(level, local, alias, texts) if level.ours else None
        if alias or (level.call is not None and "providers" in level.call.body.attributes):
            return None
    return None


def _configured(level: Level, local: str, alias: str, texts: Texts) -> Defaults | None:
    configured = texts.module(level.folder).providers[local]
    found = [(file, block) for file, block in configured if _alias(block) == alias]
    if len(found) != 1:
        return None
    file, block = found[0]
    argument, inner = _DEFAULTS[local]
    body = block.body if inner is None else next((each.body for each in block.body.named(argument)), None)
    attribute = None if body is None else body.attributes.get(inner or argument)
    return None if attribute is None else Defaults(file, Maps(attribute))


def _alias(block: Block) -> str:
    alias = block.body.attributes.get("alias")
    return "" if alias is None else literal(alias).strip('"')
