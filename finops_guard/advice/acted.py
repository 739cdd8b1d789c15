"""Under what acts were done, and by whose word: texts, plans and their approvals, halts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from finops_guard.apply.record import PLAN
from finops_guard.plan.approvals import PREFIX as APPROVALS
from finops_guard.state import halts
from finops_guard.state.lines import from_line, stamp, to_line
from finops_guard.state.store import Store, read_all
from finops_guard.state.values import time_of

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class Acted:
    """What journal lines name: `texts` of policies and packs by sha256, and `plans` by their digest."""

    texts: set[str] = field(default_factory=set)
    plans: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> Acted:
        """Of lines, without those that are damaged."""
        found = cls()
        for line in lines:
            with suppress(ValueError):
                body = from_line(line).get("body")
                if isinstance(body, dict):
                    found._see(body)
        return found

    def _see(self, body: dict[str, object]) -> None:
        packs, acts = body.get("packs"), body.get("acts")
        said = [body.get("policy"), *(packs.values() if isinstance(packs, dict) else ())]
        self.texts |= {each for each in said if isinstance(each, str) and _DIGEST.fullmatch(each)}
        whys = (str(act.get("why") or "") for act in (acts if isinstance(acts, list) else ()) if isinstance(act, dict))
        self.plans |= {why.removeprefix(PLAN) for why in whys if why.startswith(PLAN)}


def approvals(store: Store, within: Callable[[datetime], bool], plans: Collection[str]) -> Iterator[bytes]:
    """Who approved which plan: given at such a time, or of one of these plans. Damaged ones are evidence too."""
    for key, line in read_all(store, store.list(APPROVALS)):
        try:
            given = within(time_of(from_line(line or b"").get("at")))
        except ValueError:
            given = True
        if given or key.split("/")[1] in plans:
            yield line if line and line.endswith(b"\n") else (line or b"") + b"\n"


def halted(store: Store, within: Callable[[datetime], bool]) -> Iterator[bytes]:
    """Who stopped all acts, or let them go on, at such a time."""
    for halt in halts.written(store):
        if within(halt.at):
            said = {"number": halt.number, "halted": not halt.lifted, "who": halt.who, "why": halt.why}
            yield to_line({**said, "at": stamp(halt.at)})
