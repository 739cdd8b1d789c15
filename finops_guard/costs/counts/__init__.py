"""Where the number of units comes from: one module a source, named after its `from`, each with `count(asked)`."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from finops_guard.costs.counts._counted import Asked, Counted
from finops_guard.errors import InputError

__all__ = ["Asked", "Counted", "counted", "names"]


class Source(Protocol):
    """What a module in this folder is."""

    def count(self, asked: Asked) -> Counted:
        """What was counted on each day. InputError for input that cannot be used, ScanError for a source that fails."""


def names() -> tuple[str, ...]:
    """Every source there is, as policies write it; nothing is imported."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(module.name.replace("_", "-") for module in found if not module.name.startswith("_")))


def counted(asked: Asked) -> Counted:
    """What the unit's source counts, only of the days that were asked for."""
    source = asked.count.source
    if source not in names():
        raise InputError(f"counting from '{source}' is not available in this version")
    module = cast("Source", import_module(f"{__package__}.{source.replace('-', '_')}"))
    return module.count(asked)
