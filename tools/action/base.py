"""The base of a pull request: its policies, packs and tables in a folder of their own, and what the request changes."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.sources import git
from tools.action.inputs import Inputs

_CONFIG = "GIT_CONFIG_COUNT"


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout, asked by git."""

    inputs: Inputs

    def base(self) -> str:
        """The commit of the base, fetched where the checkout is shallow."""
        here, ref = self.inputs.workspace, self.inputs.base
        try:
            return git.commit(here, ref)
        except InputError:
            pass
        try:
            self._git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", ref, environ=self._credentials())
            return git.commit(here, "FETCH_HEAD")
        except InputError as wrong:
            help_ = "check out with fetch-depth: 0, or give the Action a token that may read the repository"
            raise InputError(f"the base {ref} is not here: {wrong.what}", help=help_) from None

    def elsewhere(self, path: Path) -> bool:
        """Whether a file that is there is in another repository's checkout, or in none."""
        return path.is_file() and git.top(path.parent) != git.top(self.inputs.workspace)

    def holds(self, commit: str, path: str) -> bool:
        """Whether a commit has something at a path, whatever it is."""
        return bool(self._git("ls-tree", "-z", "--full-tree", commit, "--", path))

    def changed(self, commit: str, paths: list[str]) -> dict[str, str]:
        """Of these files and folders, those that differ from a commit: added, modified or deleted."""
        words = {"A": "added", "D": "deleted"}
        listed = self._git("diff", "--name-status", "--no-renames", "--no-ext-diff", "-z", commit, "--", *paths)
        parts = [os.fsdecode(part) for part in listed.split(b"\0") if part]
        return {name: words.get(status, "modified") for status, name in zip(parts[::2], parts[1::2], strict=True)}

    def _git(self, *arguments: str, environ: dict[str, str] | None = None) -> bytes:
        """What git answers. InputError with the last line of its complaint."""
        command = ["git", "-C", str(self.inputs.workspace), *arguments]
        quiet = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        ran = subprocess.run(  # noqa: S603 - git itself, and what is given to it is checked in `inputs`
            command, capture_output=True, check=False, env={**os.environ, **quiet, **(environ or {})}
        )
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
