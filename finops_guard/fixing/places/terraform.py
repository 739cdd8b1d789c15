"""A resource block of Terraform: its `tags` or `labels`, in the literal maps that are written out there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing import hcl
from finops_guard.fixing.edit import CannotError, Edit, Edits
from finops_guard.fixing.places.provider import Defaults, defaults_of
from finops_guard.fixing.wants import additions
from finops_guard.sources.iac._types import iac_type

if TYPE_CHECKING:
    from finops_guard.fixing.texts import Texts
    from finops_guard.fixing.wants import Want
    from finops_guard.model import Resource
    from finops_guard.sources.iac._hcl.syntax import Block

_EDITED = {("tags",), ("labels",), ("resource_labels",)}


@dataclass(frozen=True, slots=True)
class ResourceBlock:
    """The block; `argument` is what its tags are called."""

    texts: Texts
    file: Path
    block: Block
    argument: str
    reach: None = None
    name: str = "its block"

    @property
    def start(self) -> int:
        """Where the block begins."""
        return self.block.start

    def edits(self, wants: Sequence[Want], given: Collection[str]) -> Edits:
        """Corrections where the keys are written, and what is missing in the last literal map of the argument."""
        attribute = self.block.body.attributes.get(self.argument)
        own = None if attribute is None else hcl.Maps(attribute)
        adds = additions(wants, given)
        found: dict[Path, set[Edit]] = defaultdict(set)
        for want in wants:
            for key in want.values.keys() | want.names.keys():
                file, maps = self._written(key, own)
                if key in want.values:
                    found[file].add(maps.corrected(key, want.values[key]))
                if key in want.names:
                    found[file].add(maps.renamed(key, want.names[key]))
        if adds:
            data = self.texts.data(self.file)
            more = hcl.argument(self.block, data, self.argument, adds) if own is None else own.added(adds)
            found[self.file] |= set(more)
        return found

    def above(self) -> Defaults | None:
        """The default tags of its provider."""
        if self.argument not in {"tags", "labels"}:
            return None
        return defaults_of(self.block, self.file.parent, self.texts)

    def _written(self, key: str, own: hcl.Maps | None) -> tuple[Path, hcl.Maps]:
        """The literal map that has a key: of the block, else of the default tags."""
        if own is not None and own.has(key):
            return self.file, own
        above = self.above()
        if above is None or not above.maps.has(key):
            raise CannotError(f"tag '{key}' is not written out in a literal map here")
        return above.file, above.maps


def place(resource: Resource, address: str, texts: Texts) -> ResourceBlock:
    """The block of a resource; CannotError where that is not sure or not edited. `address`: as Terraform has it."""
    if address.startswith("module."):
        raise CannotError("it is inside a module")
    if resource.at is None:
        raise CannotError("where it stands is not known")
    file = Path(resource.at.file)
    block = texts.block(file, resource.at.line, resource.at.column)
    if block is None or block.type != "resource":
        raise CannotError("its block was not found")
    type_, name = block.labels
    if address != f"{type_}.{name}" and not address.startswith(f"{type_}.{name}["):
        raise CannotError("its tags come from another resource")
    row = iac_type("terraform", type_)
    tags = None if row is None else row.tags
    if tags is None or tags not in _EDITED or type_.startswith("awscc_"):
        raise CannotError(f"where the tags of {type_} stand is not edited")
    return ResourceBlock(texts, file, block, str(tags[0]))
