"""One object as one line of JSON: equal content gives equal bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from finops_guard.state.values import moment

Line: TypeAlias = dict[str, object]


def to_line(content: Mapping[str, object]) -> bytes:
    """The canonical line of an object whose values JSON knows: sorted keys, no spaces, UTF-8, a newline."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def from_line(data: bytes) -> Line:
    """The object in a line; ValueError if it holds none."""
    content = json.loads(data)
    if not isinstance(content, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the reader's data is wrong, not our types
    return content


def utc(now: datetime) -> datetime:
    """`now` in UTC; ValueError for a time without a zone, which would be anybody's."""
    if now.tzinfo is None:
        raise ValueError("a time of the state has a zone")
    return now.astimezone(UTC)


def began_at(run: str) -> datetime | None:
    """When a run began, by its id; None where the id does not say."""
    try:
        return datetime.strptime(f"{run[:16]}+0000", "%Y%m%dT%H%M%SZ%z")
    except ValueError:
        return None


def stamp(now: datetime) -> str:
    """`now` as text in UTC."""
    return moment(utc(now))
