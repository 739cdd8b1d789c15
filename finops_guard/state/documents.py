"""A JSON document of ours in a file that a run wrote: of its schema, and no larger than it may be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finops_guard.errors import InputError


def read(path: Path, schema: str, none: Callable[[str], InputError], largest: int) -> dict[str, Any]:
    """What a file of at most `largest` bytes holds. InputError where it cannot be read, `none(why)` for any other."""
    try:
        if path.stat().st_size > largest:
            raise none(f"is larger than {largest >> 20} MiB")
        told: Any = json.loads(path.read_bytes())
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror or wrong}") from None
    except (ValueError, RecursionError):
        raise none("is not JSON") from None
    if not isinstance(told, dict) or told.get("schema") != schema:
        raise none(f"does not say schema {schema!r}")
    return told
