"""Progress on stderr: a bar on a terminal (none on a dumb one), otherwise a line every ten seconds, or each with -v."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 10.0
Say = Callable[[str, int, int], None]


@contextmanager
def progress(*, quiet: bool, verbose: bool = False) -> Iterator[Say]:
    """A function (what, done, total) that a source calls as it goes; total 0 when it is not known."""
    if quiet:
        yield lambda _what, _done, _total: None
    elif verbose:
        yield _lines(0)
    elif sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        with _bar() as say:
            yield say
    else:
        yield _lines(EVERY)


def _lines(every: float) -> Say:
    from finops_guard.language.diagnostics import printable

    last = time.monotonic()

    def say(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            share = f"{done}/{total}" if total else str(done)
            sys.stderr.write(f"{share} {printable(what)}\n")

    return say


@contextmanager
def _bar() -> Iterator[Say]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    from finops_guard.language.diagnostics import printable
    from finops_guard.outputs._screen import coloured

    colour = coloured(sys.stderr, os.environ)
    console = Console(stderr=True, color_system="standard" if colour else None, no_color=not colour)
    columns = (SpinnerColumn(), BarColumn(30), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def say(what: str, done: int, total: int) -> None:
            bars.update(task, description=escape(printable(what)), completed=done, total=total or None)

        yield say
