"""A resource block of Terraform: its `tags` or `labels`, in literal maps that are written there or handed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing import hcl
from finops_guard.fixing.edit import CannotError, Edit, Edits
from finops_guard.fixing.places.calls import levels_of, split
from finops_guard.fixing.places.groups import Group
from finops_guard.fixing.places.provider import Defaults, defaults_of
from finops_guard.fixing.places.traced import passed, written
from finops_guard.sources.iac._types import iac_type

if TYPE_CHECKING:
    from finops_guard.fixing.places.calls import Level
    from finops_guard.fixing.texts import Texts
    from finops_guard.fixing.wants import Want
    from finops_guard.model import Resource
    from finops_guard.sources.iac._hcl.syntax import Attribute, Block

_LABELS = frozenset({"tags", "labels", "resource_labels", "user_labels"})
_BY_PROVIDER = frozenset({"tags", "labels"})
_GROUP = "aws_autoscaling_group"


@dataclass(frozen=True, slots=True)
class ResourceBlock:
    """The block of a resource in the module at the end of `levels`; `holder` has the tags, as `argument`."""

    texts: Texts
    file: Path
    block: Block
    holder: Block
    argument: str
    levels: Sequence[Level]
    reach: None = None
    name: str = "its block"

    @property
    def at(self) -> Hashable:
        """Where the block begins."""
        return self.file, self.holder.start

    @property
    def attribute(self) -> Attribute | None:
        """Its tags."""
        return self.holder.body.attributes.get(self.argument)

    def corrected(self, want: Want) -> Edits:
        """Values and keys where they are written: in the block, what it is given by name, or the default tags."""
        found: dict[Path, set[Edit]] = defaultdict(set)
        for key in want.values.keys() | want.names.keys():
            file, maps = self._written(key)
            if key in want.values:
                found[file].add(maps.corrected(key, want.values[key]))
            if key in want.names:
                found[file].add(maps.renamed(key, want.names[key]))
        return found

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """More in the last literal map of the argument, which is new where there is none."""
        attribute, data = self.attribute, self.texts.data(self.file)
        if attribute is None:
            return {self.file: hcl.argument(self.holder, data, self.argument, pairs)}
        return {self.file: hcl.Maps(attribute).added(pairs)}

    def above(self) -> Defaults | None:
        """The default tags of its provider."""
        if self.holder is not self.block or self.argument not in _BY_PROVIDER:
            return None
        return defaults_of(self.block, self.levels, self.texts)

    def otherwise(self) -> None:
        """Nowhere else."""

    def _written(self, key: str) -> tuple[Path, hcl.Maps]:
        """The literal map that has a key."""
        if self.attribute is not None:
            for file, maps in written(self.attribute, self.file, self.levels, self.texts):
                if maps.has(key):
                    return file, maps
        above = self.above()
        if above is None or not above.maps.has(key):
            raise CannotError(f"tag '{key}' is not written out in a literal map here")
        return above.file, above.maps


@dataclass(frozen=True, slots=True)
class ModuleArgument:
    """What a module is given for the tags of a resource in it: a tag that is missing is added to the caller's argument.

    `file`, `call` and `argument` are of the call that is edited, `reach` is the address of what it makes.
    """

    inside: ResourceBlock
    file: Path
    call: Block
    argument: str
    reach: str

    @property
    def name(self) -> str:
        """The argument of the call."""
        return f"{self.argument} of module.{self.call.labels[0]}"

    @property
    def at(self) -> Hashable:
        """The argument of that call."""
        return self.file, self.call.start, self.argument

    def corrected(self, want: Want) -> Edits:
        """As of the resource: where it is written."""
        return self.inside.corrected(want)

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """More in the last literal map of the argument, which is new where the call does not give it."""
        attribute = self.call.body.attributes.get(self.argument)
        if attribute is None:
            data = self.inside.texts.data(self.file)
            return {self.file: hcl.argument(self.call, data, self.argument, pairs)}
        return {self.file: hcl.Maps(attribute).added(pairs)}

    def above(self) -> Defaults | None:
        """The default tags of the provider of the resource."""
        return self.inside.above()

    def otherwise(self) -> ResourceBlock | None:
        """The block itself, in a module that is ours."""
        return self.inside if self.inside.levels[-1].ours else None


def place(resource: Resource, texts: Texts) -> ResourceBlock | ModuleArgument | Group:
    """The block of a resource, or the argument that its module is given; CannotError where not sure or not edited."""
    if resource.at is None:
        raise CannotError("where it stands is not known")
    file = Path(resource.at.file)
    levels, address = levels_of(*split(resource.id), file.parent, texts)
    block = texts.block(file, resource.at.line, resource.at.column)
    if block is None or block.type != "resource":
        raise CannotError("its block was not found")
    type_, name = block.labels
    if address != f"{type_}.{name}" and not address.startswith(f"{type_}.{name}["):
        raise CannotError("its tags come from another resource")
    if type_ == _GROUP and levels[-1].ours:
        return Group(texts, file, block)
    holder, argument = _holder(block)
    found = ResourceBlock(texts, file, block, holder, argument, levels)
    given = _given(found)
    if given is None and not levels[-1].ours:
        raise CannotError("it is inside a module that terraform init downloads")
    return found if given is None else given


def _holder(block: Block) -> tuple[Block, str]:
    """The block that has the tags, and what they are called there."""
    row = iac_type("terraform", block.labels[0])
    path = None if row is None else row.tags
    if path is None or path[-1] not in _LABELS or block.labels[0].startswith("awscc_"):
        raise CannotError(f"where the tags of {block.labels[0]} stand is not edited")
    holder = block
    for name in path[:-1]:
        if isinstance(name, str):
            inner = [*holder.body.named(name)]
            if len(inner) != 1:
                raise CannotError(f"where the tags of {block.labels[0]} stand is not sure: there is not one {name}")
            holder = inner[0]
    return holder, str(path[-1])


def _given(found: ResourceBlock) -> ModuleArgument | None:
    """The argument of the outermost call that is handed down to the tags unchanged; None where there is none."""
    attribute, levels = found.attribute, list(found.levels)
    given = None
    while attribute is not None and (level := levels[-1]).call is not None and level.file is not None:
        names = list(passed(attribute, levels, found.texts))
        if not names:
            break
        name = next((each for each in names if level.argument(each) is not None), names[0])
        attribute = level.argument(name)
        levels.pop()
        if levels[-1].ours:
            given = ModuleArgument(found, level.file, level.call, name, level.address)
    return given
