"""Where a report goes: one output to stdout, others to files that can be written, which shows before a scan begins."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.model import Report


class Format(click.ParamType[str]):
    """The name of an output; unknown ones are refused with a did-you-mean."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's
        """The name itself."""
        from finops_guard.outputs import load

        try:
            load(str(value))
        except InputError as error:
            self.fail(f"{error.what}; {error.help}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Names that begin so."""
        from click.shell_completion import CompletionItem

        from finops_guard.outputs import names

        del ctx, param
        return [CompletionItem(name) for name in names() if name.startswith(incomplete)]


class NamedFile(click.ParamType[tuple[str, Path]]):
    """`NAME=FILE`: an output, and a file that can be written."""

    name = "NAME=FILE"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, Path]:
        """The output's name and the file."""
        name, equals, path = str(value).partition("=")
        if not equals or not path:
            self.fail(f"'{printable(str(value))}' is not NAME=FILE, for example json=report.json", param, ctx)
        return Format().convert(name, param, ctx), Path(path)


def writable(path: Path) -> None:
    """InputError for a file that cannot be written."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: no such folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written: permission denied")


def check(files: tuple[tuple[str, Path], ...], *others: Path | None) -> None:
    """InputError for a file that cannot be written, or that two outputs would write."""
    paths = [*(path for _, path in files), *(path for path in others if path is not None)]
    for path in paths:
        writable(path)
        if sum(path.absolute() == other.absolute() for other in paths) > 1 and not path.is_char_device():
            raise InputError(f"{path}: several outputs would go to this one file")


def write(report: Report, shape: str, files: tuple[tuple[str, Path], ...]) -> None:
    """The files, then stdout."""
    from finops_guard.outputs import load

    for name, path in files:
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                load(name).render(report, file)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        load(shape).render(report, sys.stdout)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # the latter is rich's; the exit code still says what was found
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
