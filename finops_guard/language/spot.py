"""Spots: what a place of a document is, told by walking the schema along its path. Done only for what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from finops_guard.fields import FIELDS, Field
from finops_guard.language.schema import TAG, Schema

_ROOTS = ("condition", "charge", "resource")


@dataclass(frozen=True, slots=True)
class Spot:
    """A path, and the last `$defs` entry on the way to it.

    `label` is that entry's name ("condition", "field-state", "rung", …), `start` how many steps lead to it, `root` how
    many lead to the condition or resource around it.
    """

    path: tuple[str | int, ...]
    label: str
    start: int
    root: int

    @property
    def rest(self) -> tuple[str | int, ...]:
        """The steps below the labelled entry."""
        return self.path[self.start :]

    @property
    def field(self) -> Field | None:
        """The field whose value or operators stand here; None outside of those."""
        if self.label == "tag":
            return TAG
        if self.label.startswith("field-"):
            return FIELDS[self.label.removeprefix("field-")]
        return FIELDS.get(self.dotted) if self.label == "resource" else None

    @property
    def dotted(self) -> str:
        """The field's name from its condition or resource down: `accelerators.count`, `tags.team`."""
        inside = self.label in _ROOTS
        return ".".join(str(step) for step in self.path[self.root : None if inside else self.start])

    def key(self, name: str) -> str:
        """The dotted name of a key that stands here."""
        return f"{self.dotted}.{name}" if self.dotted else name


def spot(schema: Schema, path: tuple[str | int, ...]) -> Spot:
    """The spot of a path that the schema may not know to its end."""
    defs: dict[str, Any] = schema["$defs"]
    node: Any = schema
    label, start, root = "", 0, 0
    for depth, step in enumerate(path):
        node = _below(node, step)
        while target := _reference(node):
            if not target.startswith("value-"):
                label, start = target, depth + 1
                root = start if target in _ROOTS else root
            node = defs[target]
        if node is None:
            break
    return Spot(path, label, start, root)


def _below(node: Any, step: str | int) -> Any:
    if not isinstance(node, dict):
        return None
    if isinstance(step, int):
        return node.get("items")
    for part in (node, *(part.get("else", {}) for part in node.get("allOf", ()))):
        if step in part.get("properties", {}):
            return part["properties"][step]
    further = node.get("additionalProperties")
    return further if isinstance(further, dict) else None


def _reference(node: Any) -> str | None:
    """The `$defs` name a schema stands for; of a `match`, which may also be `all`, the condition."""
    if not isinstance(node, dict):
        return None
    target = node.get("$ref") or node.get("then", {}).get("$ref")
    return str(target).removeprefix("#/$defs/") if target else None


def where(document_data: Any, path: tuple[str | int, ...]) -> str:
    """A place in words: `rule demo/idle`, `'budgets.vision'`, `the document`."""
    named = [str(step) for step in path if not isinstance(step, int)]
    if not named:
        return "the document"
    if named[0] == "rules" and len(named) > 1:
        pack = document_data.get("pack") if isinstance(document_data, dict) else None
        rule = f"rule {pack}/{named[1]}" if isinstance(pack, str) else f"rule {named[1]}"
        return f"an example of {rule}" if named[2:3] == ["examples"] and len(path) > 3 else rule  # noqa: PLR2004 - below the verdict
    return f"'{'.'.join(named)}'"
