"""Where state is kept: objects under keys that are made once, listed and read, and never changed.

Whatever two runs must not both do, they settle by one of them making an object first. Keys are texts of letters,
digits and `-._=`, in segments joined by `/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

from finops_guard.errors import ActError, InputError

Keys: TypeAlias = list[str]
_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._=-]*"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")
_READERS = 16
_TRIES = 5


class Store(Protocol):
    """The four things that can be done to state.

    Every method may raise ActError (the store does not answer, after a bounded number of tries) and InputError (it
    refuses us, or is not there). `create` returning False says that the key is taken, perhaps by ourselves where the
    answer to an earlier try was lost: `write_once` tells the two apart.
    """

    def create(self, key: str, data: bytes) -> bool:
        """Make an object that nobody has made; False if the key is taken. Whole or not at all."""

    def get(self, key: str) -> bytes | None:
        """What an object holds; None if there is none."""

    def list(self, prefix: str, after: str = "") -> Keys:
        """All keys in the folder `prefix`, at any depth, sorted; only those that sort behind the key `after`."""

    def folders(self, prefix: str) -> Keys:
        """The names of the folders and objects right in the folder `prefix`, sorted."""

    def drop(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are gone already are no matter. Only compaction does this."""


def checked(key: str) -> str:
    """`key` if it is one; ValueError otherwise."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key of the state: {key!r}")
    return key


def write_once(store: Store, key: str, data: bytes) -> bool:
    """Make an object, or find that it is as we would make it; False if the key is taken with other content.

    So a retried create whose first answer was lost is still ours. What must tell writers apart has to be in `data`.
    """
    for _ in range(_TRIES):
        if store.create(key, data):
            return True
        there = store.get(key)
        if there is not None:
            return there == data
    raise ActError(f"the state says that {key} is taken, and that it is not there")


def read_all(store: Store, keys: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Each key with what it holds, in the order given, read by several threads; few are held at a time."""
    keys = iter(keys)
    first = list(islice(keys, 2))
    yield from ((key, store.get(key)) for key in first)
    with ThreadPoolExecutor(_READERS, thread_name_prefix="state") as pool:
        while some := list(islice(keys, _READERS * 4)):
            yield from zip(some, pool.map(store.get, some), strict=True)


def open_store(uri: str, base: Path, session: Callable[[], object] | None = None) -> Store:
    """The store that a policy or a command names; nothing is written.

    A folder, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://account/container/prefix`. A relative folder starts
    from `base`. `session` makes what the cloud's SDK calls a session or credentials (boto3 or botocore, google-auth,
    azure-identity); without it the SDK's own default is taken. InputError if it cannot be used.
    """
    scheme = urlsplit(uri).scheme
    if "://" not in uri:
        from finops_guard.state.folder import Folder

        return Folder(base / Path(uri).expanduser())
    if scheme not in ("s3", "gs", "az"):
        raise InputError(
            f"state {uri!r}: not a place that state can be kept in",
            help="Write a folder, s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix.",
        )
    from finops_guard.state import buckets

    return buckets.open_bucket(uri, session)


class MemoryStore:
    """A store in memory, for tests.

    `touch(operation, key, when)` is called before and after each write and before each read, where it may raise:
    before, nothing has happened; after, it has and the caller does not know.
    """

    def __init__(self, touch: Callable[[str, str, str], None] | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self._touch = touch or (lambda _operation, _key, _when: None)
        self._lock = Lock()

    def create(self, key: str, data: bytes) -> bool:
        """As `Store.create`."""
        self._touch("create", checked(key), "before")
        with self._lock:
            made = key not in self.objects
            self.objects.setdefault(key, data)
        self._touch("create", key, "after")
        return made

    def get(self, key: str) -> bytes | None:
        """As `Store.get`."""
        self._touch("get", checked(key), "before")
        return self.objects.get(key)

    def list(self, prefix: str, after: str = "") -> Keys:
        """As `Store.list`."""
        self._touch("list", checked(prefix), "before")
        with self._lock:
            return sorted(key for key in self.objects if key.startswith(f"{prefix}/") and key > after)

    def folders(self, prefix: str) -> Keys:
        """As `Store.folders`."""
        self._touch("folders", checked(prefix), "before")
        start = len(prefix) + 1
        with self._lock:
            return sorted({key[start:].partition("/")[0] for key in self.objects if key.startswith(f"{prefix}/")})

    def drop(self, keys: Iterable[str]) -> None:
        """As `Store.drop`."""
        for key in keys:
            self._touch("drop", checked(key), "before")
            self.objects.pop(key, None)
            self._touch("drop", key, "after")
