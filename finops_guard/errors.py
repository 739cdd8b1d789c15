"""Everything that can go wrong, and the exit code each family carries.

GuardError
├── InputError   2   usage, a policy, a pack or an input that cannot be used
├── ScanError    3   a scan that could not look at everything
└── ActError     4   an act that failed or was refused part of the way
"""

from __future__ import annotations

from typing import ClassVar


class GuardError(Exception):
    """Root of every error we raise on purpose: `what` went wrong, then one line of `help`."""

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, help: str | None = None) -> None:  # noqa: A002 - the reader's word
        super().__init__(what)
        self.what = what
        self.help = help


class InputError(GuardError):
    """Usage, policy, pack or input error: nothing was read from a cloud, nothing was done."""

    exit_code = 2


class ScanError(GuardError):
    """A scan that could not start or could not look at everything it was told to."""

    exit_code = 3


class ActError(GuardError):
    """An act that failed or was refused."""

    exit_code = 4
