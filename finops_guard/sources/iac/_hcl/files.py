"""Functions of files, confined to the folder (or repository) that is judged: nothing else is ever opened."""

from __future__ import annotations

import base64
import hashlib
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl import functions
from finops_guard.sources.iac._hcl.attributes import template
from finops_guard.sources.iac._hcl.graphemes import composed
from finops_guard.sources.iac._hcl.scope import Scope
from finops_guard.sources.iac._hcl.values import Set, Val, WrongError, typed, unknown_in

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.module import Module

_LARGEST = 4 * 2**20
_HASHES = {"filemd5": "md5", "filesha1": "sha1", "filesha256": "sha256", "filesha512": "sha512"}
_PATHS: dict[str, Callable[[str], Val]] = {
    "abspath": lambda path: (
        posixpath.normpath(path) if path.startswith("/") else Unknown("abspath() depends on where it runs")
    ),
    "basename": lambda path: posixpath.basename(path.rstrip("/")) or path[:1] or ".",
    "dirname": lambda path: posixpath.dirname(path) or ".",
    "pathexpand": lambda path: Unknown("pathexpand() depends on who runs it") if path.startswith("~") else path,
}
_READ = frozenset((*_HASHES, "file", "filebase64", "filebase64sha256", "fileexists", "fileset", "templatefile"))


def call(name: str, values: list[Val], module: Module) -> Val:
    """What a function gives in a module."""
    if name not in _READ and name not in _PATHS:
        return functions.call(name, values)
    if values and (unknown := unknown_in(values[0])) is not None:
        return typed(unknown, "bool" if name == "fileexists" else "string")
    if not values or not isinstance(values[0], str):
        raise WrongError(f"{name}() takes the path of a file")
    if name in _PATHS:
        return _PATHS[name](values[0])
    path = module.workspace.confined(module.workspace.root / values[0])
    if isinstance(path, Unknown):
        return path
    try:
        return _of_file(name, path, values, module)
    except OSError:
        return Unknown(f"the file {values[0]} cannot be read")


def _of_file(name: str, path: Path, values: list[Val], module: Module) -> Val:
    if name == "fileset":
        return _matching(path, values[1:])
    if name == "fileexists":
        return path.is_file()
    data = _read(path, values[0])
    return data if isinstance(data, Unknown) else _made(name, data, values, module)


def _read(path: Path, said: str) -> bytes | Unknown:
    try:
        if path.stat().st_size > _LARGEST:
            return Unknown(f"{said} is too large a file")
        return path.read_bytes()
    except (OSError, ValueError):
        return Unknown(f"the file {said} is not there")


def _matching(folder: Path, patterns: list[Val]) -> Val:
    """The files of a folder that a pattern matches; for patterns that both read alike."""
    pattern = patterns[0] if len(patterns) == 1 else None
    if not isinstance(pattern, str) or set(pattern) & set("{}[]\\") or pattern.endswith("**") or ".." in pattern:
        return Unknown("a pattern of fileset() that we do not read")
    try:
        found = [each.relative_to(folder).as_posix() for each in folder.glob(pattern) if each.is_file()]
    except (OSError, ValueError, NotImplementedError):
        return Unknown("a pattern of fileset() that we do not read")
    return Set(sorted(found), "string")


def _made(name: str, data: bytes, values: list[Val], module: Module) -> Val:
    if name in _HASHES:
        return hashlib.new(_HASHES[name], data, usedforsecurity=False).hexdigest()
    if name == "filebase64":
        return base64.b64encode(data).decode()
    if name == "filebase64sha256":
        return base64.b64encode(hashlib.sha256(data).digest()).decode()
    try:
        said = composed(data.decode())
    except UnicodeDecodeError:
        raise WrongError("the file is not text in UTF-8") from None
    if name == "file":
        return said
    given = values[1] if len(values) > 1 else {}
    if isinstance(given, Unknown):
        return given
    if not isinstance(given, dict):
        raise WrongError("templatefile() takes a map of values")
    return template(said)(Scope(_Alone(module), dict(given)))


class _Alone:
    """What a template file sees: its own values and the functions, nothing of the module."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def look(self, root: str, _steps: tuple[str, ...]) -> tuple[Val, int]:
        """Names that it was not given."""
        return Unknown(f"the template is not given {root}"), 0

    def call(self, name: str, values: list[Val]) -> Val:
        """A function."""
        return call(name, values, self._module)
