"""The documents of one kind in a folder and below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.model import Gap

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading

LOOK = 4096
_SKIPPED = frozenset({"node_modules", "__pycache__"})
_ASSEMBLY = "cdk.out"
"""A file that each cloud assembly of `cdk synth` has; assets in it are what machines run, nothing that is deployed."""


def files(folder: Path, suffixes: tuple[str, ...], recognises: Callable[[Path, bytes], bool]) -> Iterator[Path]:
    """Files by name, hidden folders and what package managers fill left out. Links to folders are not followed."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        if _ASSEMBLY in names:
            folders[:] = [name for name in folders if not name.startswith("asset.")]
        for name in sorted(names):
            path = Path(here, name)
            if name.casefold().endswith(suffixes) and path.is_file() and recognises(path, _head(path)):
                yield path


def plain(head: bytes) -> bytes:
    """The first bytes of a file as one of UTF-8 has them: Windows writes UTF-16, and marks before the text."""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        head = head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf")


@contextmanager
def reading(kind: str, file: Path, root: Path, document: Reading) -> Iterator[None]:
    """What is wrong with a file, in one line. InputError for one that was named; of a folder it is a `wrong` gap.

    So one file that cannot be read keeps nobody from judging the others, and the exit code is that of an input error.
    """
    try:
        yield
    except InputError as error:
        if file == root:
            raise
        document.notes.gaps.append(Gap(kind, "*", "*", file.relative_to(root).as_posix(), error.what, wrong=True))
    except RecursionError:
        wrong = f"{file}:1:1: nested deeper than we follow"
        if file == root:
            raise InputError(wrong) from None
        document.notes.gaps.append(Gap(kind, "*", "*", file.relative_to(root).as_posix(), wrong, wrong=True))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LOOK)
    except OSError:
        return b""
