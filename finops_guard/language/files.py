"""Files of the language, each told by its content: packs, policies and test files, with every mistake in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import Document, read
from finops_guard.language.library import shown
from finops_guard.language.near import suggest
from finops_guard.language.pack import load_pack
from finops_guard.language.policy import check_policy
from finops_guard.language.testfile import TestFile, load_tests
from finops_guard.model import Pack, Policy

KINDS = {"pack": "pack", "policy": "policy", "tests": "test file"}
"""The top-level key that tells a kind of document, and what it is called."""
_ALSO = {"rules": "pack", "packs": "policy", "extends": "policy"}
"""Keys that tell as much where that one was forgotten."""


_GLANCE = 100_000
_POLICY = re.compile(rb"^policy:", re.MULTILINE)


@dataclass(slots=True)
class Files:
    """What some files hold, by the name they are shown under, and every mistake and warning, each once."""

    names: list[str] = field(default_factory=list)
    packs: dict[str, Pack] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    tests: dict[str, TestFile] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)

    @property
    def errors(self) -> list[Diagnostic]:
        """What stops."""
        return [problem for problem in self.problems if not problem.warning]

    @property
    def warnings(self) -> list[Diagnostic]:
        """What does not."""
        return [problem for problem in self.problems if problem.warning]


def kind_of(data: Any) -> str | None:
    """The kind of a document (a key of KINDS), its top-level key maybe misspelt or left out; None for a stranger."""
    if not isinstance(data, dict):
        return None
    for key in KINDS:
        if key in data:
            return key
    strange = [key for key in data if key not in _ALSO]
    return next((near for key in strange if (near := suggest(key, KINDS))), None) or next(
        (kind for key, kind in _ALSO.items() if key in data), None
    )


def load_files(paths: Iterable[Path], today: date) -> Files:
    """Load each file as what it is, and the packs that its policies use. `today` dates exemptions."""
    files = Files()
    for path in sorted(paths, key=lambda path: not _says_policy(path)):
        name = shown(path)
        if name in files.names:
            continue
        files.names.append(name)
        if name not in files.packs:  # a pack that a policy uses came with it
            _read(files, path, name, today)
    unique = set(files.problems)
    files.problems = sorted(unique, key=lambda each: (each.file, each.line, each.column, each.message))
    return files


def _says_policy(path: Path) -> bool:
    """Whether a file looks like a policy at a glance; a pipe can be read only once, so nobody looks into it."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return _POLICY.search(file.read(_GLANCE)) is not None
    except OSError:
        return False


def _read(files: Files, path: Path, name: str, today: date) -> None:
    try:
        document = read(path, name)
    except LanguageError as error:
        files.problems += error.diagnostics
    except InputError as error:
        files.problems.append(Diagnostic(name, 1, 1, error.what.removeprefix(f"{name}: ")))
    else:
        _load(files, kind_of(document.data) or "", path, document, today)


def _load(files: Files, kind: str, path: Path, document: Document, today: date) -> None:
    name = document.file
    if kind == "policy":
        policy, problems = check_policy(path, today)
        files.problems += problems
        if policy is not None:
            files.policies[name] = policy
            files.packs |= {binding.pack.path: binding.pack for binding in policy.bindings}
    elif kind == "tests":
        tests, problems = load_tests(document)
        files.problems += problems
        if tests is not None:
            files.tests[name] = tests
    elif kind == "pack":
        pack, problems = load_pack(document)
        files.problems += problems
        if pack is not None:
            files.packs[name] = pack
    elif not kind:
        known = ", ".join(f"{key}: ({what})" for key, what in KINDS.items())
        files.problems.append(
            document.problem((), "neither a pack, a policy nor a test file", f"it has none of {known}")
        )
