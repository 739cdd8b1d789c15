"""State in a folder: what was made is on the disk before anybody acts on it, also after a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import ActError, InputError
from finops_guard.state.store import Keys, checked

if TYPE_CHECKING:
    from finops_guard.state.objects import Objects


class Folder:
    """A `Store` in a folder, which comes into being with its first object."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._objects: Objects | None = None
        self._settled: set[Path] = set()
        if path.exists() and not path.is_dir():
            raise InputError(f"state {path}: not a folder")

    def create(self, key: str, data: bytes) -> bool:
        """As `Store.create`."""
        checked(key)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise InputError(f"state {self.path}: cannot be made: {wrong.strerror}") from None
        objects = self._there(key)
        made = objects is not None and objects.create(key, data)
        self._settle(self.path / key)
        return made

    def get(self, key: str) -> bytes | None:
        """As `Store.get`."""
        objects = self._there(key)
        return objects.get(key) if objects else None

    def list(self, prefix: str, after: str = "") -> Keys:
        """As `Store.list`."""
        objects = self._there(prefix)
        return objects.list(prefix, after) if objects else []

    def folders(self, prefix: str) -> Keys:
        """As `Store.folders`."""
        objects = self._there(prefix)
        return objects.folders(prefix) if objects else []

    def drop(self, keys: Iterable[str]) -> None:
        """As `Store.drop`."""
        if objects := self._there(*(keys := list(keys))):
            objects.drop(keys)

    def _there(self, *keys: str) -> Objects | None:
        """The objects, None while there is no folder; ValueError for what is no key."""
        for key in keys:
            checked(key)
        if self._objects is None and self.path.is_dir():
            from obstore.exceptions import BaseError
            from obstore.store import LocalStore

            from finops_guard.state.objects import Objects

            try:
                self._objects = Objects(LocalStore(self.path), str(self.path))
            except BaseError as wrong:
                raise InputError(f"state {self.path}: {str(wrong).partition(chr(10))[0]}") from None
        return self._objects

    def _settle(self, file: Path) -> None:
        """Have the system write a file, its name and the names of new folders to the disk."""
        try:
            _sync(file)
            for folder in file.parents:
                if folder == file.parent or folder not in self._settled:
                    _sync(folder)
                    self._settled.add(folder)
                if folder == self.path:
                    break
        except FileNotFoundError:  # another has compacted it away
            return
        except OSError as wrong:
            raise ActError(f"state {self.path}: cannot be made lasting: {wrong.strerror}") from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
