"""Colour on stdout, where it is wanted: `rich` costs a tenth of a second, these commands need four styles."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def painter() -> Callable[[str, str], str]:
    """A function (style, text) that colours text for stdout, or leaves it as it is.

    Text of strangers must be made printable before.
    """
    from finops_guard.outputs._screen import coloured

    if not coloured(sys.stdout, os.environ):
        return lambda _style, text: text
    return lambda style, text: f"\x1b[{_CODES[style]}m{text}\x1b[0m" if text else text


def write(*lines: str) -> None:
    """Lines to stdout; what its encoding cannot carry is written in plain letters."""
    from finops_guard.outputs._escape import encoding_of, fitted

    for line in lines:
        sys.stdout.write(fitted(line, encoding_of(sys.stdout)) + "\n")


def write_json(data: object) -> None:
    """JSON to stdout; pure ASCII, so it holds no control byte."""
    import json

    sys.stdout.write(json.dumps(data, indent=2) + "\n")
