"""CloudFormation templates of a folder, each one once: those that others nest are read where they are nested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.sources.iac._cfn_stack import Parent, Stack, stack

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading


def resources(root: Path, files: Sequence[Path], document: Reading) -> Iterator[Resource]:
    """The resources of all files. Of a folder their addresses begin with the file's name.

    InputError with every file that cannot be read, after all others were.
    """
    wrong: list[InputError] = []
    read: list[tuple[Path, Stack]] = []
    nested: set[Path] = set()
    for file in files:
        prefix = "" if file == root else f"{_named(file.relative_to(root))}:"
        try:
            found = stack(file, document, Parent(address=prefix, files=(file.resolve(),)))
            nested.update(found.children())
            read.append((file, found))
        except InputError as error:
            wrong.append(error)
        except RecursionError:
            wrong.append(_deep(file))
    for file, found in read:
        if file.resolve() in nested and len(files) > 1:
            continue
        try:
            yield from found.resources()
        except InputError as error:
            wrong.append(error)
        except RecursionError:
            wrong.append(_deep(file))
    if wrong:
        raise InputError("\n".join(error.what for error in wrong), help=wrong[0].help)


def _named(file: Path) -> str:
    return file.with_suffix("").as_posix().removesuffix(".template")


def _deep(file: Path) -> InputError:
    return InputError(f"{file}:1:1: functions nested deeper than we follow")
