"""Where an expression is evaluated: in a module, with the names that a `for`, an instance or a dynamic block gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from finops_guard.sources.iac._hcl.values import Val


class Names(Protocol):
    """What a module answers."""

    def look(self, root: str, steps: tuple[str, ...]) -> tuple[Val, int]:
        """The value of `root.step.…`, and how many of the steps it took for that."""

    def call(self, name: str, values: list[Val]) -> Val:
        """What a function gives."""


class Scope:
    """A module, and names that hide its own."""

    __slots__ = ("module", "names")

    def __init__(self, module: Names, names: Mapping[str, Val]) -> None:
        self.module = module
        self.names = names

    def within(self, names: Mapping[str, Val]) -> Scope:
        """The same with more names."""
        return Scope(self.module, {**self.names, **names})
