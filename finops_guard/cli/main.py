"""`finops-guard`: finds the command's module, runs it, and turns every error into its exit code."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from pkgutil import iter_modules

import click

from finops_guard import __version__, cli
from finops_guard.errors import GuardError
from finops_guard.language.diagnostics import printable
from finops_guard.language.near import suggest

EPILOG = """\b
Exit codes: 0 ok · 1 findings · 2 usage, policy or input error ·
3 scan incomplete · 4 an act failed or was refused · 130 interrupted.
If several hold: 2, 4, 3, 1."""
INTERRUPTED = 130
INTERNAL = 2
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_NO_FOLDER = "No usable temporary directory"
"""How Python says that neither TMPDIR nor the usual folders can be written."""


class Commands(click.Group):
    """Every module of this package without `_` (and but this one) is a command that holds `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in alphabetical order."""
        del ctx
        return sorted(m.name for m in iter_modules(cli.__path__) if m.name != "main" and not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; click says no such command otherwise."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"finops_guard.cli.{cmd_name}").command
        for option in command.params:
            if isinstance(option, click.Option) and option.envvar is None:
                option.envvar = _variable(option)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a did-you-mean of ours."""
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            near = suggest(args[0], self.list_commands(ctx))
            hint = f" (did you mean '{near}'?)" if near else ""
            raise click.UsageError(f"no such command '{printable(args[0])}'{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands with the first line of their module's docstring, without importing them."""
        rows = [(name, _summary(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _variable(option: click.Option) -> str:
    """The environment variable of an option, the same for every command: `--fail-on` is FINOPS_GUARD_FAIL_ON."""
    return "FINOPS_GUARD_" + max(option.opts, key=len).removeprefix("--").replace("-", "_").upper()


def _summary(name: str) -> str:
    """The first docstring line of a command's module, read from its source."""
    from importlib.util import find_spec

    spec = find_spec(f"finops_guard.cli.{name}")
    if spec is None or spec.origin is None:
        return ""
    with open(spec.origin, encoding="utf-8") as source:  # noqa: PTH123 - pathlib costs more than the read
        return source.readline().strip().strip('"').removesuffix(".")


@click.group(
    cls=Commands,
    epilog=EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(__version__, prog_name="finops-guard", message="%(prog)s %(version)s")
def group() -> None:
    """Policy as code for tags and budgets of AI workloads on AWS, Azure and GCP.

    Try `finops-guard scan sandbox`: it judges a made-up company on this machine and touches no cloud.
    """


def main() -> None:
    """The command's entry point."""
    code = 0
    try:
        code = run()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough; the rest goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run() -> int:
    """Run the command; its exit code, every error told on stderr."""
    try:
        code = group.main(prog_name="finops-guard", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except GuardError as error:
        show(error)
        return error.exit_code
    except SystemExit as stop:  # how rich says it
        raise BrokenPipeError from stop
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("FINOPS_GUARD_DEBUG"):
            raise
        return _unforeseen(error)
    return code if isinstance(code, int) else 0


def _unforeseen(error: Exception) -> int:
    """A disk that takes no more, which is nobody's bug, or a bug of ours: Python would exit 1, which means findings."""
    if isinstance(error, OSError) and (error.errno in _NO_ROOM or _NO_FOLDER in str(error)):
        click.echo(f"error: {printable(str(error.strerror or error))}", err=True)
        click.echo("Temporary files need room; TMPDIR names the folder for them.", err=True)
        return INTERNAL
    click.echo(f"internal error: {type(error).__name__}: {printable(str(error))}", err=True)
    click.echo("please report it; FINOPS_GUARD_DEBUG=1 shows where", err=True)
    return INTERNAL


def show(error: GuardError) -> None:
    """An error on stderr: what is wrong, then one line of help."""
    from finops_guard.language.diagnostics import LanguageError

    text = error.what if isinstance(error, LanguageError) else f"error: {printable(error.what)}"
    click.echo(text, err=True)
    if error.help:
        click.echo(printable(error.help), err=True)


if __name__ == "__main__":
    main()
