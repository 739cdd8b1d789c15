"""The files that are edited, as they were when they were first looked at; nothing outside the target is opened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import CannotError
from finops_guard.fixing.yaml_tree import Document
from finops_guard.sources.iac._hcl import syntax
from finops_guard.sources.iac._hcl.config import SUFFIXES

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.syntax import Attribute, Block, Source

HCL = tuple(each for each in SUFFIXES if not each.endswith(".json"))


@dataclass(slots=True)
class Folder:
    """The blocks of a module's folder by name, each with its file: providers by their local name."""

    files: list[Path] = field(default_factory=list)
    calls: dict[str, tuple[Path, Block]] = field(default_factory=dict)
    providers: dict[str, list[tuple[Path, Block]]] = field(default_factory=dict)
    locals: dict[str, tuple[Path, Attribute]] = field(default_factory=dict)

    def take(self, file: Path, blocks: Iterable[Block]) -> None:
        """The blocks of one more file."""
        self.files.append(file)
        for block in blocks:
            match block.type, block.labels:
                case "module", (name,):
                    self.calls[name] = (file, block)
                case "provider", (name,):
                    self.providers.setdefault(name, []).append((file, block))
                case "locals", ():
                    self.locals.update({name: (file, each) for name, each in block.body.attributes.items()})


class Texts:
    """Files of one target, each read and parsed once. `top`: the folder, or the only file."""

    def __init__(self, top: Path) -> None:
        self.top = Path(os.path.normpath(top))
        self._within = top.resolve()
        self._data: dict[Path, bytes] = {}
        self._hcl: dict[Path, Source] = {}
        self._blocks: dict[Path, dict[tuple[int, int], Block]] = {}
        self._yaml: dict[Path, Document] = {}
        self._folders: dict[Path, Folder] = {}
        self._roots: list[Path] | None = None

    def data(self, file: Path) -> bytes:
        """The bytes of a file; CannotError for one that cannot be read or is not ours to edit."""
        if file not in self._data:
            if not file.resolve().is_relative_to(self._within):
                raise CannotError(f"{file} leads outside {self.top}")
            try:
                self._data[file] = file.read_bytes()
            except OSError as wrong:
                raise CannotError(f"{file}: {wrong.strerror}") from None
        return self._data[file]

    def hcl(self, file: Path) -> Source:
        """A file of Terraform, parsed."""
        if file not in self._hcl:
            self._hcl[file] = syntax.parse(self.data(file), str(file))
        return self._hcl[file]

    def yaml(self, file: Path) -> Document:
        """A template, with the places of everything in it."""
        if file not in self._yaml:
            self._yaml[file] = Document(self.data(file))
        return self._yaml[file]

    def named(self, file: Path) -> Path:
        """A file as the target names it: nested templates are found by their whole path."""
        if not file.is_absolute() or self.top.is_absolute():
            return file
        if not file.is_relative_to(self._within):
            raise CannotError(f"{file} leads outside {self.top}")
        return self.top / file.relative_to(self._within)

    def block(self, file: Path, line: int, column: int) -> Block | None:
        """The block that begins there."""
        if file not in self._blocks:
            self._blocks[file] = {(each.line, each.column): each for each in self.hcl(file).body.blocks}
        return self._blocks[file].get((line, column))

    def module(self, folder: Path) -> Folder:
        """What the files of a module's folder declare, by name."""
        if folder not in self._folders:
            found = self._folders[folder] = Folder()
            for file in sorted(each for each in folder.iterdir() if each.name.endswith(HCL)) if folder.is_dir() else ():
                found.take(file, self.hcl(file).body.blocks)
        return self._folders[folder]

    def roots(self) -> list[Path]:
        """Every folder below the target that has sources: one of them is the root of what has no other."""
        if self._roots is None:
            found = {each.parent for end in HCL for each in self.top.rglob(f"[!.]*{end}")}
            self._roots = sorted(each for each in found if not any(part.startswith(".") for part in each.parts))
        return self._roots
