"""Where resource blocks begin in Terraform sources: for what a plan says by address.

A light look at the lines is enough where no comment of several lines and no heredoc can hold what looks like a block;
where one can, and for JSON, the file is parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.model import Location

_BLOCK = re.compile(rb'^[ \t]*resource[ \t]+"?([\w-]+)"?[ \t]+"?([\w-]+)"?[ \t]*\{', re.MULTILINE)
_MAY_HIDE = re.compile(rb"/\*|<<")
_SUFFIXES = (".tf", ".tofu", ".tf.json", ".tofu.json")
_NAMED = 2
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
        for file in sorted(each for each in folder.iterdir() if each.name.endswith(_SUFFIXES) and each.is_file()):
            if file.stat().st_size > _LARGEST:
                continue
            text = file.read_bytes()
            for key, at in _parsed(file) if _MAY_HIDE.search(text) or file.suffix == ".json" else _seen(file, text):
                found.setdefault(key, at)
    except (OSError, UnicodeDecodeError):
        return {}
    return found


def _seen(file: Path, text: bytes) -> Iterator[tuple[tuple[str, str], Location]]:
    line, last = 1, 0
    for block in _BLOCK.finditer(text):
        begins = text.index(b"resource", block.start())
        line += text.count(b"\n", last, begins)
        last = begins
        column = begins - (text.rfind(b"\n", 0, begins) + 1) + 1
        yield (block[1].decode(), block[2].decode()), Location(_shown(file), line, column)


def _parsed(file: Path) -> Iterator[tuple[tuple[str, str], Location]]:
    """By the parser; by the lines where there is none, or the file is not right."""
    from finops_guard.sources.iac._hcl import json_syntax, syntax

    try:
        source = json_syntax.read(file, _shown(file)) if file.suffix == ".json" else syntax.read(file, _shown(file))
    except InputError:
        source = None
    if source is None or source.mistake is not None:
        yield from _seen(file, file.read_bytes())
        return
    for block in source.body.named("resource"):
        if len(block.labels) == _NAMED:
            yield (block.labels[0], block.labels[1]), Location(_shown(file), block.line, block.column)


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
