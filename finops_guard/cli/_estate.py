"""What a command looks at: its targets and the policy for them, with the sandbox running where it is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from finops_guard.cli._policy import policy_for
from finops_guard.errors import InputError
from finops_guard.model import Policy

SANDBOX = "sandbox"


class Target(click.ParamType[str]):
    """A target; a shell completes the words, and files."""

    name = "target"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Clouds that are read and the sandbox, then whatever the shell finds."""
        from click.shell_completion import CompletionItem

        from finops_guard.sources.targets import READ

        del ctx, param
        words = [CompletionItem(word) for word in (*READ, SANDBOX) if word.startswith(incomplete)]
        return [*words, CompletionItem(incomplete, type="file")]


@contextmanager
def estate(
    targets: tuple[str, ...], policy_path: Path | None, at: datetime
) -> Iterator[tuple[Policy, tuple[str, ...]]]:
    """The policy and the targets; for the sandbox with its estate running and the environment leading to it.

    Without a policy a target is judged by the built-in starter. LanguageError with every mistake of the policy.
    """
    if SANDBOX not in targets:
        yield policy_for(policy_path, at.date(), starter=bool(targets)), targets
        return
    if len(targets) > 1:
        raise InputError("the sandbox is scanned alone")
    from finops_guard.sources import sandbox

    given = policy_for(policy_path, at.date()) if policy_path else None  # a mistake is said before an estate starts
    with ExitStack() as stack:
        try:
            box = stack.enter_context(sandbox.start(now=at))
        except ImportError as error:
            message = f"the sandbox needs the package {error.name}"
            raise InputError(message, help="pip install 'finops-guard-engine[sandbox]'") from None
        stack.enter_context(sandbox.applied(box.environment))
        yield given or policy_for(box.policy_path, at.date()), ("aws",)
