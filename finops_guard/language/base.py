"""The policy that another one extends: one level, by a shipped policy's name or by a path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import Document, read
from finops_guard.language.library import shipped_names, shown
from finops_guard.language.near import suggest
from finops_guard.language.words import did_you_mean, few


@dataclass(frozen=True, slots=True)
class Base:
    """A base policy as written, and what it is called."""

    document: Document
    path: Path
    name: str


def find_base(document: Document, path: Path, problems: list[Diagnostic]) -> Base | None:
    """The base of a policy; None when it extends nothing, or (noted) nothing that can be found."""
    name = document.data.get("extends")
    if not isinstance(name, str):
        return None
    ours = shipped_names("policies")
    if "/" in name or name.endswith((".yaml", ".yml")):
        there = path.parent / name
    elif name in ours:
        there = ours[name]
    else:
        shipped = few(list(ours), "shipped: {}; or give a path") or "give a path"
        hint = did_you_mean(suggest(name, ours)) or shipped
        problems.append(document.problem(("extends",), f"unknown policy '{name}'", hint))
        return None
    try:
        base = read(there, shown(there))
    except LanguageError as error:
        problems += error.diagnostics
        return None
    except InputError as error:
        problems.append(document.problem(("extends",), error.what))
        return None
    called = base.data.get("policy") if isinstance(base.data, dict) else None
    if isinstance(base.data, dict) and "extends" in base.data:
        message = f"'{name}' itself extends a policy; one level is allowed"
        problems.append(document.problem(("extends",), message))
    return Base(base, there, called if isinstance(called, str) else name)
