"""The request's own policy, which a stranger wrote and nobody obeys.

It is read from git and never from the checkout, where names may lead anywhere, and names no host that is asked.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from finops_guard.errors import GuardError
from finops_guard.language.document import read
from finops_guard.language.policy import load_policy
from finops_guard.model import Policy, Rates
from finops_guard.outputs._markdown import text
from finops_guard.pipeline import Request, run
from finops_guard.sources import git
from finops_guard.sources.targets import CLOUDS
from tools.action.base import Repository

_READ = frozenset({".yaml", ".yml", ".json", ".csv", ".tsv", ".txt"})
"""Of the files that policies, packs and their tables are."""


@dataclass(slots=True)
class Own:
    """The head's policies, packs and tables, in a folder of their own from the time on when somebody asks for them."""

    repository: Repository
    folder: Path
    _taken: bool = False

    def all(self) -> Path:
        """The folder with all that a policy may read."""
        if not self._taken:
            self._take(read_by_policies)
            self._taken = True
        return self.folder

    def named(self, policy: Path) -> set[str]:
        """The files that the policy names, by paths from its own folder; none where it cannot be read."""
        self._take(lambda path: path == PurePosixPath(policy.as_posix()))
        return set(named(self.folder, policy))

    def _take(self, only: Callable[[PurePosixPath], bool]) -> None:
        self.folder.mkdir(exist_ok=True)
        git.take(self.repository.inputs.workspace, self.repository.head(), self.folder, only)


def read_by_policies(path: PurePosixPath) -> bool:
    """Whether a file can be a policy, a pack, or a table or baseline of one."""
    return path.suffix in _READ


def named(top: Path, policy: Path) -> Iterator[str]:
    """The paths that a policy below `top` names from its own folder, and that stay below `top`."""
    try:
        raw = read(top / policy).data
    except GuardError:
        return
    for words in _texts(raw):
        path = Path(os.path.normpath(policy.parent / words)) if "\0" not in words else Path("/")
        if not path.is_absolute() and ".." not in path.parts and path.suffix in _READ:
            yield str(path)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - what YAML holds
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def alone(path: Path) -> Policy:
    """A policy that asks nobody for anything: without bills, budgets, unit costs, channels, scope and state."""
    return replace(
        load_policy(path), costs=(), units={}, budgets={}, channels=(), rates=Rates(), scope={}, state=".finops-guard"
    )


def failing(repository: Repository, own: Path, base: Path | None = None) -> str:
    """How many resources' findings would fail by the request's policy, instead of by the base's."""
    paths = repository.inputs.paths
    if any(path in (*CLOUDS, "-") for path in paths):
        return "What runs is not judged by a policy of a request."
    targets = tuple(str(repository.inputs.workspace / each) for each in paths)
    try:
        here = _failing(own, targets)
        instead = "" if base is None else f" instead of {_failing(base, targets):,}"
    except GuardError:  # what it says may quote anything
        return "Its own policy does not load: `finops-guard validate` says why."
    return f"By its own policy {here:,} would be failing{instead}, budgets and unit costs aside."


def _failing(path: Path, targets: tuple[str, ...]) -> int:
    request = Request(policy=alone(path), at=datetime.now(UTC), targets=targets, state="none")
    return run(request).counts.get("fail", 0)


def pack(name: str, before: Path, after: Path) -> str:
    """What `finops-guard diff` says of a pack that both have, without its heading."""
    from finops_guard.cli import diff

    out = io.StringIO()
    try:
        with redirect_stdout(out):
            diff.command.main([str(before), str(after), "-f", "markdown"], standalone_mode=False)
    except GuardError:
        return f"{text(name)} does not load.\n"
    _, _, said = out.getvalue().partition("\n")
    return f"<details><summary>{text(name)}</summary>\n{said}\n</details>\n"
