"""The files that sources name: single ones, folders, archives, buckets and live APIs."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from finops_guard.costs.reach import Reach
from finops_guard.errors import InputError
from finops_guard.model.money import CostSource

_DATA = (".csv", ".gz", ".zip", ".parquet", ".json", ".jsonl", ".ndjson")
_BLOCK = 1024 * 1024
_ZIP = b"PK\x03\x04"
FILES = frozenset({"focus", "aws-cur", "azure-export", "gcp-billing"})
"""Sources that are files, whichever their format: it is told from their columns."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file. `named`: as it was given, with its own name behind a folder, an archive or a bucket."""

    named: str
    path: Path
    member: str = ""

    def sha256(self) -> str:
        """Of its content, unpacked."""
        if not self.member:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as packed:
            digest = hashlib.sha256()
            while block := packed.read(_BLOCK):
                digest.update(block)
            return digest.hexdigest()

    def open_in(self, work: Path) -> Path:
        """The file itself; of an archive, the member unpacked into `work`."""
        if not self.member:
            return self.path
        made = work / "unpacked"
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as packed, made.open("wb") as file:
            shutil.copyfileobj(packed, file)
        return made


def found(source: CostSource, reach: Reach, bucket: Callable[[str], Iterator[Found]]) -> Iterator[Found]:
    """The files of a source of files, in the order of their names. InputError where there is none."""
    given = source.settings.get("path")
    if not isinstance(given, str):
        raise InputError(f"costs from {source.source}: no path is given")
    if "://" in given:
        yield from bucket(given)
        return
    path = reach.folder / given
    if path.is_dir():
        yield from _folder(path, given)
    elif path.is_file():
        yield from inside(path, given)
    else:
        raise InputError(f"costs {given}: there is no such file or folder")


def inside(path: Path, named: str) -> Iterator[Found]:
    """The file, or the files of an archive."""
    try:
        with path.open("rb") as file:
            packed = file.read(4) == _ZIP
        members = _members(path) if packed else None
    except (OSError, zipfile.BadZipFile):
        members = None  # whoever opens it says what is wrong with it: other files still count
    if members is None:
        yield Found(named, path)
        return
    yield from (Found(f"{named}/{member}", path, member) for member in members if is_data(member))


def _members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return sorted(info.filename for info in archive.infolist() if not info.is_dir())


def is_data(name: str) -> bool:
    """Whether a file of a folder holds rows, by its name: no manifest, nothing hidden."""
    last = name.rpartition("/")[2].casefold()
    return last.endswith(_DATA) and not last.startswith((".", "_")) and not last.endswith("manifest.json")


def _folder(path: Path, named: str) -> Iterator[Found]:
    some = False
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith((".", "_")))
        for name in sorted(filter(is_data, names)):
            file = Path(folder, name)
            some = True
            yield from inside(file, f"{named.rstrip('/')}/{file.relative_to(path).as_posix()}")
    if not some:
        raise InputError(f"costs {named}: no file in this folder holds cost rows by its name ({', '.join(_DATA)})")
