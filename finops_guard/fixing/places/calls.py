"""The calls that lead to a module, from the root: which block of which file calls which folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import CannotError
from finops_guard.sources.iac._hcl.config import literal
from finops_guard.sources.iac._hcl.workspace import fetched

if TYPE_CHECKING:
    from finops_guard.fixing.texts import Texts
    from finops_guard.sources.iac._hcl.syntax import Attribute, Block

_CALL = re.compile(r'module\.([^.\[]+)(?:\["(?:[^"\\]|\\.)*"\]|\[\d+\])?\.')
_DOWNLOADED = ".terraform"


@dataclass(frozen=True, slots=True)
class Level:
    """A module's folder and, but for the root, the block that calls it with its file; `address` is without indices."""

    folder: Path
    address: str = ""
    file: Path | None = None
    call: Block | None = None

    @property
    def ours(self) -> bool:
        """Whether its files may be edited: what `terraform init` downloaded is written anew by the next one."""
        return _DOWNLOADED not in self.folder.parts

    def argument(self, name: str) -> Attribute | None:
        """What its caller gives for a variable."""
        return None if self.call is None else self.call.body.attributes.get(name)


def split(address: str) -> tuple[str, str]:
    """The folder of the root that an id begins with, empty where there is only one, and the address in it."""
    head, sign, rest = address.partition("//")
    return (head, rest) if sign and "[" not in head else ("", address)


def levels_of(prefix: str, address: str, folder: Path, texts: Texts) -> tuple[list[Level], str]:
    """The modules from the root to the one in `folder`, and what is left of the address; CannotError where not sure."""
    names = []
    while match := _CALL.match(address):
        names.append(match[1])
        address = address[match.end() :]
    if not names:
        return [Level(folder)], address
    roots = [texts.top / prefix] if prefix or texts.module(texts.top).files else texts.roots()
    found = [some for root in roots if (some := _down(root, prefix, names, texts)) and _same(some[-1].folder, folder)]
    if len(found) != 1:
        raise CannotError("it is inside a module whose call was not found")
    return found[0], address


def _down(root: Path, prefix: str, names: list[str], texts: Texts) -> list[Level]:
    """The modules by the names of their calls; empty where one is not there."""
    found = [Level(root)]
    address = f"{prefix}//" if prefix else ""
    for number, name in enumerate(names):
        above = found[-1]
        call = texts.module(above.folder).calls.get(name)
        where = None if call is None else _source(root, above.folder, call[1], names[: number + 1])
        if call is None or where is None:
            return []
        address += f"module.{name}"
        found.append(Level(where, address, *call))
        address += "."
    return found


def _source(root: Path, folder: Path, block: Block, names: list[str]) -> Path | None:
    """The folder of a module, below its caller or where `terraform init` put it."""
    attribute = block.body.attributes.get("source")
    source = "" if attribute is None else literal(attribute).strip().strip('"')
    if source.startswith(("./", "../")) or source in {".", ".."}:
        return Path(os.path.normpath(folder / source))
    listed = fetched(root).get(".".join(names))
    return None if listed is None else Path(os.path.normpath(root / listed))


def _same(one: Path, two: Path) -> bool:
    return one.resolve() == two.resolve()
