"""Objects `prefix/<n>` of which the highest number counts. Numbers start at 1 and are given once each."""

from __future__ import annotations

from finops_guard.state.store import Store

_DIGITS = 12


def key_of(prefix: str, number: int) -> str:
    """The key of a number; keys sort as numbers do."""
    return f"{prefix}/{number:0{_DIGITS}d}"


def number_of(key: str) -> int:
    """The number in a key."""
    return int(key.rpartition("/")[2])


def numbers(store: Store, prefix: str, behind: int = 0) -> list[int]:
    """The numbers above `behind` that exist, in order."""
    return [number_of(key) for key in store.list(prefix, after=key_of(prefix, behind))]


def highest(store: Store, prefix: str, behind: int = 0) -> int:
    """The highest number, or `behind` if there is none above it."""
    return max(numbers(store, prefix, behind), default=behind)
