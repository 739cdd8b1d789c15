"""YAML of others as maps, lists and scalars with positions, from the C parser's events."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import yaml

from finops_guard.sources.iac._marked import MAX_DEPTH, MAX_NODES, Map, Text

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Event: TypeAlias = Any
"""An event of the parser, or what one opens: which of them has which attribute is not in the stubs."""
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_WORDS: dict[str, bool | None] = {
    **{word: True for each in ("true", "yes", "on") for word in (each, each.title(), each.upper())},
    **{word: False for each in ("false", "no", "off") for word in (each, each.title(), each.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
"""What YAML 1.1 types: CloudFormation and kubectl read that version."""


class _Builder:
    """Open collections on a stack, so that no depth of the input is a depth of ours."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._anchors: dict[str, tuple[object, int]] = {}
        self._stack: list[_Open] = []
        self._nodes = 0
        self.documents: list[object] = []

    def take(self, event: _Event) -> None:
        """One event of the parser."""
        if isinstance(event, yaml.ScalarEvent):
            self._done(self._scalar(event), event, 1, event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self._stack) >= MAX_DEPTH:
                self._text.refuse(_place(event), f"nested deeper than {MAX_DEPTH} levels")
            holds = Map(_place(event)) if isinstance(event, yaml.MappingStartEvent) else []
            self._stack.append(_Open(holds, event, self._nodes))
        elif isinstance(event, yaml.CollectionEndEvent):
            opened = self._stack.pop()
            if opened.key is not None:
                self._text.refuse(_place(event), "a key without a value")
            value = _tagged(opened.event.tag, opened.holds)
            self._done(value, opened.event, self._nodes - opened.before + 1, opened.event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                self._text.refuse(_place(event), f"*{event.anchor} names no anchor above it")
            value, size = self._anchors[event.anchor]
            self._done(value, event, size, None)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()

    def _done(self, value: object, event: _Event, size: int, anchor: str | None) -> None:
        at = _place(event)
        self._nodes += 1 if isinstance(event, yaml.CollectionStartEvent) else size
        if self._nodes > MAX_NODES:
            self._text.refuse(at, f"more than {MAX_NODES} values, its aliases written out")
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._stack:
            self.documents.append(value)
        elif isinstance(self._stack[-1].holds, list):
            self._stack[-1].holds.append(value)
        else:
            self._pair(self._stack[-1], value, event)

    def _pair(self, into: _Open, value: object, event: _Event) -> None:
        at = _place(event)
        if into.key is None:
            if not isinstance(event, yaml.ScalarEvent):
                self._text.refuse(at, "a key must be text")
            into.key, into.at = event.value, at
            into.merges = event.value == "<<" and event.implicit[0]
            return
        key, into.key = into.key, None
        if into.merges:
            self._merge(into, value)
        elif key in into.holds and key not in into.merged:
            self._text.refuse(into.at, f"duplicate key {key!r}")
        else:
            into.merged.discard(key)
            into.holds[key] = value
            into.holds.keys_at[key] = into.at

    def _merge(self, into: _Open, value: object) -> None:
        """`<<: *x`: what is written beside it wins, and so does the first of several."""
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, Map):
                self._text.refuse(into.at, "'<<' takes a map, or a list of maps")
            for key, part in each.items():
                if key not in into.holds:
                    into.holds[key] = part
                    into.holds.keys_at[key] = into.at
                    into.merged.add(key)

    def _scalar(self, event: _Event) -> object:
        text: str = event.value
        if event.tag in {None, "!"} and event.implicit[0] and event.style in {None, ""}:
            if text in _WORDS:
                return _WORDS[text]
            return int(text) if _WHOLE.fullmatch(text) else text
        return _tagged(event.tag, text)


class _Open:
    """A collection that has begun: the key that waits for its value, and which keys came by `<<`."""

    __slots__ = ("at", "before", "event", "holds", "key", "merged", "merges")

    def __init__(self, holds: _Event, event: _Event, before: int) -> None:
        self.holds = holds
        self.event = event
        self.before = before
        self.key: str | None = None
        self.at = 0
        self.merges = False
        self.merged: set[str] = set()


def _place(event: _Event) -> int:
    """Where an event begins: every event of a text has a mark."""
    return int(event.start_mark.index)


def documents(text: Text) -> list[object]:
    """Every document of a text."""
    builder = _Builder(text)
    try:
        for event in yaml.parse(text.text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        text.refuse(0 if mark is None else mark.index, f"not YAML: {wrong.problem}")
    except yaml.YAMLError as wrong:
        text.refuse(int(getattr(wrong, "position", 0) or 0), "not YAML: a character that it does not allow")
    return builder.documents


def _tagged(tag: str | None, value: object) -> object:
    """`!Ref x` as `{"Ref": x}`, `!GetAtt a.b` as `{"Fn::GetAtt": ["a", "b"]}`, any other `!X` as `Fn::X`."""
    if tag is None or not tag.startswith("!") or tag == "!":
        return value
    name = tag[1:]
    call = Map(value.at if isinstance(value, Map) else 0)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    call[name if name in {"Ref", "Condition"} else f"Fn::{name}"] = value
    return call
