"""An Auto Scaling group of Terraform: `tag` blocks with `key`, `value` and `propagate_at_launch`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing import hcl
from finops_guard.fixing.edit import CannotError, Edit, Edits

if TYPE_CHECKING:
    from finops_guard.fixing.texts import Texts
    from finops_guard.fixing.wants import Want
    from finops_guard.sources.iac._hcl.syntax import Attribute, Block


@dataclass(frozen=True, slots=True)
class Group:
    """The block of the group. Default tags of the provider do not reach it."""

    texts: Texts
    file: Path
    block: Block
    reach: None = None
    name: str = "its block"

    @property
    def at(self) -> Hashable:
        """Where the block begins."""
        return self.file, self.block.start

    def corrected(self, want: Want) -> Edits:
        """Other texts for keys and values that are written out."""
        found: set[Edit] = set()
        for key in want.values.keys() | want.names.keys():
            same = [each for each in self.block.body.named("tag") if _text(each, "key") == key]
            if len(same) != 1:
                raise CannotError(f"tag '{key}' is not written out in one block here")
            if key in want.values:
                found.add(hcl.replaced(_said(same[0], "value"), want.values[key]))
            if key in want.names:
                found.add(hcl.replaced(_said(same[0], "key"), want.names[key]))
        return {self.file: found}

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """A block for each, after the last one."""
        if "tags" in self.block.body.attributes:
            raise CannotError("its tags are a list")
        if any(_text(each, "key") in pairs for each in self.block.body.named("tag")):
            raise CannotError("one of its tags is there and does not reach the machines")
        blocks = [
            {"key": hcl.quoted(k), "value": hcl.quoted(v), "propagate_at_launch": b"true"} for k, v in pairs.items()
        ]
        return {self.file: hcl.blocks(self.block, self.texts.data(self.file), "tag", blocks)}

    def above(self) -> None:
        """Nothing."""

    def otherwise(self) -> None:
        """Nowhere else."""


def _said(block: Block, name: str) -> Attribute:
    attribute = block.body.attributes.get(name)
    if attribute is None:
        raise CannotError(f"a tag has no {name}")
    return attribute


def _text(block: Block, name: str) -> str | None:
    attribute = block.body.attributes.get(name)
    return None if attribute is None else hcl.plain(attribute)
