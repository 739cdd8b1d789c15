"""`count` and `for_each`: the instances of a resource or a module call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.attributes import told
from finops_guard.sources.iac._hcl.values import Lazy, List, Map, OpenMap, Set, Val, WrongError, in_order, number

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.scope import Scope
    from finops_guard.sources.iac._hcl.syntax import Block

_MOST = 100_000
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Instance:
    """One of them: `key` as an address has it, `names` for its expressions; `doubt`: why it stands for any number."""

    key: str = ""
    names: Mapping[str, Val] = field(default_factory=dict)
    doubt: str | None = None
    index: object = None


_ONLY = Instance()


def instances(block: Block, scope: Scope) -> list[Instance]:
    """The instances of a block; one with a doubt where their number, or a part of their keys, cannot be told."""
    attributes = block.body.attributes
    if "count" in attributes:
        return _counted(told(attributes["count"], scope))
    if "for_each" in attributes:
        return _keyed(told(attributes["for_each"], scope))
    for lifecycle in block.body.named("lifecycle"):
        enabled = lifecycle.body.attributes.get("enabled")
        value = True if enabled is None else told(enabled, scope)
        if value is False:
            return []
        if isinstance(value, Unknown):
            return [Instance(doubt=value.reason)]
    return [_ONLY]


def _counted(value: Val) -> list[Instance]:
    try:
        count = number(value)
    except WrongError as wrong:
        count = Unknown(f"count: {wrong}")
    if not isinstance(count, Unknown) and (not isinstance(count, int) or not 0 <= count <= _MOST):
        count = Unknown(f"count is {count}")
    if isinstance(count, Unknown):
        return [Instance("", {"count": {"index": Unknown(count.reason)}}, count.reason)]
    return [Instance(f"[{index}]", {"count": {"index": index}}, None, index) for index in range(count)]


def _keyed(value: Val) -> list[Instance]:
    why = value.reason if isinstance(value, (Unknown, Lazy, OpenMap)) else None
    pairs: list[tuple[Val, Val]] = []
    if isinstance(value, dict):
        pairs = list(in_order(value))
    elif isinstance(value, Set) and all(isinstance(item, str) for item in value):
        pairs = [(item, item) for item in value]
    elif why is None:
        why = "for_each is neither a map nor a set of strings"
    found = [Instance(f"[{_quoted(key)}]", {"each": {"key": key, "value": item}}, None, key) for key, item in pairs]
    if why is not None:
        hidden = Unknown(why)
        found.append(Instance("", {"each": {"key": hidden, "value": hidden}}, why))
    return found


def _quoted(key: str) -> str:
    """A key as addresses have it (measured: terraform 1.11 escapes quotes, `${` and `%{`, and what does not print)."""
    plain = "".join(map(_shown, key)).replace("${", "$${").replace("%{", "%%{")
    return f'"{plain}"'


def _shown(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"  # noqa: PLR2004 - four digits do


def spread(block: Block, made: Sequence[tuple[Instance, Val]]) -> Val:
    """What a reference to all of them gives: the one, a list, or a map."""
    doubt = next((instance.doubt for instance, _ in made if instance.doubt is not None), None)
    if "count" in block.body.attributes:
        return List(value for _, value in made) if doubt is None else Unknown(doubt)
    if "for_each" in block.body.attributes:
        pairs = [(str(instance.index), value) for instance, value in made if instance.doubt is None]
        return Map(pairs) if doubt is None else OpenMap(pairs, doubt)
    if not made:
        return None
    return made[0][1] if doubt is None else Unknown(doubt)
