"""Infrastructure as code: what would exist, read from files. Nothing is downloaded, nothing is executed.

One module a kind of document, found by file name:

    recognises(path, head) -> bool              by content; `head` is the first 4 KiB, b"" for a folder
    collect(path, document) -> Iterator[Resource]
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from finops_guard.errors import InputError
from finops_guard.model import Notes
from finops_guard.sources.iac._given import NOTHING, Given, Taken

if TYPE_CHECKING:
    from finops_guard.model import Resource

LOOK = 4096
_SOURCES = (".tf", ".tofu", ".tf.json", ".tofu.json")
_VALUES = (".tfvars", ".tfvars.json")
_READS = "Terraform (plan JSON, folders), CloudFormation, ARM, Kubernetes"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a document is read: `aliases` as in `Tags.of`; what is to be said of the whole goes to `notes`.

    `environ`: for what a document takes from it by name (`TF_VAR_…`). `given`: values of its variables or parameters; a
    document tells `taken` which of them were its own.
    """

    notes: Notes
    aliases: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    given: Given = NOTHING
    taken: Taken = field(default_factory=Taken)


class Document(Protocol):
    """A module that reads one kind of document."""

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether it reads this file, or something in this folder."""

    def collect(self, path: Path, document: Reading) -> Iterator[Resource]:
        """What the document says there is or would be. InputError in one line for what cannot be read."""


def collect(path: Path, document: Reading) -> Iterator[Resource]:
    """The resources of a file, or of everything we read in a folder; InputError where that is nothing."""
    if path.is_dir():
        readers = [module for module in documents().values() if module.recognises(path, b"")]
    else:
        head = _head(path)
        readers = [module for module in documents().values() if module.recognises(path, head)][:1]
    if not readers:
        what = "a folder that holds nothing we read" if path.is_dir() else "neither a snapshot nor a document we read"
        raise InputError(f"{path}: {what}", help=_hint(path))
    document.notes.documents.append(str(path))
    return chain.from_iterable(module.collect(path, document) for module in readers)


def _hint(path: Path) -> str:
    """What to do with what is not read by itself, as far as its name says."""
    if path.is_file() and path.name.endswith(_SOURCES):
        return f"Terraform reads a folder as a whole, and so do we: scan {path.parent}"
    if path.is_file() and path.name.endswith(_VALUES):
        return f"these are values: scan the folder with --var-file {path}"
    return f"We read snapshots and {_READS}."


@cache
def documents() -> Mapping[str, Document]:
    """The modules of this folder by name, in order."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))
    return {name: cast("Document", import_module(f"{__name__}.{name}")) for name in names}


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LOOK)
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror or wrong}") from None
