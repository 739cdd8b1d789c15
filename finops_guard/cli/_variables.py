"""`--var NAME=VALUE` and `--var-file FILE`: values of the variables of what is scanned, a later one wins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.sources.iac._given import Given

Function = TypeVar("Function", bound=Callable[..., Any])
_ORDER = "finops_guard.cli.variables"


class InOrder(click.Command):
    """A command that remembers in which order the two were given: click keeps each option's values by themselves."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, and the options as they came to `ctx.meta`."""
        _, _, came = self.make_parser(ctx).parse_args(args=[*args])
        ctx.meta[_ORDER] = [param.name for param in came if param.name in {"pairs", "var_files"}]
        return super().parse_args(ctx, args)


class NamedValue(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE`; in the environment one a line."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:  # noqa: ANN401 - click's
        """The name and the text, which may be empty and is kept as it is."""
        name, equals, text = str(value).partition("=")
        if not equals or not name.strip():
            self.fail(f"'{printable(str(value))}' is not NAME=VALUE, for example team=vision", param, ctx)
        return name.strip(), text

    def split_envvar_value(self, rv: str) -> list[str]:
        """One a line: a value may hold blanks."""
        return [line for line in (rv or "").splitlines() if line.strip()]


def variables(function: Function) -> Function:
    """Both options, as `pairs` and `var_files`; the command is `InOrder`."""
    for option in (
        click.option(
            "--var-file",
            "var_files",
            multiple=True,
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Infrastructure as code: a file of values (.tfvars, a template's parameters); repeatable.",
        ),
        click.option(
            "--var",
            "pairs",
            multiple=True,
            type=NamedValue(),
            metavar="NAME=VALUE",
            help="Infrastructure as code: the value of a variable; repeatable, the last one wins.",
        ),
    ):
        function = option(function)
    return function


def given(ctx: click.Context, pairs: tuple[tuple[str, str], ...], files: tuple[Path, ...]) -> Given:
    """What was given, in its order; what only the environment gives comes first, files before pairs."""
    from finops_guard.sources.iac._given import Given

    left: dict[str, list[tuple[str, str] | Path]] = {"pairs": [*pairs], "var_files": [*files]}
    came: list[str] = ctx.meta.get(_ORDER, [])
    items = [left[name].pop(0) for name in came]
    return Given((*left["var_files"], *left["pairs"], *items))
