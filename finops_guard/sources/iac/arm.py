"""ARM templates in JSON; Bicep where its own compiler is installed, which writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.sources.iac import _folders

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading

SUFFIXES = (".json", ".jsonc", ".bicep")
_SCHEMA = re.compile(
    rb"\"\$schema\"\s*:\s*\"[^\"]*/(?:\w*deploymentTemplate|deploymentParameters)\.json", re.IGNORECASE
)
_TEMPLATE = re.compile(rb"deploymentTemplate\.json", re.IGNORECASE)


def recognises(path: Path, head: bytes) -> bool:
    """A template, or its parameter file, by its schema; Bicep by its name; a folder that has a template of either."""
    if path.is_dir():
        return any(True for _ in _folders.files(path, SUFFIXES, _template))
    return path.suffix.casefold() in {".bicep", ".bicepparam"} or _SCHEMA.search(_folders.plain(head)) is not None


def collect(path: Path, document: Reading) -> Iterator[Resource]:
    """Every resource of a template, or of all templates in a folder."""
    from finops_guard.sources.iac._arm.files import resources

    files = list(_folders.files(path, SUFFIXES, _template)) if path.is_dir() else [path]
    yield from resources(path, files, document)


def _template(path: Path, head: bytes) -> bool:
    """Whether a file of a folder is read: a parameter file is part of its template."""
    head = _folders.plain(head)
    return path.suffix.casefold() == ".bicep" or (
        _SCHEMA.search(head) is not None and _TEMPLATE.search(head) is not None
    )
