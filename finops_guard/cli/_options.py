"""What every command takes: `-f`, `-q`, `-v`, `--no-color`, and those that read a policy `-p`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click

from finops_guard.language.diagnostics import printable
from finops_guard.language.near import suggest

Function = TypeVar("Function", bound=Callable[..., Any])


class Word(click.ParamType[str]):
    """One of a few words; another is refused with a did-you-mean."""

    name = "name"

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's
        """The word itself."""
        if value in self.words:
            return str(value)
        near = suggest(str(value), self.words)
        hint = f" (did you mean '{near}'?)" if near else ""
        raise click.BadParameter(f"'{printable(str(value))}' is not one of {', '.join(self.words)}{hint}", ctx, param)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The words, for `--help`."""
        del param, ctx
        return f"[{'|'.join(self.words)}]"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Words that begin so."""
        from click.shell_completion import CompletionItem

        del ctx, param
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


def no_color(_ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """`--no-color` is NO_COLOR for this run."""
    if value:
        os.environ["NO_COLOR"] = "1"


def instant(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """`--at`: ISO 8601, UTC unless it says otherwise."""
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        message = f"'{printable(value)}' is not a time; write 2026-11-25 or 2026-11-25T09:00:00Z"
        raise click.BadParameter(message) from None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def day_end(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """`--to`, `--until`: a day counts to its end, a time to itself."""
    when = instant(ctx, param, value)
    whole = value is not None and "T" not in value and " " not in value
    return when + timedelta(days=1) if when is not None and whole else when


def manners(function: Function) -> Function:
    """`-q`, `-v` and `--no-color`."""
    for option in (
        click.option(
            "--no-color", is_flag=True, callback=no_color, expose_value=False, is_eager=True, help="No colour."
        ),
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="Only the result."),
    ):
        function = option(function)
    return function


def common(*formats: str) -> Callable[[Function], Function]:
    """`-f` (as `shape`; the first is the default) and the manners.

    FINOPS_GUARD_FORMAT is about a scan's report, so it does not choose among the formats of other commands.
    """

    def added(function: Function) -> Function:
        option = click.option(
            "-f",
            "--format",
            "shape",
            type=Word(formats),
            default=formats[0],
            envvar=(),
            show_default=True,
            help="What goes to stdout.",
        )
        return option(manners(function))

    return added


def policy(function: Function) -> Function:
    """`-p`, as `policy_path`."""
    return click.option(
        "-p", "--policy", "policy_path", type=click.Path(path_type=Path), metavar="FILE", help="Policy file."
    )(function)


def costs(function: Function) -> Function:
    """`--costs`, as `costs`: cost files or addresses, instead of what the policy names."""
    return click.option(
        "--costs", multiple=True, metavar="PATH", help="Cost data (FOCUS, CUR, …), instead of the policy's; repeatable."
    )(function)


def max_api_cost(function: Function) -> Function:
    """`--max-api-cost`, as `max_api_cost`: Decimal of US dollars, or None."""
    return click.option(
        "--max-api-cost", type=Dollars(), metavar="USD", help="The most that asking billing APIs may cost in this run."
    )(function)


class Dollars(click.ParamType[Decimal]):
    """An amount of US dollars."""

    name = "usd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:  # noqa: ANN401 - click's
        """The amount."""
        text = str(value)
        if not text.isascii() or not text.replace(".", "", 1).isdigit():
            raise click.BadParameter(f"'{printable(text)}' is no amount of US dollars, for example 0.50", ctx, param)
        return Decimal(text)


def counted(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
