"""What stood before, for `scan`: from a file, or by a scan of the same paths as they are at a ref of git."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from finops_guard.errors import InputError

if TYPE_CHECKING:
    from finops_guard.advice.baseline import Baseline
    from finops_guard.model import Report
    from finops_guard.pipeline import Request
    from finops_guard.sources.iac._given import Given

_LIVE = ("aws", "azure", "gcp", "sandbox", "-")


@dataclass(frozen=True, slots=True)
class Asked:
    """What stood before, as it was asked for: `file` and `ref` exempt, `cost` is only compared with."""

    file: Path | None = None
    ref: str | None = None
    cost: str | None = None


def check(asked: Asked, written: Path | None, *, mode: str, targets: tuple[str, ...]) -> None:
    """Refuse what cannot go together, before anything is read. A baseline is about files."""
    if asked.ref is not None and (asked.file or asked.cost):
        raise click.UsageError(f"give either {'--baseline' if asked.file else '--cost-ref'} or --baseline-ref")
    refs = {"--baseline-ref": asked.ref, "--cost-ref": asked.cost}
    given = [name for name, value in {"--baseline": asked.file, **refs}.items() if value is not None]
    given += ["--write-baseline"] if written is not None else []
    if given and mode == "enforce":
        raise click.UsageError(f"{given[0]} belongs to infrastructure as code, which is never enforced on")
    live = [target for target in targets if target in _LIVE]
    for name, ref in refs.items():
        if ref is not None and (live or not targets):
            raise click.UsageError(f"{name} takes paths in a git repository, not {live[0] if live else 'a live cloud'}")


def baseline(request: Request, asked: Asked) -> Baseline | None:
    """The baseline that was asked for. InputError for a file that is none and a ref that is not there."""
    found = None
    if asked.file is not None:
        from finops_guard.advice.baseline import read

        found = read(asked.file)
    if asked.ref is not None:
        found = _at(request, asked.ref)
    if asked.cost is not None:
        there = _at(request, asked.cost, exempts=False)
        found = there if found is None else replace(found, said=there.said, deltas=there.deltas)
    return found


def keep(path: Path, report: Report, before: Baseline | None) -> str:
    """Write what stands now; how much that is, for stderr."""
    from finops_guard.advice.baseline import write

    count = write(path, report, before)
    return f"{path}: {count:,} finding{'' if count == 1 else 's'} in the baseline"


def _at(request: Request, ref: str, *, exempts: bool = True) -> Baseline:
    """By a scan of the same paths at a ref. Not `exempts`: what they cost there, and no finding."""
    from finops_guard.advice.baseline import Baseline, at_ref
    from finops_guard.pipeline import run
    from finops_guard.sources import git

    top = _top(request.targets)
    commit = git.commit(top, ref)
    name = f"the baseline of {ref} ({commit[:10]})"
    with _copy(top, commit) as (copy, left):
        inside = [copy / _named(target).relative_to(top) for target in request.targets]
        there = [str(path) for path in inside if _held(path)]
        missing = [target for target, path in zip(request.targets, inside, strict=True) if str(path) not in there]
        made = [target for target in missing if _made(target, top)]
        told = [target for target in missing if exempts or (Path(target).is_dir() and target not in made)]
        notes = [f"{target} is not at {ref}: everything in it counts as new" for target in told]
        notes += [f"git ignores {target}: what it cost at {ref} is not known" for target in made]
        notes += [f"large files of {ref} left out: {left:,}; what reads them counts as new"] if left else []
        if not there:
            return Baseline(name, frozenset(), said=notes, deltas=None if made else (), exempts=exempts)
        try:
            given = _given_at(request.given, top, copy)
            report = run(replace(request, targets=tuple(there), snapshot_out=None, include_pass=False, given=given))
        except InputError as wrong:
            what = wrong.what.splitlines()[0].replace(f"{copy}/", "")
            notes.append(f"nothing can be read at {ref}{', all counts as new' if exempts else ''}: {what}")
            return Baseline(name, frozenset(), said=notes, exempts=exempts)
        if not report.complete:
            notes.append(f"at {ref} not everything could be read{': what was not counts as new' if exempts else ''}")
        found = at_ref(report, name, copy)
        found.said += notes
        found.deltas = None if made else found.deltas
        return found if exempts else replace(found, keys=frozenset(), exempts=False)


def _given_at(given: Given, top: Path, copy: Path) -> Given:
    """The same values for an earlier commit: files as they were, and no variable needs to have been there."""
    items = [_earlier(item, top, copy) if isinstance(item, Path) else item for item in given.items]
    return replace(given, items=tuple(items), strict=False)


def _earlier(file: Path, top: Path, copy: Path) -> Path:
    """A file of the repository as the commit has it; one from elsewhere, or newer, as it is."""
    path = file.resolve()
    before = copy / path.relative_to(top) if path.is_relative_to(top) else path
    return before if before.is_file() else file


def _named(target: str) -> Path:
    """A target as `git.top` reads it: without `..`, as a folder that we are in need not have been there."""
    return Path(os.path.abspath(target))  # noqa: PTH100 - links stay as they are named


def _held(path: Path) -> bool:
    """Whether a path at the ref is a file, or a folder with anything that we read in it."""
    from finops_guard.sources.iac import documents

    return path.is_file() or (path.is_dir() and any(each.recognises(path, b"") for each in documents().values()))


def _made(target: str, top: Path) -> bool:
    """Whether it is what something makes of sources and git ignores: no commit has it, whenever it came to be.

    A plan is made too, and says itself what it adds.
    """
    from finops_guard.sources import git
    from finops_guard.sources.iac import LOOK, terraform_plan

    path = _named(target)
    if not git.ignored(top, path):
        return False
    with path.open("rb") if path.is_file() else BytesIO() as file:
        return not terraform_plan.recognises(path, file.read(LOOK))


def _top(targets: tuple[str, ...]) -> Path:
    """The top of the one repository in which all targets are."""
    from finops_guard.sources import git

    tops = {target: git.top(Path(target)) for target in targets}
    outside = next((target for target, top in tops.items() if top is None), None)
    found = {top for top in tops.values() if top is not None}
    if outside is not None or len(found) != 1:
        raise InputError(
            f"{outside}: is in no git repository" if outside else "the targets are in several git repositories",
            help="--baseline-ref compares with a commit; --baseline FILE needs no git",
        )
    return found.pop()


@contextmanager
def _copy(top: Path, commit: str) -> Iterator[tuple[Path, int]]:
    """The files of a commit in a folder of their own, and how many too many there were.

    Its top is marked, as files are read up to the top of one.
    """
    from finops_guard.sources import git

    with TemporaryDirectory(prefix="finops-guard-base-") as folder:
        copy = Path(folder).resolve()
        left = git.take(top, commit, copy)
        (copy / ".git").mkdir()
        yield copy, left
