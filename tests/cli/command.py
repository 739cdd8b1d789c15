"""The command as a user has it, in this process: faster than a new one, and under the same network guard."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from finops_guard.cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str


def finops_guard(*args: object) -> Ran:
    """Run it, with text streams that are no terminal."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["finops-guard", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            main()
    return Ran(_code(stop.value.code), _text(out), _text(err))


def _code(code: Any) -> int:
    return code if isinstance(code, int) else 0


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
