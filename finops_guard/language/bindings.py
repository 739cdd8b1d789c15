"""From uses of packs, the base's and the policy's, to bindings: names, what a base allows, what is never reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from finops_guard.language.conditions import EVERYTHING
from finops_guard.language.item import Item
from finops_guard.language.tighten import tighten
from finops_guard.language.unpriced import Rates, unpriced
from finops_guard.language.uses import Library, Use, binding, read_use
from finops_guard.model import VERBS, Binding, Mode, Verb


@dataclass(slots=True)
class Uses:
    """The uses of a policy's packs by the name of their binding; `whole` while every pack was found and read."""

    library: Library
    base_name: str
    whole: bool = True
    by_name: dict[str, Use] = field(default_factory=dict)
    _of_base: set[str] = field(default_factory=set)

    def add(self, part: Item, home: Path, *, of_base: bool) -> None:
        """Add the uses of one document, `home`; the base's come first."""
        for item in part.items():
            name = item.get("use")
            pack = self.library.find(name, home, item) if isinstance(name, str) else None
            if pack is None:
                self.whole = False
                continue
            use = read_use(item, pack)
            if use.name in self._of_base and not of_base:
                self.by_name[use.name] = tighten(self.by_name[use.name], use, self.base_name)
                self._of_base.discard(use.name)
            elif use.name in self.by_name:
                _twice(use, self.by_name[use.name])
            else:
                self.by_name[use.name] = use
                self._of_base |= {use.name} if of_base else set()

    def rules(self) -> list[str]:
        """The rules of every use, `pack/rule`, without those it skips."""
        uses = self.by_name.values()
        return sorted({rule.id for use in uses for rule in use.pack.rules.values() if rule.name not in use.skip})

    def bindings(self, mode: Mode, permit: frozenset[Verb], teams: tuple[str, ...], fx: Rates) -> tuple[Binding, ...]:
        """The bindings under the policy's mode and permit, in order."""
        made = {name: binding(use, mode, permit, teams) for name, use in self.by_name.items()}
        everywhere: dict[str, str] = {}
        for name, use in self.by_name.items():
            unpriced(use, made[name], fx)
            if first := everywhere.get(use.pack.path):
                message = f"never reached: '{first}' uses {use.pack.name} before it, for every resource"
                use.item.problem(message, "put the use without 'where' last", at=("use",), warning=True)
            elif use.where == EVERYTHING and use.item.reader.sound(use.item.place):
                everywhere[use.pack.path] = name
        return tuple(made.values())


def _twice(use: Use, other: Use) -> None:
    """Two uses of one name; unless either is misspelt, perhaps in its `as`."""
    if all(each.item.reader.sound(each.item.place) for each in (use, other)):
        use.item.problem(f"two bindings are called '{use.name}'", "give one another name: as: NAME", at=("use",))


def check_authority(part: Item, mode: Mode, permit: frozenset[Verb]) -> None:
    """Note a mode or verb of a use that its policy does not give."""
    for item in part.items():
        if item.get("mode") == "enforce" and mode == "dry-run":
            item.problem("the policy's mode is dry-run; a binding may only lower it", at=("mode",))
        for verb in item.below("permit").texts():
            if verb.data in VERBS and verb.data not in permit:
                verb.problem(f"the policy does not permit '{verb.data}'", "add it to the policy's permit")
