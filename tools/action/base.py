"""The base of a pull request: its policies, packs and tables in a folder of their own, and what the request changes.

Commits are compared with commits: no filter or attribute that a request brings is applied to anything.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from finops_guard.errors import InputError
from finops_guard.sources import git
from tools.action.inputs import Inputs

_CONFIG = "GIT_CONFIG_COUNT"
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE")
_TREE, _MODULE = "040000", "160000"
"""Modes; all else is a file or a link."""
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout, asked by git."""

    inputs: Inputs

    def base(self) -> str:
        """The commit of the base, fetched where the checkout is shallow.

        A name is what it is at `origin`, where there is one: a request may well have a branch of the same name.
        """
        here, ref = self.inputs.workspace, self.inputs.base
        if git.top(here) is None:
            raise InputError("there is no checkout in the workspace", help="actions/checkout comes before this step")
        known = ref
        if not _ID.fullmatch(ref) and b"origin" in self._git("remote").split():
            self._ours()
            ref = ref.removeprefix("refs/remotes/").removeprefix("origin/")
            known = f"refs/remotes/origin/{ref}"
        try:
            return git.commit(here, known)
        except InputError:
            pass
        try:
            asked = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--depth=1", "origin", ref)
            self._git(*asked, environ=self._credentials())
            return git.commit(here, "FETCH_HEAD")
        except InputError as wrong:
            help_ = "check out with fetch-depth: 0, or give the Action a token that may read the repository"
            raise InputError(f"the base {ref} is not here: {wrong.what}", help=help_) from None

    def head(self) -> str:
        """The commit that is checked out."""
        return git.commit(self.inputs.workspace, "HEAD")

    def elsewhere(self, commit: str, path: Path) -> bool:
        """Whether a file that is there is in another repository's checkout, or in none.

        InputError where the request itself says what is there: by a link, by a submodule that it moves, or by a file.
        """
        if not path.is_file() or git.top(path.parent) == git.top(self.inputs.workspace):
            return False
        if not path.is_relative_to(self.inputs.workspace):
            return True
        name = path.relative_to(self.inputs.workspace).as_posix()
        stood = self._ways(commit, name)
        for way, (mode, id_) in self._ways(self.head(), name).items():
            still = mode == _MODULE and stood.get(way) == (mode, id_) and id_ == self._checked_out(way)
            if way == name or (mode != _TREE and not still):
                raise InputError(
                    f"{name}: the base does not have it, and the request says what is there ({way})",
                    help="check policies of another repository out in a step of their own",
                )
        return True

    def holds(self, commit: str, path: str) -> bool:
        """Whether a commit has something at a path, whatever it is."""
        return bool(self._entries(commit, [path]))

    def changed(self, commit: str, paths: list[str]) -> dict[str, str]:
        """Of these files and folders, those that the head changes of a commit: added, modified or deleted.

        What the commit's own branch has changed since they parted is none of it, as far as the checkout knows history.
        """
        words = {"A": "added", "D": "deleted"}
        named = [f":(top,literal){path}" for path in paths]
        listed = self._git(
            "diff-tree", "-r", "--name-status", "--no-renames", "-z", self._parted(commit), self.head(), "--", *named
        )
        parts = [os.fsdecode(part) for part in listed.split(b"\0") if part]
        return {name: words.get(status, "modified") for status, name in zip(parts[::2], parts[1::2], strict=True)}

    def _parted(self, commit: str) -> str:
        try:
            return self._git("merge-base", commit, self.head()).decode("ascii").strip() or commit
        except InputError:  # it is not in a shallow checkout
            return commit

    def tracks(self, path: Path) -> bool:
        """Whether what lies at a path in the workspace, or around it below the top, is part of the head."""
        if not path.is_relative_to(self.inputs.workspace):
            return False
        name = path.relative_to(self.inputs.workspace).as_posix()
        ways = self._ways(self.head(), name)
        return name == "." or any(mode != _TREE or way == name for way, (mode, _) in ways.items())

    def _ways(self, commit: str, name: str) -> dict[str, tuple[str, str]]:
        """What a commit has on the way to a path, and there."""
        path = PurePosixPath(name)
        return self._entries(commit, [str(way) for way in (*reversed(path.parents), path) if way.parts])

    def _entries(self, commit: str, paths: list[str]) -> dict[str, tuple[str, str]]:
        """Mode and id of what a commit has at paths."""
        found: dict[str, tuple[str, str]] = {}
        for line in filter(None, self._git("ls-tree", "-z", "--full-tree", commit, "--", *paths).split(b"\0")):
            about, _, name = line.partition(b"\t")
            mode, _, id_ = about.decode("ascii").split()
            found[os.fsdecode(name)] = mode, id_
        return {path: found[path] for path in paths if path in found}  # of a folder on the way to one it lists all

    def _checked_out(self, way: str) -> str:
        try:
            return git.commit(self.inputs.workspace / way, "HEAD")
        except InputError:
            return ""

    def _ours(self) -> None:
        """InputError where `origin` is another repository of the same server: of a fork, its names are a stranger's."""
        inputs = self.inputs
        url = self._git("remote", "get-url", "origin").decode("utf-8", "replace").strip().removesuffix(".git")
        here = inputs.server.rstrip("/") + "/"
        if inputs.repository and url.startswith(here) and url.casefold() != f"{here}{inputs.repository}".casefold():
            raise InputError(
                "base-ref is a name, and the checkout is of another repository",
                help="give the commit: ${{ github.event.pull_request.base.sha }}",
            )

    def _git(self, *arguments: str, environ: dict[str, str] | None = None) -> bytes:
        """What git answers. InputError with the last line of its complaint."""
        plain = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
        command = ["git", *plain, "-C", str(self.inputs.workspace), *arguments]
        ours = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
        try:
            ran = subprocess.run(  # noqa: S603 - git itself, and what is given to it is checked in `inputs`
                command, capture_output=True, check=False, env={**ours, **quiet, **(environ or {})}, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired:
            raise InputError(f"git {arguments[0]} took more than {_PATIENCE:.0f} s") from None
        except OSError as wrong:
            raise InputError(f"git cannot be run: {wrong.strerror or wrong}") from None
        if ran.returncode:
            lines = ran.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InputError(f"git {arguments[0]}: {lines[-1] if lines else ran.returncode}")
        return ran.stdout

    def _credentials(self) -> dict[str, str]:
        """The token for one fetch, where no other process can read it: as the checkout action would store it."""
        if not self.inputs.token:
            return {}
        basic = base64.b64encode(f"x-access-token:{self.inputs.token}".encode()).decode("ascii")
        return configured(f"http.{self.inputs.server}/.extraheader", f"AUTHORIZATION: basic {basic}")


def configured(key: str, value: str) -> dict[str, str]:
    """The variables by which git has one more setting than it has."""
    count = int(os.environ.get(_CONFIG) or 0)
    return {_CONFIG: str(count + 1), f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
