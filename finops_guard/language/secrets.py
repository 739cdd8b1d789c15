"""Secrets: a policy holds only their names, `$env.NAME`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from finops_guard.errors import InputError

_NAME = re.compile(r"\$env\.([A-Za-z_][A-Za-z0-9_]*)")


def resolve(value: str, environ: Mapping[str, str]) -> str:
    """The value itself, or of the variable that `$env.NAME` names; InputError (never with a value) if it is not set."""
    match = _NAME.fullmatch(value)
    if match is None:
        return value
    if match[1] not in environ:
        raise InputError(
            f"the policy names {value}, and the environment has no {match[1]}", help=f"export {match[1]}=…"
        )
    return environ[match[1]]
