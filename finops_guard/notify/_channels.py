"""Channels by name, what a policy may say of them, and how they are called where people read."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

from finops_guard.errors import InputError
from finops_guard.notify._notice import key_of

if TYPE_CHECKING:
    from finops_guard.notify._notice import Notice

To: TypeAlias = Mapping[str, object]
"""A channel as the policy writes it."""
_ADDRESSES = ("topic", "path", "repository", "project", "bus")
_TELLING = ("to", "via", "url", *_ADDRESSES, "address", "secret")


class Channel(Protocol):
    """What a module in this folder is."""

    def send(self, notice: Notice, to: To, environ: Mapping[str, str]) -> None:
        """Deliver a notice. ActError, which never holds a secret, when it was not taken."""


def names() -> tuple[str, ...]:
    """Every channel there is, in alphabetical order; nothing is imported."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def load(name: str) -> Channel:
    """The channel of that name. InputError for one that this version has not."""
    if name not in names():
        raise InputError(
            f"channel '{name}' is not available in this version", help=f"channels there are: {', '.join(names())}"
        )
    return cast("Channel", import_module(f"{__package__}.{name}"))


def means(to: To) -> str:
    """The module that a channel is sent by: `via` where it goes to owners."""
    return str(to.get("via") if to.get("to") == "owner" else to.get("to"))


def unavailable(channels: Iterable[To]) -> list[str]:
    """What a policy names and this version cannot send by, as sentences."""
    wanting = dict.fromkeys(means(to) for to in channels)
    return [f"channel '{name}' is not available in this version" for name in wanting if name not in names()]


def label(to: To) -> str:
    """A channel for people and records: `file notices.jsonl`. Nothing of an address that could be a secret."""
    kind = f"owner via {means(to)}" if to.get("to") == "owner" else means(to)
    url = to.get("url")
    if isinstance(url, str):
        return f"{kind} {url if url.startswith('$') else urlsplit(url).hostname or 'without a host'}"
    return " ".join([kind, *(str(to[name]) for name in _ADDRESSES if name in to)])


def identity(to: To) -> str:
    """What makes a channel the same channel, whatever else is changed about it."""
    return key_of(*(f"{name}={to[name]}" for name in _TELLING if name in to))[:16]
