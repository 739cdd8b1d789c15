"""Which files of the language a command is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.language.near import suggest

ENDINGS = (".yaml", ".yml")
FOLDERS = ("policies", "rules")


def chosen(paths: Iterable[Path], policy: Path | None) -> list[Path]:
    """The files named, those in the folders named, and the policy; without any, what lies here.

    InputError for a path that is not there, for a folder without such files, and where nothing lies here.
    """
    named = [*([policy] if policy else []), *paths]
    if named:
        return [file for path in named for file in _files(path)]
    here = Path.cwd()
    single = here / "finops-guard.yaml"
    found = [single] if single.is_file() else []
    found += [file for folder in FOLDERS if (here / folder).is_dir() for file in _within(here / folder)]
    if not found:
        raise InputError(
            "no finops-guard.yaml, policies/ or rules/ here",
            help="name files or folders, or begin with finops-guard init",
        )
    return found


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = list(_within(path))
        if not files:
            raise InputError(f"{path}: no {' or '.join(ENDINGS)} file in this folder")
        return files
    if not path.exists():
        raise InputError(f"{path}: no such file or folder{_instead(path)}")
    return [path]


def _instead(path: Path) -> str:
    try:
        near = suggest(path.name, sorted(other.name for other in path.parent.iterdir()))
    except OSError:
        return ""
    return f" (did you mean '{path.parent / near}'?)" if near else ""


def _within(folder: Path) -> Iterator[Path]:
    """YAML files at any depth, hidden ones left out, in alphabetical order."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in ENDINGS and not hidden and path.is_file():
            yield path
