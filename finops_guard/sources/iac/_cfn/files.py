"""CloudFormation templates of a folder, each one once: those that others nest are read where they are nested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.sources.iac._cfn.beside import Beside
from finops_guard.sources.iac._cfn.resources import resources_of
from finops_guard.sources.iac._cfn.stack import Stack, deployed
from finops_guard.sources.iac._folders import reading
from finops_guard.sources.iac._parameters import left_over
from finops_guard.sources.iac._propagation import unreached

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading


def resources(root: Path, files: Sequence[Path], document: Reading) -> Iterator[Resource]:
    """The resources of all files. Of a folder their addresses begin with the file's name.

    InputError for a file that cannot be read; of a folder that is a gap.
    """
    beside = Beside(document)
    given = beside.given
    read: list[tuple[Path, Stack]] = []
    nested: set[Path] = set()
    for file in files:
        prefix = "" if file == root else f"{_named(file.relative_to(root))}:"
        with reading("cloudformation", file, root, document):
            found = deployed(file, document, beside.deployment(file), prefix, alone=len(files) == 1)
            nested.update(found.children())
            read.append((file, found))
    document.notes.remarks += beside.remarks()
    if len(files) > 1:
        left_over(document, given)
    lost: list[str] = []
    for file, found in read:
        if file.resolve() in nested and len(files) > 1:
            continue
        with reading("cloudformation", file, root, document):
            yield from resources_of(found)
            lost += found.parent.unreached
    document.notes.remarks += unreached(lost)


def _named(file: Path) -> str:
    return file.with_suffix("").as_posix().removesuffix(".template")
