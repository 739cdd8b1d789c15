"""The tags of a resource in a CloudFormation or SAM template: `Tags` as a list of pairs or as a map, YAML or JSON.

What functions make (`Fn::If` around a pair, `!Sub` as a value, `Fn::Transform`) is left as it is.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing import yaml_text
from finops_guard.fixing.edit import CannotError, Edit, Edits
from finops_guard.fixing.yaml_tree import Node, walked
from finops_guard.sources.iac._cfn.tags import SPECIFIED
from finops_guard.sources.iac._cfn.types import has_tag_map, row_of

if TYPE_CHECKING:
    from finops_guard.fixing.texts import Texts
    from finops_guard.fixing.wants import Want
    from finops_guard.fixing.yaml_text import Value
    from finops_guard.fixing.yaml_tree import Document
    from finops_guard.model import Resource

_SERVERLESS = "AWS::Serverless::"
_GROUP = "AWS::AutoScaling::AutoScalingGroup"
_CDK = "aws:cdk:path"


@dataclass(frozen=True, slots=True)
class Globals:
    """`Globals: Function: Tags`, which SAM puts on every function of the template (API, state machine, …)."""

    file: Path
    document: Document
    tags: Node
    reach: str = ""
    """Which addresses those are is seen when it is judged."""
    name: str = "the tags in Globals"
    too: str = "everything else of that kind in the template gets it too"

    @property
    def at(self) -> Hashable:
        """Where the map begins."""
        return self.file, self.tags.start

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """More of them."""
        return {self.file: yaml_text.mapped(self.tags, pairs, self.document)}


@dataclass(frozen=True, slots=True)
class TagsProperty:
    """Where a resource has its tags: as far as it is written, and what of the path to them is not there yet.

    `key` has `node` as its value; `missing` is the rest of the path. `map`: its tags are a map, not a list of pairs;
    `group`: its pairs say that they reach the machines.
    """

    file: Path
    document: Document
    key: Node
    node: Node
    missing: tuple[str, ...]
    map: bool
    group: bool
    globals: Globals | None
    specified: str | None = None
    """The type of resource that a new entry of TagSpecifications is for."""
    reach: None = None
    name: str = "its Tags"

    @property
    def at(self) -> Hashable:
        """Where what is written begins."""
        return self.file, self.node.start if self.node.end > self.node.start else self.key.start

    def corrected(self, want: Want) -> Edits:
        """Other texts for keys and values that are written out."""
        found: set[Edit] = set()
        for raw in want.values.keys() | want.names.keys():
            name, value = self._pair(raw)
            if raw in want.values:
                found.add(_corrected(raw, value, want.values[raw], self.document))
            if raw in want.names:
                found.add(_corrected(raw, name, want.names[raw], self.document))
        return {self.file: found}

    def added(self, pairs: Mapping[str, str]) -> Edits:
        """More of them after the last one, `Tags` where there is none."""
        for raw in pairs:
            if not self.missing and any(name.text == raw for name, _ in _all_pairs(self.node)):
                raise CannotError(f"tag '{raw}' is there, and what it says is not what counts")
        return {self.file: self._added(pairs)}

    def above(self) -> Globals | None:
        """The globals of its kind."""
        return self.globals

    def otherwise(self) -> None:
        """Nowhere else."""

    def _pair(self, raw: str) -> tuple[Node, Node]:
        """The key and the value of a tag as they are written: here, else in the globals."""
        same = [] if self.missing else [pair for pair in _pairs(self.node) if pair[0].word == raw]
        if not same and self.globals is not None:
            same = [pair for pair in _pairs(self.globals.tags) if pair[0].word == raw]
        if len(same) != 1:
            what = "is written more than once" if same else "is not written out here"
            raise CannotError(f"tag '{raw}' {what}")
        return same[0]

    def _added(self, adds: Mapping[str, str]) -> list[Edit]:
        mapped = self.map if self.missing or self.node.kind == "scalar" else self.node.kind == "map"
        more: dict[str, Value] = {"PropagateAtLaunch": True} if self.group else {}
        entries: list[dict[str, Value]] = [{"Key": key, "Value": value, **more} for key, value in adds.items()]
        held: Mapping[str, Value] | Sequence[Value] = adds if mapped else entries
        if self.specified is not None:
            held = [{"ResourceType": self.specified, "Tags": entries}]
        for name in reversed(self.missing):
            held = {name: held}
        if self.node.kind == "scalar":
            return yaml_text.filled(self.key, self.node, held, self.document)
        if isinstance(held, Mapping):
            return yaml_text.mapped(self.node, held, self.document)
        models = [item for item in reversed(self.node.items) if item.kind == "map" and item.literal]
        return yaml_text.listed(self.node, entries, models[0] if models else None, self.document)


def _corrected(raw: str, node: Node, text: str, document: Document) -> Edit:
    if node.word is None:
        raise CannotError(f"the value of tag '{raw}' is an expression")
    return yaml_text.replaced(node, text, document)


def _pairs(tags: Node) -> list[tuple[Node, Node]]:
    """The tags that are written out: of a map its pairs, of a list what is a plain `{Key, Value}`."""
    if tags.kind == "map":
        return tags.pairs
    found = []
    for item in tags.items:
        parts = {name.text.casefold(): value for name, value in item.pairs} if item.tag is None else {}
        if "key" in parts and "value" in parts:
            found.append((parts["key"], parts["value"]))
    return found


def _all_pairs(tags: Node) -> list[tuple[Node, Node]]:
    """The same with those that a condition may leave out."""
    return [*_pairs(tags), *(pair for node in walked(tags) if node.kind == "list" for pair in _pairs(node))]


def place(resource: Resource, texts: Texts) -> TagsProperty:
    """Where the tags of a resource stand; CannotError where that is not sure or not edited."""
    if resource.at is None:
        raise CannotError("where it stands is not known")
    file = texts.named(Path(resource.at.file))
    document = texts.yaml(file)
    pair = document.pair_at(resource.at.line, resource.at.column)
    if pair is None or document.root.get("Resources") is None:
        raise CannotError("its entry was not found")
    key, body = pair[0], pair[1].target
    said = body.get("Type")
    type_ = "" if said is None or said.word is None else said.word
    row = row_of(type_)
    if resource.text("type") != (type_ if row is None else row.type):
        raise CannotError("its tags come from another resource")
    if _written_by_cdk(body):
        raise CannotError("cdk synth writes this template: tag it in the app")
    path = ("Tags",) if row is None else row.tags
    if path is None or len(path) != 1:
        raise CannotError(f"where the tags of {type_} stand is not edited")
    key, node, missing = _reached(key, body, ("Properties", str(path[0])))
    specified = SPECIFIED.get(type_) if missing or node.kind == "scalar" else None
    if specified == "instance":
        raise CannotError("whether its TagSpecifications may name instances depends on the type of the fleet")
    if type_ in SPECIFIED and specified is None:
        key, node, missing = _specified(node, SPECIFIED[type_])
    shared = _globals(document, type_, file) if type_.startswith(_SERVERLESS) else None
    return TagsProperty(file, document, key, node, missing, has_tag_map(type_), type_ == _GROUP, shared, specified)


def _reached(key: Node, node: Node, path: tuple[str, ...]) -> tuple[Node, Node, tuple[str, ...]]:
    """As far down a path as it is written: the key, its value, and the rest of the path."""
    for number, name in enumerate(path):
        if node.kind == "scalar" and number:
            return key, node, path[number:]
        _plain(node, path[number - 1] if number else "body", "map")
        below = next((pair for pair in node.pairs if pair[0].text == name), None)
        if below is None:
            if any(each.text == "<<" for each, _ in node.pairs):
                raise CannotError(f"its {name} may come with '<<'")
            return key, node, path[number:]
        key, node = below[0], below[1].target
    if node.kind != "scalar":
        _plain(node, path[-1], "map", "list")
    return key, node, ()


def _plain(node: Node, name: str, *kinds: str) -> None:
    """CannotError for what a function makes."""
    called = node.tag or next((each.text for each, _ in node.pairs if each.text.startswith(("Fn::", "Ref"))), None)
    if called is not None or node.kind not in kinds:
        raise CannotError(f"its {name} is made by {called}" if called else f"its {name} is not what it should be")


def _specified(node: Node, what: str) -> tuple[Node, Node, tuple[str, ...]]:
    """`TagSpecifications`: the tags of the one specification for a type of resource that is written out."""
    found = []
    for item in node.items:
        said = item.get("ResourceType") if item.tag is None else None
        if said is not None and said.word == what:
            found.append(item)
    if len(found) != 1:
        raise CannotError(f"there is not one entry of TagSpecifications for {what}")
    return _reached(found[0], found[0], ("Tags",))


def _globals(document: Document, type_: str, file: Path) -> Globals | None:
    section = document.root.get("Globals")
    kind = None if section is None else section.get(type_.removeprefix(_SERVERLESS))
    tags = None if kind is None else kind.get("Tags")
    if tags is None or tags.kind != "map" or not tags.pairs or tags.tag is not None:
        return None
    return None if any(name.text.startswith("Fn::") for name, _ in tags.pairs) else Globals(file, document, tags)


def _written_by_cdk(body: Node) -> bool:
    metadata = body.get("Metadata")
    return metadata is not None and metadata.get(_CDK) is not None
