"""Cost files in object stores: each version of each is downloaded into the cache once, known by its etag."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from finops_guard.costs.ledger.find import Found, inside, is_data
from finops_guard.errors import InputError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")
_SCHEMES = ("s3", "gs", "az")
_WAITS = (0.2, 1.0, 3.0)


def bucket_files(uri: str, folder: Path) -> Iterator[Found]:
    """The files at or below `s3://bucket/prefix`, `gs://…` or `az://account/container/prefix`, by name.

    `folder`: where copies are kept. Who signs is the cloud SDK's own choice, as for state in a bucket. InputError
    without the SDK, credentials, the bucket, or any file.
    """
    if urlsplit(uri).scheme not in _SCHEMES:
        raise InputError(
            f"costs {uri}: is neither a path nor a bucket",
            help="Write a file, a folder, s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix.",
        )
    # One object is asked for below its folder: a prefix ends at a slash.
    above, _, name = uri.rpartition("/")
    single = is_data(name)
    store = _store(above if single else uri)
    listed = _listed(uri, store)
    wanted = sorted(
        (each for each in listed if (each["path"] == name if single else is_data(each["path"]))),
        key=lambda each: str(each["path"]),
    )
    if not wanted:
        raise InputError(f"costs {uri}: no object there holds cost rows by its name")
    folder.mkdir(parents=True, exist_ok=True)
    for each in wanted:
        named = uri if single else f"{uri.rstrip('/')}/{each['path']}"
        yield from inside(_copy(uri, store, each, folder), named)


def _store(uri: str) -> ObjectStore:
    from finops_guard.state.buckets import reached

    try:
        return reached(uri, None)
    except InputError as wrong:
        install = (wrong.help or "").partition(", or name")[0]  # what follows speaks of --state
        help_ = f"{install}." if install.startswith("Install") else "It is read with your own sign-in."
        raise InputError(f"costs{wrong.what.removeprefix('state')}", help=help_) from None


def _listed(uri: str, store: ObjectStore) -> list[Mapping[str, Any]]:
    return _patient(uri, lambda: [each for page in store.list(chunk_size=1000) for each in page])


def _copy(uri: str, store: ObjectStore, meta: Mapping[str, Any], folder: Path) -> Path:
    """The object's copy, whole; copies of earlier versions go."""
    path, version = str(meta["path"]), f"{meta.get('e_tag')} {meta['size']} {meta['last_modified']}"
    place = hashlib.sha256(f"{uri.rpartition('/')[0]}\n{path}".encode()).hexdigest()[:24]
    copy = folder / f"{place}-{hashlib.sha256(version.encode()).hexdigest()[:24]}"
    if copy.is_file() and copy.stat().st_size == meta["size"]:
        return copy

    def download() -> None:
        half = copy.with_suffix(".half")
        with half.open("wb") as file:
            for chunk in store.get(path).stream(min_chunk_size=8 * 1024 * 1024):
                file.write(chunk)
        half.replace(copy)

    _patient(f"{uri} ({path})", download)
    for old in folder.glob(f"{place}-*"):
        if old != copy:
            old.unlink(missing_ok=True)
    return copy


def _patient(uri: str, call: Callable[[], T]) -> T:
    """What `call` returns, at the latest by the fourth try."""
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    for wait in (*_WAITS, None):
        try:
            return call()
        except (BaseError, FileNotFoundError) as wrong:
            final = isinstance(wrong, (PermissionDeniedError, UnauthenticatedError, FileNotFoundError))
            if wait is None or final:
                line = str(wrong).partition("\n")[0].partition("Debug source")[0].strip()
                raise InputError(f"costs {uri}: {line}") from None
        time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - so that two who were throttled come apart
    raise AssertionError
