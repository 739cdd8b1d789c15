"""A part of a policy, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from finops_guard.language.conditions import Place, Reader
from finops_guard.language.near import suggest
from finops_guard.language.words import did_you_mean, few


@dataclass(frozen=True, slots=True)
class Item:
    """A value of a policy, in the document it stands in; `data` is None where there is none."""

    reader: Reader
    place: Place
    data: Any

    def problem(
        self, message: str, hint: str | None = None, *, at: Place = (), key: bool = False, warning: bool = False
    ) -> None:
        """Note a mistake here or below."""
        self.reader.problem((*self.place, *at), message, hint, key=key, warning=warning)

    def entries(self) -> Iterator[tuple[str, Item]]:
        """The entries of a map."""
        for name in self.data if isinstance(self.data, dict) else ():
            yield name, self.below(name)

    def items(self) -> Iterator[Item]:
        """The items of a list."""
        for i, value in enumerate(self.data if isinstance(self.data, list) else ()):
            yield Item(self.reader, (*self.place, i), value)

    def texts(self) -> Iterator[Item]:
        """The text here, or each text of the list here."""
        for item in (self, *self.items()):
            if isinstance(item.data, str):
                yield item

    def get(self, name: str) -> Any:
        """A value of a map, None where it is not there."""
        return self.data.get(name) if isinstance(self.data, dict) else None

    def below(self, *names: str) -> Item:
        """A value further down; its data is None where it is not there."""
        item = self
        for name in names:
            item = Item(item.reader, (*item.place, name), item.get(name))
        return item


Parts: TypeAlias = Sequence[Item]
"""A section as it stands in the base policy and in the policy, base first."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a policy, `pack/rule`; `whole` when every pack was found and read."""

    names: Sequence[str]
    whole: bool = True

    def expect(self, item: Item) -> None:
        """Note a text that names no rule; nothing is said of rules of a pack that could not be read."""
        name = item.data
        if not isinstance(name, str) or name in self.names:
            return
        packs = {rule.partition("/")[0] for rule in self.names}
        if self.whole or name.partition("/")[0] in packs:
            hint = did_you_mean(suggest(name, self.names)) or few(self.names, "its rules: {}")
            item.problem(f"no rule '{name}' in this policy", hint)
