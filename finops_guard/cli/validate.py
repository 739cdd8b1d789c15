"""Check packs, policies and test files: every mistake, where it stands and what was meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _options
from finops_guard.cli._not_yet import not_yet
from finops_guard.language.diagnostics import Diagnostic, LanguageError, printable

if TYPE_CHECKING:
    from finops_guard.model import Policy


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@_options.policy
@_options.common("text", "json")
def command(paths: tuple[Path, ...], policy_path: Path | None, shape: str, quiet: bool, verbose: bool) -> None:
    """Check packs, policies and test files: every mistake, where it stands and what was meant.

    PATH is a file, or a folder with such files; without any: the policy here, policies/ and rules/. What a file is
    shows from its content. The packs and rate cards that a policy uses are checked with it. No cloud is asked.

    Exit 2 when something is wrong.
    """
    from finops_guard.cli._files import chosen
    from finops_guard.language.files import load_files

    files = load_files(chosen(paths, policy_path), datetime.now(UTC).date())
    files.problems += [*_rate_cards(files.policies.values()), *not_yet(files.policies)]
    problems = files.errors if quiet else files.problems
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json([record(problem) for problem in problems])
    else:
        _write(problems)
    if verbose:
        for name in dict.fromkeys((*files.names, *files.packs)):
            click.echo(f"read {printable(name)}", err=True)
    if not quiet:
        counts = [
            _options.counted(len({*files.names, *files.packs}), "file"),
            _options.counted(sum(len(pack.rules) for pack in files.packs.values()), "rule"),
            _options.counted(len(files.errors), "error"),
            *([_options.counted(len(files.warnings), "warning")] if files.warnings else []),
        ]
        click.echo(", ".join(counts), err=True)
    if files.errors:
        raise click.exceptions.Exit(2)


def _rate_cards(policies: Iterable[Policy]) -> Iterator[Diagnostic]:
    """What is wrong with the rate cards of policies."""
    for policy in policies:
        if policy.rates.cards:
            from finops_guard.costs.rate_cards import load

            try:
                load(policy.rates.cards, Path(policy.path).parent)
            except LanguageError as wrong:
                yield from wrong.diagnostics


def record(problem: Diagnostic) -> dict[str, object]:
    """A diagnostic for a program."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": "warning" if problem.warning else "error",
        "message": problem.message,
        "hint": problem.hint,
    }


def _write(problems: list[Diagnostic]) -> None:
    from finops_guard.cli._paint import painter, write

    paint = painter()
    for problem in problems:
        head, *rest = str(problem).split("\n")
        level, style = ("warning", "yellow") if problem.warning else ("error", "red")
        place, _, message = head.partition(f": {level}: ")
        write(f"{paint('bold', place)}: {paint(style, level)}: {paint('bold', message)}", *rest)
