"""Outputs: one module each, found by file name; every one renders a Report and nothing else.

A name that begins with `_` is shared by them and is no output.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from finops_guard.errors import InputError

if TYPE_CHECKING:
    from typing import TextIO

    from finops_guard.model import Report


class Output(Protocol):
    """What a module in this folder is."""

    def render(self, report: Report, out: TextIO) -> None:
        """Write the whole report; text of strangers in it is escaped for where it goes."""


def names() -> tuple[str, ...]:
    """Every output there is, in alphabetical order; nothing is imported."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_")))


def load(name: str) -> Output:
    """The output of that name. InputError for one that does not exist, with the nearest and all there are."""
    known = names()
    if name not in known:
        from finops_guard.language.near import suggest

        nearest = suggest(name, known)
        hint = f" (did you mean '{nearest}'?)" if nearest else ""
        raise InputError(f"unknown format '{name}'{hint}", help=f"formats: {', '.join(known)}")
    return cast("Output", import_module(f"{__name__}.{name}"))
