"""Checks a document against its schema: one diagnostic for each mistake, where it stands, and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.keys import Keys, Rename
from finops_guard.language.schema import Schema
from finops_guard.language.spot import spot
from finops_guard.language.validator import errors, schema_of
from finops_guard.language.values import wrong_value

Place = tuple[str | int, ...]
_OF_KEYS = ("additionalProperties", "propertyNames", "required")
_FIRST = ("type", "const", "enum", "pattern")
"""Of several keywords that one value breaks, the first of these says it best."""


_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """Every mistake the schema sees, each once, and the paths where it still sees them.

    Misspelt keys whose meaning is plain are noted and then read as meant (in the document, which will not load
    anyway), so that what stands below them is checked in the same run and nothing that follows from them is.
    """

    problems: list[Diagnostic]
    faulty: frozenset[Place]


def check(document: Document, make: Callable[[], Schema]) -> Checked:
    """Check a document against the schema that `make` gives."""
    problems: list[Diagnostic] = []
    faults = list(_faults(document, make))
    for _ in range(_ROUNDS):
        renames = {(rename.path, rename.meant): (rename, problem) for _, problem, rename in faults if rename}
        for rename, problem in renames.values():
            problems.append(problem)
            document.rename(rename.path, rename.key, rename.meant)
        if not renames:
            break
        faults = list(_faults(document, make))
    problems += [problem for _, problem, _ in faults]
    return Checked(problems, frozenset(path for path, _, _ in faults))


def _faults(document: Document, make: Callable[[], Schema]) -> Iterator[tuple[Place, Diagnostic, Rename | None]]:
    by_path: dict[Place, list[Any]] = {}
    for error in errors(make, document.data):
        by_path.setdefault(tuple(error.absolute_path), []).append(error)
    for path, found in by_path.items():
        for diagnostic, rename in _explained(document, schema_of(make), path, found):
            yield path, diagnostic, rename


def _explained(
    document: Document, schema: Schema, path: Place, found: list[Any]
) -> Iterator[tuple[Diagnostic, Rename | None]]:
    here = spot(schema, path)
    of_keys = [error for error in found if error.validator in _OF_KEYS]
    if of_keys and not any(error.validator == "type" for error in found):
        yield from Keys(document, here, of_keys).diagnostics()
        return
    error = min(found, key=lambda e: _FIRST.index(e.validator) if e.validator in _FIRST else len(_FIRST))
    yield wrong_value(document, here, error), None
