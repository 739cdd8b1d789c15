"""The base of a pull request: its policies, packs and tables in a folder of their own, and what the request changes.

Blobs are read from git's store. Nothing is checked out, so neither filters nor hooks run, and no link leads elsewhere.
"""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from finops_guard.errors import InputError
from tools.action.inputs import Inputs

KEPT = (".yaml", ".yml", ".csv", ".tsv", ".json", ".parquet", ".gz")
"""What policies, packs, tables of budgets, rate cards and cost files are written in."""
LARGEST = 16 * 1024 * 1024
_FILES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout, asked by git."""

    inputs: Inputs

    def git(self, *arguments: str, feed: bytes = b"", environ: dict[str, str] | None = None) -> bytes:
        """What git answers. InputError with the last line of its complaint."""
        here = self.inputs.workspace.resolve()
        command = ["git", "-C", str(here), "-c", f"safe.directory={here}", *arguments]
        quiet = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        ran = subprocess.run(  # noqa: S603 - git itself, and what is given to it is checked in `inputs`
            command, input=feed, capture_output=True, check=False, env={**os.environ, **quiet, **(environ or {})}
        )
        if ran.returncode:
            lines = ran.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InputError(f"git {arguments[0]}: {lines[-1] if lines else ran.returncode}")
        return ran.stdout

    def base(self) -> str:
        """The commit of the base, fetched where the checkout is shallow."""
        ref = self.inputs.base
        try:
            return self._commit(ref)
        except InputError:
            pass
        try:
            self.git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", ref, environ=self._credentials())
            return self._commit("FETCH_HEAD")
        except InputError as wrong:
            help_ = "check out with fetch-depth: 0, or give the Action a token that may read the repository"
            raise InputError(f"the base {ref} is not here: {wrong.what}", help=help_) from None

    def take(self, commit: str, folder: Path) -> None:
        """Write the files of a commit that a policy may read into a folder."""
        listed = self.git("ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0")
        blobs: list[tuple[str, PurePosixPath]] = []
        for line in filter(None, listed):
            about, _, name = line.partition(b"\t")
            mode, _, blob, size = about.decode("ascii").split()
            path = PurePosixPath(os.fsdecode(name))
            if mode in _FILES and path.suffix in KEPT and int(size) <= LARGEST and ".." not in path.parts:
                blobs.append((blob, path))
        answer = self.git("cat-file", "--batch", feed="".join(f"{blob}\n" for blob, _ in blobs).encode())
        at = 0
        for _, path in blobs:  # each is `ID blob SIZE`, its bytes and a newline
            begin = answer.index(b"\n", at) + 1
            at = begin + int(answer[at:begin].split()[2])
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(answer[begin:at])
            at += 1

    def elsewhere(self, path: Path) -> bool:
        """Whether a file that is there is in another repository's checkout, or in none."""
        here = self.inputs.workspace.resolve()
        if not path.is_file():
            return False
        folder = path.resolve().parent
        try:
            top = self.git("-C", str(folder), "-c", "safe.directory=*", "rev-parse", "--show-toplevel")
        except InputError:
            return not folder.is_relative_to(here)
        return Path(os.fsdecode(top).rstrip("\n")).resolve() != here

    def holds(self, commit: str, path: str) -> bool:
        """Whether a commit has something at a path, whatever it is."""
        return bool(self.git("ls-tree", "-z", "--full-tree", commit, "--", path))

    def changed(self, commit: str, paths: list[str]) -> dict[str, str]:
        """Of these files and folders, those that differ from a commit: added, modified or deleted."""
        words = {"A": "added", "D": "deleted"}
        listed = self.git("diff", "--name-status", "--no-renames", "--no-ext-diff", "-z", commit, "--", *paths)
        parts = [os.fsdecode(part) for part in listed.split(b"\0") if part]
        return {name: words.get(status, "modified") for status, name in zip(parts[::2], parts[1::2], strict=True)}

    def _commit(self, ref: str) -> str:
        found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return found.decode("ascii").strip()

    def _credentials(self) -> dict[str, str]:
        """The token for one fetch, where no other process can read it: as the checkout action would store it."""
        if not self.inputs.token:
            return {}
        basic = base64.b64encode(f"x-access-token:{self.inputs.token}".encode()).decode("ascii")
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self.inputs.server}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
        }
