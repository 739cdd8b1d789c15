"""A snapshot that an earlier scan wrote, as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops_guard.state.spool import is_snapshot, read, read_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from finops_guard.model import Notes, Resource

__all__ = ["collect", "is_snapshot"]


def collect(path: Path, notes: Notes, aliases: Mapping[str, str] | None = None) -> Iterator[Resource]:
    """The resources of a snapshot; its gaps, identities and remarks go to `notes` before the first one.

    InputError where the file is damaged, cut short, of another version, or holds what is not a resource.
    """
    head = read_head(path)
    notes.gaps.extend(head.gaps)
    notes.identities.extend(head.identities)
    notes.remarks.extend(head.remarks)
    return read(path, aliases)
