"""Price a machine or a model before it is used: on demand, spot, committed, and what is cheaper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _options
from finops_guard.errors import InputError
from finops_guard.language.diagnostics import printable
from finops_guard.model import Notes

if TYPE_CHECKING:
    from finops_guard.costs.choices import Choice
    from finops_guard.costs.pricing import Pricer
    from finops_guard.model import Policy

_MONTH = "730"
_MANY = 10**9


def amount(_ctx: click.Context, _param: click.Parameter, value: str) -> Decimal:
    """A number above 0, of a size that can be multiplied."""
    try:
        found = Decimal(value)
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or not 0 < found < _MANY:
        raise click.BadParameter(f"'{printable(value)}' is not a number above 0 and below a billion")
    return found


@click.command()
@click.argument("type_", metavar="TYPE")
@click.option("--hours", default=_MONTH, callback=amount, envvar=(), show_default=True, help="How long each runs.")
@click.option(
    "--count", type=click.IntRange(1, _MANY), default=1, envvar=(), show_default=True, help="How many of them."
)
@click.option("--region", metavar="NAME", envvar=(), help="Where; without, where the newest price is from.")
@click.option("--cloud", type=_options.Word(("aws", "azure", "gcp")), envvar=(), help="Only types of this cloud.")
@click.option("--spot", is_flag=True, envvar=(), help="Compare as spot machines.")
@click.option("--live", is_flag=True, envvar=(), help="Ask AWS for its spot price, Azure for its list, now.")
@click.option(
    "--input-tokens", type=click.IntRange(0), metavar="N", envvar=(), help="TYPE is a model: tokens it reads."
)
@click.option("--output-tokens", type=click.IntRange(0), metavar="N", envvar=(), help="… and tokens it writes.")
@click.option("--provider", metavar="NAME", envvar=(), help="… and who serves it, if not its maker.")
@click.option("--budget", metavar="NAME", envvar=(), help="Say what is left of a budget of the policy, and then.")
@_options.costs
@click.option("--at", callback=_options.instant, metavar="TIME", help="As of a time: rate cards, and what is stale.")
@_options.policy
@_options.common("table", "json")
def command(
    type_: str,
    hours: Decimal,
    count: int,
    region: str | None,
    cloud: str | None,
    spot: bool,
    live: bool,
    input_tokens: int | None,
    output_tokens: int | None,
    provider: str | None,
    budget: str | None,
    costs: tuple[str, ...],
    at: datetime | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Price a machine or a model before it is used: on demand, spot, committed, and what is cheaper.

    `finops-guard estimate p5.48xlarge --region eu-west-2 --hours 72 --count 2` prints each price with its source and
    date (-v: where it was read). A price nobody gave is unknown, and says why. Cheaper types have as many accelerators
    of the same maker with as much memory; how fast they are is not compared. With a policy here (or -p) its rate cards,
    discounts and currency count.

    --budget says what the bill leaves of a budget, and what the choice leaves then; what runs now is not looked for.

    With --input-tokens or --output-tokens TYPE is a model, priced by the list of genai-prices (extra `tokens`).
    """
    now = at or datetime.now(UTC)
    from finops_guard.cli import _estimated

    if input_tokens is not None or output_tokens is not None:
        _estimated.tokens(type_, provider, input_tokens or 0, output_tokens or 0, shape)
        return
    if provider is not None:
        raise click.UsageError("--provider belongs to --input-tokens and --output-tokens")
    if costs and budget is None:
        raise click.UsageError("--costs belongs to --budget")
    policy = _policy(policy_path, now)
    with _pricer(policy, now, live=live) as (pricer, remarks):
        choice = _choice(pricer, policy, type_, cloud, region, spot=spot)
    for remark in () if quiet else remarks:
        click.echo(printable(remark), err=True)
    left = None
    if budget is not None:
        from finops_guard.cli import _left

        status = _left.status_of(budget, costs, policy_path, now)
        left = _left.left(status, choice, count, hours, policy.fx if policy else {})
    request = _estimated.Request(choice, count, hours, now.date(), left, asked=region, verbose=verbose)
    _estimated.machines(request, shape)


def _choice(
    pricer: Pricer, policy: Policy | None, type_: str, cloud: str | None, region: str | None, *, spot: bool
) -> Choice:
    from finops_guard.costs.choices import choose, in_currency

    choice = choose(type_, cloud, region, pricer, spot=spot)
    return in_currency(choice, policy.currency, policy.fx) if policy is not None and policy.currency else choice


def _policy(given: Path | None, now: datetime) -> Policy | None:
    """The policy asked for, or the one that is here; where several are, none: an estimate needs no policy."""
    from finops_guard.cli._policy import default_policy, policy_for

    try:
        path = given or default_policy(Path.cwd())
    except InputError:
        return None
    return policy_for(path, now.date()) if path else None


@contextmanager
def _pricer(policy: Policy | None, now: datetime, *, live: bool) -> Iterator[tuple[Pricer, list[str]]]:
    """The pricer, and the remarks of what it asks (filled as it does)."""
    from finops_guard.costs.pricing import Pricer, pricer_of

    with ExitStack() as stack:
        notes = Notes()
        asked = None
        if live:
            from finops_guard.cli._reach import reaching
            from finops_guard.costs.prices_now import Now

            asked = Now(stack.enter_context(reaching(Path.cwd(), now, notes)))
        yield Pricer(now.date(), live=asked) if policy is None else pricer_of(policy, now, live=asked), notes.remarks
