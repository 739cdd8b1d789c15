"""Which policy a command works with."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import LanguageError
from finops_guard.language.library import shipped_names
from finops_guard.language.policy import check_policy
from finops_guard.model import Policy

STARTER = "starter"


def default_policy(here: Path) -> Path | None:
    """`finops-guard.yaml`, else the only file in `policies/`; None when there is neither, InputError for several."""
    single = here / "finops-guard.yaml"
    if single.is_file():
        return single
    several = sorted([*(here / "policies").glob("*.yaml"), *(here / "policies").glob("*.yml")])
    if len(several) > 1:
        names = ", ".join(path.name for path in several)
        raise InputError(f"policies/ holds several policies: {names}", help="choose one with -p policies/NAME")
    return several[0] if several else None


def policy_for(given: Path | None, today: date, *, starter: bool = False) -> Policy:
    """The policy given, else the default one, else (with `starter`) the built-in read-only starter.

    Warnings go to stderr; LanguageError with every mistake.
    """
    path = given or default_policy(Path.cwd())
    if path is None and starter:
        path = shipped_names("policies")[STARTER]
    if path is None:
        raise InputError("no policy here", help="give one with -p, or write one with finops-guard init")
    policy, problems = check_policy(path, today)
    errors = [problem for problem in problems if not problem.warning]
    if errors or policy is None:
        raise LanguageError(errors)
    for problem in problems:
        click.echo(str(problem), err=True)
    return policy
