"""Command lines for whoever reads a result: they work where they are pasted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from finops_guard.language.diagnostics import printable


def again(*words: str, policy: Path | None = None, costs: Sequence[str] = ()) -> str:
    """`finops-guard` with these words, then what the command before was given of cost data and of a policy.

    Only what was typed: the policy of the sandbox is gone with it, and the default one is found again.
    """
    given = [*(part for path in costs for part in ("--costs", path)), *(("-p", str(policy)) if policy else ())]
    return printable(shlex.join(("finops-guard", *words, *given)))
