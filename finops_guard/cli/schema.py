"""Print the JSON Schema of packs, policies, test files or reports."""

from __future__ import annotations

import sys

import click

from finops_guard.cli import _options


@click.command()
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="Say which schemas there are.")
@_options.common("json")
def command(name: str | None, listed: bool, shape: str, quiet: bool, verbose: bool) -> None:
    """Print the JSON Schema of packs, policies, test files or reports.

    An editor completes from it: the first line of each of our files names it. Without NAME: which schemas there are.
    """
    del shape, quiet, verbose
    from finops_guard.language.library import shipped

    found = {path.stem: path for path in sorted(shipped("schema").glob("*.json"))}
    if name is None or listed:
        for known in found:
            click.echo(known)
        return
    word = _options.Word(tuple(found)).convert("tests" if name == "test" else name, None, None)
    sys.stdout.write(found[word].read_text("utf-8"))
