"""A checkout of a request for one part of the Action, without the whole of it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.action.base import Repository
from tools.action.inputs import read

_SETTINGS = ("user.name=a", "user.email=a@b.example", "protocol.file.allow=always")


@dataclass
class Checkout:
    top: Path

    @classmethod
    def made(cls, top: Path) -> Checkout:
        top.mkdir(parents=True)
        made = cls(top)
        made.git("init", "--quiet", "--initial-branch=main")
        return made

    def git(self, *arguments: str) -> str:
        settings = [part for each in _SETTINGS for part in ("-c", each)]
        ran = subprocess.run(
            ["git", *settings, *arguments],  # noqa: S607 - git itself
            cwd=self.top, env={"PATH": os.environ["PATH"], "HOME": str(self.top)}, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return ran.stdout.strip()

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def asked(self, **environ: str) -> Repository:
        return Repository(read({"GITHUB_WORKSPACE": str(self.top), "RUNNER_TEMP": str(self.top.parent), **environ}))
