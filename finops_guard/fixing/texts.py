"""The files that are edited, as they were when they were first looked at; nothing outside the target is opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import CannotError
from finops_guard.sources.iac._hcl import syntax
from finops_guard.sources.iac._hcl.config import SUFFIXES

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.syntax import Block, Source

HCL = tuple(each for each in SUFFIXES if not each.endswith(".json"))


class Texts:
    """Files of one target, each read and parsed once. `top`: the folder, or the only file."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._within = top.resolve()
        self._data: dict[Path, bytes] = {}
        self._hcl: dict[Path, Source] = {}
        self._blocks: dict[Path, dict[tuple[int, int], Block]] = {}

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

    def block(self, file: Path, line: int, column: int) -> Block | None:
        """The block that begins there."""
        if file not in self._blocks:
            self._blocks[file] = {(each.line, each.column): each for each in self.hcl(file).body.blocks}
        return self._blocks[file].get((line, column))

    def check(self, texts: Mapping[Path, bytes]) -> None:
        """CannotError where an edited file would no longer be what it is."""
        for file, text in texts.items():
            if syntax.parse(text, str(file)).mistake is not None:
                raise CannotError("the file would no longer be HCL")

    def folder(self, folder: Path) -> list[Path]:
        """The files of a module's folder by name."""
        return sorted(each for each in folder.iterdir() if each.name.endswith(HCL))
