"""Where resource blocks begin in Terraform sources, by a light look at the lines: for what a plan says by address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from finops_guard.model import Location

_BLOCK = re.compile(rb'^[ \t]*resource[ \t]+"?([\w-]+)"?[ \t]+"?([\w-]+)"?[ \t]*\{', re.MULTILINE)
_SUFFIXES = (".tf", ".tofu")
_LARGEST = 4 * 2**20  # a source file beyond that is none that people wrote


@dataclass(slots=True)
class Sources:
    """The Terraform sources below a folder; folders are read when one of their blocks is asked for."""

    root: Path
    _folders: dict[Path, Mapping[tuple[str, str], Location]] = field(default_factory=dict)
    _fetched: Mapping[str, str] | None = None

    def place(self, folder: Path | None, type_: str, name: str) -> Location | None:
        """Where a resource's block begins; None where the sources are not there."""
        if folder is None:
            return None
        if folder not in self._folders:
            self._folders[folder] = _read(folder)
        return self._folders[folder].get((type_, name))

    def folder(self, path: tuple[str, ...], calls: tuple[str | None, ...]) -> Path | None:
        """The folder of a module: where `terraform init` says it is, else where the calls' local sources lead."""
        if self._fetched is None:
            self._fetched = _fetched(self.root)
        if (known := self._fetched.get(".".join(path))) is not None:
            return self.root / known
        folder = self.root
        for source in calls:
            if source is None or not source.startswith(("./", "../")):
                return None
            folder = folder / source
        return folder


def _read(folder: Path) -> Mapping[tuple[str, str], Location]:
    found: dict[tuple[str, str], Location] = {}
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix in _SUFFIXES and each.is_file())
        for file in files:
            if file.stat().st_size > _LARGEST:
                continue
            text = file.read_bytes()
            line, last = 1, 0
            for block in _BLOCK.finditer(text):
                begins = text.index(b"resource", block.start())
                line += text.count(b"\n", last, begins)
                last = begins
                column = begins - (text.rfind(b"\n", 0, begins) + 1) + 1
                found.setdefault((block[1].decode(), block[2].decode()), Location(_shown(file), line, column))
    except (OSError, UnicodeDecodeError):
        return {}
    return found


def _shown(file: Path) -> str:
    """A path without the `..` that calls left in it, where that leads to the same file."""
    parts: list[str] = []
    for part in file.parts:
        if part == ".." and parts and parts[-1] not in {"..", "/"}:
            parts.pop()
        else:
            parts.append(part)
    return str(Path(*parts))


def _fetched(root: Path) -> Mapping[str, str]:
    try:
        listed = json.loads((root / ".terraform" / "modules" / "modules.json").read_bytes())["Modules"]
        return {str(each["Key"]): str(each["Dir"]) for each in listed if each["Key"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
