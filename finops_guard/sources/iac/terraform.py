"""Terraform and OpenTofu sources: a folder of `.tf`, `.tofu` and their JSON, evaluated without a plan."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.language.near import suggest
from finops_guard.model import Gap
from finops_guard.sources.iac._hcl.config import SUFFIXES

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading
    from finops_guard.sources.iac._hcl.module import Module
    from finops_guard.sources.iac._hcl.workspace import Workspace

_SHOWN = 3
_SKIPPED = frozenset({"node_modules", "__pycache__"})


def recognises(path: Path, head: bytes) -> bool:
    """A folder with sources in it or below it."""
    return not head and path.is_dir() and next(_folders(path), None) is not None


def collect(path: Path, document: Reading) -> Iterator[Resource]:
    """The resources of a root module and of all that it calls. A folder without sources: of each root below it."""
    from finops_guard.sources.iac._hcl.workspace import Workspace
    from finops_guard.sources.iac._propagation import unreached

    folders = list(_folders(path))
    if folders[0] == path:
        workspace = Workspace(path, document.environ, document.given, document.taken)
        document.notes.remarks += unreached((yield from _root(workspace, document, "")))
        _tell_of_others(path, [each for each in folders if not workspace.has_read(each)], document)
        _tell_of_unused(workspace.unused, document)
        return
    roots = _roots(folders, document)
    unused: list[tuple[Path, str]] = []
    lost: list[str] = []
    for folder in roots:
        prefix = "" if len(roots) == 1 else f"{folder.relative_to(path).as_posix()}//"
        workspace = Workspace(folder, document.environ, document.given, document.taken)
        lost += yield from _root(workspace, document, prefix)
        unused += workspace.unused
    document.notes.remarks += unreached(lost)
    _tell_of_unused(unused, document)


def _tell_of_others(path: Path, others: list[Path], document: Reading) -> None:
    """Sources below a root that it does not call are not a part of it."""
    if others:
        named = ", ".join(each.relative_to(path).as_posix() for each in others[:_SHOWN])
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        document.notes.remarks.append(f"{path} does not call {named}{more}: scan what is there by itself")


def _tell_of_unused(unused: list[tuple[Path, str]], document: Reading) -> None:
    """What files that were given have for variables that no root declares."""
    for file, name in dict.fromkeys(unused):
        if name not in document.taken.declared:
            near = suggest(name, sorted(document.taken.declared))
            meant = f" (did you mean {near}?)" if near else ""
            document.notes.remarks.append(f"{file}: there is no variable {name}{meant}, so its value is not used")


def _root(workspace: Workspace, document: Reading, prefix: str) -> Generator[Resource, None, list[str]]:
    """The resources of one root; returned are addresses of what has tags that reach nothing that it launches."""
    from finops_guard.sources.iac._hcl.resources import Reader

    reader = Reader(document.aliases, prefix)
    for module in _modules(workspace.module()):
        for type_, name in module.config.resources:
            declared = module.declared(type_, name)
            for each in declared if isinstance(declared, list) else ():
                yield from reader.resources(each)
    for mistake in workspace.mistakes:
        document.notes.gaps.append(Gap("terraform", "*", "*", "*", str(mistake), wrong=True))
    for address, reason in workspace.opaque.items():
        document.notes.gaps.append(Gap("terraform", "*", "*", prefix + address, reason))
    return reader.unreached


def _modules(root: Module) -> Iterator[Module]:
    """A module and all below it, without recursion."""
    waiting = [root]
    while waiting:
        module = waiting.pop()
        yield module
        for name in reversed(module.config.calls):
            children = module.children(name)
            if isinstance(children, list):
                waiting.extend(reversed(children))


def _folders(path: Path) -> Iterator[Path]:
    """Folders with sources, from the top; hidden ones left out, links not followed."""
    for here, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        if any(name.endswith(SUFFIXES) and not name.startswith(".") for name in names):
            yield Path(here)


def _roots(folders: list[Path], document: Reading) -> list[Path]:
    """Those that no other one calls as a module."""
    from finops_guard.sources.iac._hcl.workspace import Workspace

    called: set[Path] = set()
    for folder in folders:
        root = Workspace(folder, document.environ).module()
        for name in root.config.calls:
            children = root.children(name)
            if isinstance(children, list):
                called.update(child.config.folder.resolve() for child in children)
    return [folder for folder in folders if folder.resolve() not in called]
