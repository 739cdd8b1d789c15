"""A file of JSON lines, one a notice; `path` is relative to the policy.

A line is there whole or not at all, also where several runs write: what a crash cut short is ended before the next.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import ActError
from finops_guard.language.secrets import resolve
from finops_guard.notify._notice import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.notify._channels import To
    from finops_guard.notify._notice import Notice

_LASTING = Path("/mnt")  # where a function's file systems are mounted; all else of it is gone with it


def send(notice: Notice, to: To, environ: Mapping[str, str]) -> None:
    """Append the notice to the file, which comes into being with its first line; its folder is there already."""
    path = Path(notice.folder, resolve(str(to.get("path") or ""), environ))
    if "AWS_LAMBDA_FUNCTION_NAME" in environ and _LASTING not in path.parents:
        raise ActError("a file of a function is gone when the function is: name one on a file system under /mnt")
    line = json.dumps(to_json(notice), allow_nan=False).encode() + b"\n"
    try:
        wrong = _append(path, line)
    except OSError as error:
        wrong = error.strerror or type(error).__name__
    if wrong is not None:
        raise ActError(f"{to.get('path')}: cannot be written: {wrong}")


def _append(path: Path, line: bytes) -> str | None:
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        _lock(handle)
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        data = b"\n" + line if torn else line
        if os.write(handle, data) != len(data):
            os.ftruncate(handle, size)
            return "no room for a whole line"
        os.fsync(handle)
    finally:
        os.close(handle)
    return None


def _lock(handle: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    fcntl.flock(handle, fcntl.LOCK_EX)
