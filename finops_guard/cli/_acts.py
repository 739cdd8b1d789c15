"""What commands that act share: the state they act with, and how they say what came of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any, TypeVar

import click

from finops_guard.cli._policy import policy_for
from finops_guard.errors import InputError
from finops_guard.model import Notes, Outcome, Policy

if TYPE_CHECKING:
    from finops_guard.apply import Session
    from finops_guard.model import Identity
    from finops_guard.notify import Delivered
    from finops_guard.sources.aws._act import Acting
    from finops_guard.state.store import Store

Function = TypeVar("Function", bound=Callable[..., Any])


def now_utc() -> datetime:
    """The wall clock: acting always goes by it."""
    return datetime.now(UTC)


def person() -> str:
    """Who sits here, for what others read."""
    return f"{getuser()}@{gethostname()}"


def state(function: Function) -> Function:
    """`--state`."""
    return click.option("--state", metavar="URI", help="Where the state is, instead of the policy's.")(function)


@dataclass(frozen=True, slots=True)
class Desk:
    """A policy with its state."""

    policy: Policy
    store: Store


def desk(policy_path: Path | None, uri: str | None) -> Desk:
    """The policy and its state; InputError or LanguageError where one of them is not to be had."""
    from finops_guard import orders

    policy = policy_for(policy_path, now_utc().date())
    return Desk(policy, orders.state_of(policy, uri, os.environ))


@contextmanager
def acting(
    at: Desk, run: str, accounts: Iterable[str], *, some: bool = False
) -> Iterator[tuple[Session, Acting, tuple[Identity, ...]]]:
    """The right to act, and the verbs, for as long as the context. ActError while another has it.

    `some`: it is enough that some of the accounts can be entered.
    """
    from finops_guard import orders
    from finops_guard.advice import keep
    from finops_guard.apply import session

    keep.texts(at.store, at.policy)
    notes = Notes()
    with orders.verbs_of(at.policy, notes, now_utc(), os.environ) as verbs:
        who = identities(verbs, accounts, some=some)
        by = orders.by_whom(run)
        with session(at.store, run, now_utc, by=by, policy=at.policy, identities=who) as ours:
            yield ours, verbs, who


def spread(ours: Session) -> None:
    """Tell the policy's channels what was done, as a scan that acts does; what they did not take goes to stderr."""
    from finops_guard import notify
    from finops_guard.errors import GuardError

    ours.close()
    try:
        _say(notify.tell_acts(ours.store, ours.policy, os.environ, ours.now(), run=ours.run, head=ours.vouched()))
    except GuardError as wrong:
        click.echo(f"not all that was done could be told: {wrong.what}; the next run tells it", err=True)


def alarm(at: Desk) -> None:
    """Alert the policy's channels to a halt, or to what lifted it."""
    from finops_guard import notify
    from finops_guard.errors import GuardError
    from finops_guard.state.journal import newest_seal

    try:
        _say(notify.tell_halts(at.store, at.policy, os.environ, now_utc(), head=newest_seal(at.store)[1]))
    except GuardError as wrong:
        click.echo(f"the channels could not be told: {wrong.what}; the next run tells them", err=True)


def _say(delivered: Delivered) -> None:
    from finops_guard.language.diagnostics import printable

    for channel, what in dict.fromkeys(delivered.errors):
        click.echo(printable(f"channel {channel}: {what}"), err=True)


def caller(verbs: Acting) -> Identity:
    """Who we are by our own credentials: roles that are assumed in accounts are the same for all of us."""
    from finops_guard.sources.aws._errors import Unreadable

    try:
        return verbs.caller()
    except Unreadable as wrong:
        raise InputError(f"aws does not say who we are: {wrong.reason}") from None


def identities(verbs: Acting, accounts: Iterable[str], *, some: bool = False) -> tuple[Identity, ...]:
    """Who we are in each account; InputError where one of them cannot be entered, with `some` where none can."""
    from finops_guard.sources.aws._errors import Unreadable

    who, wrong = [], None
    for account in sorted(accounts):
        try:
            who.append(verbs.identity(account))
        except Unreadable as error:
            wrong = wrong or f"aws {account} cannot be acted on: {error.reason}"
    if wrong and not (some and who):
        raise InputError(wrong, help="Use the credentials of the account that was scanned.")
    return tuple(who)


@dataclass(frozen=True, slots=True)
class Row:
    """One act, as it is told."""

    verb: str
    resource: str
    outcome: Outcome


def tell(run: str, rows: Sequence[Row], short: Sequence[str], shape: str, *, lasting: Sequence[str] = ()) -> None:
    """What came of it, to stdout. `lasting` are step ids of what no verb can put back."""
    if shape == "json":
        import json

        click.echo(json.dumps(_document(run, rows, short, lasting), indent=1, default=str))
        return
    from finops_guard.cli._paint import painter, write
    from finops_guard.language.diagnostics import printable

    paint = painter()
    colours = {"done": "green", "failed": "red", "refused": "yellow", "skipped": "dim"}
    for row in rows:
        state_ = row.outcome.state
        because = f"  {printable(row.outcome.error)}" if row.outcome.error else ""
        write(f"{paint(colours.get(state_, 'bold'), f'{state_:<9}')} {row.verb:<14} {printable(row.resource)}{because}")
    for why in short:
        write(paint("red", printable(why)))
    states = Counter(row.outcome.state for row in rows)
    counts = [f"{states[name]} {name}" for name in ("done", "skipped", "failed", "refused")]
    counts += [f"{states['scheduled']} not now"] if states["scheduled"] else []
    write(f"run {run}: {', '.join(counts)}" + (f", {len(lasting)} cannot be put back" if lasting else ""))


def _document(run: str, rows: Sequence[Row], short: Sequence[str], lasting: Sequence[str]) -> Mapping[str, object]:
    return {
        "schema": "finops-guard/acts/1",
        "run": run,
        "acts": [
            {
                "step": row.outcome.step,
                "do": row.verb,
                "resource": row.resource,
                "state": row.outcome.state,
                "because": row.outcome.error,
                "before": row.outcome.before,
                "after": row.outcome.after,
            }
            for row in rows
        ],
        "short": list(short),
        "lasting": list(lasting),
    }


def new_run(at: datetime) -> str:
    """An id for a run that begins now: runs sort by it."""
    import secrets

    return f"{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
