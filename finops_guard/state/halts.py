"""The brake: `halt/<n>`, looked at before every batch, everywhere; the highest number decides."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from finops_guard.errors import ActError
from finops_guard.state.lines import from_line, stamp, to_line
from finops_guard.state.numbered import highest, key_of, numbers
from finops_guard.state.store import Store, write_once
from finops_guard.state.values import time_of

PREFIX = "halt"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Halt:
    """Who stopped all acts, or (`lifted`) let them go on, why and when."""

    number: int
    who: str
    why: str
    at: datetime
    lifted: bool = False


def halt(store: Store, who: str, why: str, now: datetime) -> int:
    """Stop every act of every run, from its next batch on, until `resume`; its number. ActError if that fails."""
    return _append(store, {"halted": True, "who": who, "why": why, "at": stamp(now)})


def resume(store: Store, who: str, why: str, now: datetime) -> int:
    """Lift the halt; the number of this."""
    return _append(store, {"halted": False, "who": who, "why": why, "at": stamp(now)})


def halted(store: Store) -> Halt | None:
    """The halt in force, None if there is none. What cannot be made out halts. Two reads at most."""
    top = highest(store, PREFIX)
    data = store.get(key_of(PREFIX, top)) if top else None
    if data is None:
        return None
    try:
        found = _read(top, data)
    except (ValueError, KeyError):
        raise ActError(
            f"the state is damaged: {key_of(PREFIX, top)} is neither halt nor resume",
            help="Nothing is done; `finops-guard resume` writes a new one.",
        ) from None
    return None if found.lifted else found


def written(store: Store, but: Collection[int] = ()) -> Iterator[Halt]:
    """Every halt and what lifted it, oldest first, without those of some numbers and what cannot be made out."""
    for number in numbers(store, PREFIX):
        if number not in but:
            with suppress(ValueError, KeyError):
                yield _read(number, store.get(key_of(PREFIX, number)) or b"")


def _read(number: int, data: bytes) -> Halt:
    content = from_line(data)
    lifted = content["halted"] is False
    return Halt(number, str(content["who"]), str(content["why"]), time_of(content["at"]), lifted)


def _append(store: Store, content: dict[str, object]) -> int:
    data, number = to_line(content), highest(store, PREFIX)
    for _ in range(_TRIES):
        number = highest(store, PREFIX, number) + 1
        if write_once(store, key_of(PREFIX, number), data):
            return number
    raise ActError("the halt could not be written: others write it all the time", help="Run again.")
