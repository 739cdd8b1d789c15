"""`docs/cli.md` and the part of README.md that quotes `--help`, made from the commands themselves."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from inspect import cleandoc

import click

from finops_guard.cli.main import group

BEGIN = "<!-- finops-guard --help, written by python -m finops_guard.docs -->"
END = "<!-- end of help -->"
_WIDTH = 100
_ENTITIES = str.maketrans({"|": "\\|", "<": "&lt;", ">": "&gt;", "*": "\\*", "_": "\\_"})
EXITS = (
    ("0", "All is well, or what was found is below `--fail-on`."),
    ("1", "Findings: an unexempted failure at or above `--fail-on`; a test that failed."),
    ("2", "Usage, a policy, a pack or an input that cannot be used. Nothing was read from a cloud."),
    ("3", "The scan is incomplete: a cell (account × region × type) was not read, and the policy does not expect it."),
    ("4", "An act failed part of the way, or one that was due was refused."),
    ("130", "Interrupted."),
)
_HEAD = f"""\
# The command line

Written by `python -m finops_guard.docs` from the commands themselves.

The result goes to stdout, everything else to stderr. There is no colour and no control byte unless stdout is a
terminal; `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are honoured. Nothing is sent anywhere but to the clouds in scope.

## Exit codes

| code | meaning |
|---|---|
{"".join(f"| `{code}` | {meaning} |{chr(10)}" for code, meaning in EXITS)}
If several hold: 2, 4, 3, 1. The report is written first, whatever the code.
"""


def cli_page() -> str:
    """The whole of `docs/cli.md`."""
    context = click.Context(group, info_name="finops-guard")
    commands = {name: _described(context, name) for name in group.list_commands(context)}
    with_options = [rows for _, rows in commands.values() if rows]
    everywhere = [row for row in with_options[0] if all(row in rows for rows in with_options)]
    parts = [_HEAD, "## Every command", *_table(everywhere)]
    for name, (about, rows) in commands.items():
        parts += [f"## {name}", *about, *_table([row for row in rows if row not in everywhere])]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def readme(text: str) -> str:
    """README.md with the help between its two marks as it is now. ValueError without the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n```\n{_listing()}\n```\n{END}{after}"


def _listing() -> str:
    """The commands with what each is good for, as `finops-guard --help` has them."""
    context = click.Context(group, info_name="finops-guard", terminal_width=_WIDTH, max_content_width=_WIDTH)
    formatter = context.make_formatter()
    group.format_commands(context, formatter)
    group.format_epilog(context, formatter)
    return textwrap.dedent(formatter.getvalue()).strip()


def _described(parent: click.Context, name: str) -> tuple[list[str], list[str]]:
    """A command's usage and help, and the rows of its options."""
    command = group.get_command(parent, name)
    if command is None:
        raise LookupError(name)
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    rows = [_row(context, option) for option in command.params if isinstance(option, click.Option)]
    return [f"```\n{usage}\n```", *_paragraphs(command.help or "")], rows


def _table(rows: list[str]) -> list[str]:
    return ["\n".join(["| option | | variable |", "|---|---|---|", *rows])] if rows else []


def _paragraphs(help_text: str) -> Iterator[str]:
    """Help as Markdown: paragraphs are joined, what click leaves as it is stays a block."""
    for paragraph in re.split(r"\n\s*\n", cleandoc(help_text).strip()):
        if paragraph.startswith("\b"):
            yield f"```\n{paragraph.removeprefix(chr(8)).strip(chr(10))}\n```"
        else:
            lines = textwrap.wrap(_prose(" ".join(paragraph.split())), 119, break_on_hyphens=False)
            yield "\n".join(lines)


def _prose(text: str) -> str:
    """Text outside backticks with what Markdown would take for markup written out."""
    parts = text.split("`")
    return "`".join(part if place % 2 else part.translate(_ENTITIES) for place, part in enumerate(parts))


def _row(context: click.Context, option: click.Option) -> str:
    names, about = option.get_help_record(context) or ("", "")
    variable = f" `{option.envvar}`" if isinstance(option.envvar, str) else ""
    return f"| `{names.replace('|', chr(92) + '|')}` | {_prose(' '.join(about.split()))} |{variable} |"
