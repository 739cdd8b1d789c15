"""Checks a document against its schema: one diagnostic for each mistake, where it stands, and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.keys import Keys
from finops_guard.language.schema import Schema
from finops_guard.language.spot import spot
from finops_guard.language.validator import errors, schema_of
from finops_guard.language.values import wrong_value

Place = tuple[str | int, ...]
_OF_KEYS = ("additionalProperties", "propertyNames", "required")
_FIRST = ("type", "const", "enum", "pattern")
"""Of several keywords that one value breaks, the first of these says it best."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake the schema sees, and the path of the value (or of the map whose keys are wrong)."""

    path: Place
    diagnostic: Diagnostic


def faults(document: Document, make: Callable[[], Schema]) -> list[Fault]:
    """Every mistake the schema sees in a document, each once; empty when it is valid."""
    by_path: dict[Place, list[Any]] = {}
    for error in errors(make, document.data):
        by_path.setdefault(tuple(error.absolute_path), []).append(error)
    return [
        Fault(path, diagnostic)
        for path, found in by_path.items()
        for diagnostic in _explained(document, schema_of(make), path, found)
    ]


def check(document: Document, make: Callable[[], Schema]) -> list[Diagnostic]:
    """Every mistake the schema sees in a document."""
    return [fault.diagnostic for fault in faults(document, make)]


def _explained(document: Document, schema: Schema, path: Place, found: list[Any]) -> Iterator[Diagnostic]:
    here = spot(schema, path)
    of_keys = [error for error in found if error.validator in _OF_KEYS]
    if of_keys and not any(error.validator == "type" for error in found):
        yield from Keys(document, here, of_keys).diagnostics()
        return
    error = min(found, key=lambda e: _FIRST.index(e.validator) if e.validator in _FIRST else len(_FIRST))
    yield wrong_value(document, here, error)
