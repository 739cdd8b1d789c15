"""A store over one of obstore's: tries again what may pass, and says in words what will not."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NoReturn, TypeVar

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)

from finops_guard.errors import ActError, InputError
from finops_guard.state.store import Keys, checked

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")

_WAITS = (0.2, 0.5, 1.0, 2.0, 4.0)
_STATUS = re.compile(r"status code: (\d{3})")
_XML = re.compile(r"<(Code|Message)>([^<]*)</")
_PASSES = frozenset({408, 409, 425, 429})
_REFUSED = (PermissionDeniedError, UnauthenticatedError)
_NEVER = (InvalidPathError, NotSupportedError, UnknownConfigurationKeyError)
_RIGHTS = "State needs to create, read and list: on S3 s3:PutObject, s3:GetObject and s3:ListBucket."


class Objects:
    """A `Store` over a bucket or a folder. `where` names it in errors; `sleep` waits between tries."""

    def __init__(self, store: ObjectStore, where: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._where = where
        self._sleep = sleep

    def create(self, key: str, data: bytes) -> bool:
        """As `Store.create`."""
        checked(key)

        def put() -> bool:
            try:
                self._store.put(key, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

        return self._try(put)

    def get(self, key: str) -> bytes | None:
        """As `Store.get`."""
        checked(key)

        def read() -> bytes | None:
            try:
                return bytes(self._store.get(key).bytes())
            except FileNotFoundError as gone:
                if "NoSuchBucket" in str(gone) or "ContainerNotFound" in str(gone):
                    raise
                return None

        return self._try(read)

    def list(self, prefix: str, after: str = "") -> Keys:
        """As `Store.list`."""
        checked(prefix)
        start = after if after.startswith(f"{prefix}/") else None
        if start is None and after > f"{prefix}/":
            return []

        def read() -> Keys:
            pages = self._store.list(prefix, offset=start, chunk_size=1000)
            # Azure begins with the key itself, and with the first where it does not know what `startFrom` is.
            return sorted(path for page in pages for each in page if (path := each["path"]) > (start or ""))

        return self._try(read)

    def folders(self, prefix: str) -> Keys:
        """As `Store.folders`."""
        checked(prefix)

        def read() -> Keys:
            page = self._store.list_with_delimiter(prefix)
            paths = [*page["common_prefixes"], *(each["path"] for each in page["objects"])]
            return sorted({path.rstrip("/").rpartition("/")[2] for path in paths})

        return self._try(read)

    def drop(self, keys: Iterable[str]) -> None:
        """As `Store.drop`."""
        for key in keys:

            def remove(key: str = checked(key)) -> None:
                try:
                    self._store.delete(key)
                except FileNotFoundError:
                    return

            self._try(remove)

    def _try(self, call: Callable[[], T]) -> T:
        """What `call` returns, at the latest by the sixth try."""
        for wait in (*_WAITS, None):
            try:
                return call()
            except (BaseError, FileNotFoundError) as wrong:
                if wait is None or not _may_pass(wrong):
                    self._give_up(wrong)
            self._sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - so that two who were throttled come apart
        raise AssertionError

    def _give_up(self, wrong: Exception) -> NoReturn:
        told = f"state {self._where}: {_words(wrong)}"
        if isinstance(wrong, UnauthenticatedError):
            raise InputError(told, help="Sign in again.") from None
        if isinstance(wrong, PermissionDeniedError):
            raise InputError(told, help=_RIGHTS) from None
        if isinstance(wrong, FileNotFoundError):
            raise InputError(told, help="Make it first; nothing of ours does.") from None
        if _may_pass(wrong) or "(os error" in str(wrong):
            raise ActError(
                told, help="Nothing more is done without its record; run again when the state answers."
            ) from None
        raise InputError(told) from None


def _may_pass(wrong: Exception) -> bool:
    """Throttling, a fault of the server's, or no answer at all: what another try may find gone."""
    if isinstance(wrong, (*_REFUSED, *_NEVER, FileNotFoundError)) or "(os error" in str(wrong):
        return False
    status = _STATUS.search(str(wrong))
    return status is None or int(status[1]) in _PASSES or int(status[1]) >= 500  # noqa: PLR2004 - HTTP's own line


def _words(wrong: Exception) -> str:
    """One line of an error: a service's own code and message, else the first line."""
    text = str(wrong)
    said = dict(_XML.findall(text))
    if "Code" in said:
        return ": ".join(filter(None, (said["Code"], said.get("Message", "").strip())))
    status = _STATUS.search(text)
    if status is not None:
        return f"it answered {status[1]}"
    return text.partition("\n")[0].partition("Debug source")[0].strip()
