"""How a command reaches cost data, prices and counts: the user's cache, environment and credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finops_guard.costs.reach import Reach
from finops_guard.errors import InputError
from finops_guard.model import Notes


@contextmanager
def reaching(folder: Path, now: datetime, notes: Notes) -> Iterator[Reach]:
    """From `folder`, where relative paths start; clients are made when they are asked for, and closed at the end."""
    with ExitStack() as stack:
        yield Reach(now, folder, _cache(stack), os.environ, notes, _Aws(stack, notes).client)


class _Aws:
    """Clients that count what they send; the SDK is imported with the first of them."""

    def __init__(self, stack: ExitStack, notes: Notes) -> None:
        self._stack = stack
        self._notes = notes
        self._make: Any = None

    def client(self, service: str, region: str | None) -> Any:  # noqa: ANN401 - what a client is, only boto3 knows
        if self._make is None:
            try:
                from finops_guard.sources import aws

                self._make = self._stack.enter_context(aws.reading(self._notes))
            except ImportError as error:
                message = f"{service} needs the package {error.name}"
                raise InputError(message, help="pip install 'finops-guard-engine[aws]'") from None
        return self._make(service, region)


def _cache(stack: ExitStack) -> Path:
    """Where what was read once is kept; for this run alone where the user's cache cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "finops-guard"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        folder = None
    if folder is not None and os.access(folder, os.W_OK):
        return folder
    return Path(stack.enter_context(TemporaryDirectory(prefix="finops-guard-cache-")))
