"""Print the script by which a shell completes commands, options and values."""

from __future__ import annotations

import sys

import click

from finops_guard.cli import _options

SHELLS = ("bash", "zsh", "fish")
COMMAND = "finops-guard"
ASKED_BY = "_FINOPS_GUARD_COMPLETE"
"""The variable by which such a script asks for completions: click's own protocol."""


@click.command()
@click.argument("shell", type=_options.Word(SHELLS))
@_options.common("text")
def command(shell: str, shape: str, quiet: bool, verbose: bool) -> None:
    """Print the script by which a shell completes commands, options and values.

    \b
    bash (4.4 or newer), in ~/.bashrc:
        eval "$(finops-guard completion bash)"
    zsh, in ~/.zshrc after compinit:
        eval "$(finops-guard completion zsh)"
    fish, once:
        cd ~/.config/fish/completions
        finops-guard completion fish > finops-guard.fish
    """  # noqa: D301 - click takes the backspace itself, for lines it shall not join
    del shape, quiet, verbose
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click does not complete in {shell}")
    root = click.get_current_context().find_root().command
    sys.stdout.write(kind(root, {}, COMMAND, ASKED_BY).source().strip() + "\n")
