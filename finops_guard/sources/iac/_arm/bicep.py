"""Bicep through its own compiler, where that is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finops_guard.errors import InputError

SUFFIXES = (".bicep", ".bicepparam")
_BUILD_SECONDS = 120


@contextmanager
def built(file: Path) -> Iterator[Path]:
    """The template that `bicep build` makes of a file. InputError where it makes none."""
    if file.suffix.casefold() == ".bicepparam":
        raise InputError(f"{file}:1:1: a parameter file of Bicep", help="Name the template that it is for.")
    compiler = shutil.which("bicep")
    if compiler is None:
        raise InputError(
            f"{file}:1:1: Bicep is read through its compiler, and there is no `bicep` on the PATH",
            help=f"bicep build {file.name}, then scan the JSON it writes.",
        )
    try:
        done = subprocess.run(  # noqa: S603 - the compiler, with a file as its one argument and no shell
            [compiler, "build", "--stdout", "--no-restore", str(file.resolve())],
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{file}:1:1: bicep could not be run: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"it ended with {done.returncode}"]
        raise InputError(f"{file}:1:1: bicep does not build it: {said[0][:500]}")
    with tempfile.TemporaryDirectory(prefix="finops-guard-") as folder:
        made = Path(folder) / "main.json"
        made.write_bytes(done.stdout)
        yield made
