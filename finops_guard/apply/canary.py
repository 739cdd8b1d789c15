"""First acts: `proven/<account>/<rule and verb>` says that a rule's verb once left what it should in an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from finops_guard.apply.own import as_the_verb
from finops_guard.model import Step
from finops_guard.state.lines import to_line
from finops_guard.state.store import Store, write_once

PREFIX = "proven"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class Canaries:
    """Which rules were proven where, as far as it was asked, and where a first act went wrong."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, bool] = {}
        self._wrong: set[str] = set()

    def proven(self, step: Step) -> bool:
        """Whether each rule of a step has done this verb in its account, as intended."""
        return all(self._ask(key) for key, _ in _keys(step))

    def wrong(self, step: Step) -> bool:
        """Whether the first act of a rule of this step left its resource otherwise than intended."""
        return any(key in self._wrong for key, _ in _keys(step))

    def prove(self, step: Step) -> None:
        """A step was done as intended."""
        for key, what in _keys(step):
            if not self._known.get(key):
                write_once(self._store, key, to_line(what))
                self._known[key] = True

    def distrust(self, step: Step) -> None:
        """A first act went wrong."""
        self._wrong |= {key for key, _ in _keys(step) if not self._ask(key)}

    def _ask(self, key: str) -> bool:
        if key not in self._known:
            self._known[key] = self._store.get(key) is not None
        return self._known[key]


def _keys(step: Step) -> Iterator[tuple[str, dict[str, object]]]:
    account, verb = step.resource.text("account"), as_the_verb(step)
    place = account if _PLAIN.fullmatch(account) else _hash(account)
    for rule in step.rules:
        what: dict[str, object] = {"account": account, "cloud": step.resource.text("cloud"), "rule": rule, "verb": verb}
        yield f"{PREFIX}/{place}/{_hash(f'{rule} {verb}')}", what


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
