"""What a person gave for the documents' own variables or parameters: `--var NAME=VALUE`, `--var-file FILE`.

Each kind of document takes what is its own: Terraform every pair that names a variable of a root module, and files of
any suffix but those of parameters; templates take files of JSON or YAML, whose content they know. What nobody took is
refused: a value that changes nothing is a mistake, and nobody would see it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from finops_guard.errors import InputError
from finops_guard.language.near import suggest

Pair: TypeAlias = tuple[str, str]
Item: TypeAlias = Pair | Path
_PARAMETERS = (".json", ".yaml", ".yml")
_TAKEN_BY = "Terraform sources take .tfvars and .tfvars.json; templates take parameter files"


@dataclass(frozen=True, slots=True)
class Given:
    """Pairs of name and text, and files, in the order in which they were given: a later one wins.

    `strict`: what no document takes is an error.
    """

    items: tuple[Item, ...] = ()
    strict: bool = True

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs alone."""
        return tuple(item for item in self.items if isinstance(item, tuple))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files alone."""
        return tuple(item for item in self.items if isinstance(item, Path))


NOTHING = Given()


@dataclass(frozen=True, slots=True)
class Taken:
    """Which of it documents used, and the names of the variables that they have: filled as they are read."""

    items: set[Item] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)

    def take(self, *items: Item) -> None:
        """A document used these."""
        self.items.update(items)

    def declare(self, names: Iterable[str]) -> None:
        """A document has variables of these names."""
        self.declared.update(names)

    def check(self, given: Given) -> None:
        """InputError for the first thing that was given and no document took; for when all were read."""
        for item in given.items if given.strict else ():
            if item in self.items:
                continue
            if isinstance(item, Path):
                raise InputError(f"--var-file {item}: nothing that was scanned takes it", help=_TAKEN_BY)
            near = suggest(item[0], sorted(self.declared))
            hint = f"did you mean '{near}'?" if near else "nothing that was scanned has a variable of that name"
            raise InputError(f"--var {item[0]}: no such variable", help=hint)


def is_terraform(file: Path) -> bool:
    """Whether a file of variables is Terraform's, by its suffix."""
    name = file.name.casefold()
    return name.endswith(".tfvars.json") or not name.endswith(_PARAMETERS)
