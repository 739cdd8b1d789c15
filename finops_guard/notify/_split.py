"""Notices that are too large for one message, as several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops_guard.notify._notice import Notice


def parts(notice: Notice, fits: Callable[[Notice], bool]) -> Iterator[Notice]:
    """The notice, or halves of it until each fits or holds one item. The same notice always splits the same way."""
    items = [item.key for item in notice.items]
    if len(items) < 2 or fits(notice):  # noqa: PLR2004 - one cannot be halved
        yield notice
        return
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]):
        yield from parts(notice.of(frozenset(half)), fits)
