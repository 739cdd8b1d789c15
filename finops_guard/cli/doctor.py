"""Say what cannot be judged, how to mend it, and the money it hides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _acts, _doctored, _options
from finops_guard.cli._estate import SANDBOX, Target

if TYPE_CHECKING:
    from finops_guard.advice.checkup import Trouble
    from finops_guard.model import Policy, Report


@click.command()
@click.argument("target", required=False, metavar="[TARGET]", type=Target())
@click.option(
    "--permissions", is_flag=True, envvar=(), help="Print the IAM policy of the role that scans, and do nothing else."
)
@click.option("--journal", is_flag=True, envvar=(), help="Check that the journal of acts is as it was written.")
@click.option("--head", metavar="HASH", envvar=(), help="With --journal: a hash that a notice carried must be there.")
@click.option(
    "--compact",
    is_flag=True,
    envvar=(),
    help="Fold the episodes of the state into one object, and older snapshots into Parquet.",
)
@_acts.state
@_options.policy
@_options.common("text", "json")
def command(
    target: str | None,
    permissions: bool,
    journal: bool,
    head: str | None,
    compact: bool,
    state: str | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Say what cannot be judged, how to mend it, and the money it hides.

    Looks at this installation, the policy and the login, then scans TARGET (as `scan` does, aws when there is no policy
    either; nothing is written to a cloud) and says what was not read, what is unknown and why, which rules were judged
    nowhere, and what has no price.

    Exit 0 when a scan is complete, though some of what is listed may be worth mending; 2 when the policy does not load;
    3 when a scan is not complete.

    With --journal, looks at the journal in the state instead: every line carries the hash of the one before, every run
    is sealed, and a HASH that went out with a notice tells whether all of it was written anew. Exit 2 when a line was
    deleted, altered or written anew; runs that are open and acts without an outcome are named. --compact keeps a state
    small (a run's inventory once a day has passed, as versions in Parquet, with the extra `costs`); it takes the lease,
    as a run that acts does.
    """
    if journal or compact or head is not None:
        raise click.exceptions.Exit(_of_state(policy_path, state, head, shape, verbose=verbose, compact=compact))
    if permissions:
        from finops_guard.cli._paint import write_json

        write_json(_doctored.iam_policy())
        return
    diagnosis = examine(target, policy_path, quiet=quiet)
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json(_doctored.record(diagnosis))
    else:
        _doctored.write(diagnosis, everything=verbose)
    raise click.exceptions.Exit(diagnosis.exit_code)


def _of_state(
    policy_path: Path | None, state: str | None, head: str | None, shape: str, *, verbose: bool, compact: bool
) -> int:
    from finops_guard.cli import _journal
    from finops_guard.cli._state import reading

    if compact and head is not None:
        raise click.UsageError("--head belongs to --journal")
    store = reading(policy_path, state)
    if compact:
        _journal.compact(store, shape)
        return 0
    return _journal.check(store, head, shape, everything=verbose)


def examine(target: str | None, policy_path: Path | None, *, quiet: bool = True) -> _doctored.Diagnosis:
    """Look at everything, as far as one thing's trouble lets the next one be looked at.

    Without a target and a policy, at the account of the credentials, as `scan aws` does.
    """
    from finops_guard.cli._installation import installation
    from finops_guard.cli._policy import default_policy
    from finops_guard.language.diagnostics import LanguageError

    if target is None and policy_path is None and default_policy(Path.cwd()) is None:
        target = "aws"
    diagnosis = _doctored.Diagnosis(troubles=[*installation(_extras(target))])
    if any(trouble.blocks for trouble in diagnosis.troubles):
        return diagnosis
    try:
        found, diagnosis.report = _scanned(target, policy_path, quiet=quiet)
    except LanguageError as error:
        diagnosis.mistakes = list(error.diagnostics)
    else:
        diagnosis.troubles += found
    return diagnosis


def _extras(target: str | None) -> Iterator[str]:
    """The extras without which a target cannot be read; that of a cloud in the policy's scope is found by the scan."""
    if target in (SANDBOX, "aws", None):
        yield "sandbox" if target == SANDBOX else "aws"


def _scanned(target: str | None, policy_path: Path | None, *, quiet: bool) -> tuple[list[Trouble], Report]:
    from finops_guard.advice.checkup import checkup
    from finops_guard.cli._estate import estate
    from finops_guard.cli._progress import progress

    at = datetime.now(UTC)
    targets = () if target is None else (target,)
    with (
        estate(targets, policy_path, at) as (policy, wanted),
        progress(quiet=quiet) as say,
        TemporaryDirectory(prefix="finops-guard-") as folder,
    ):
        from finops_guard.enrich import enrich
        from finops_guard.pipeline import Request, run
        from finops_guard.state import spool

        path = Path(folder) / "doctor.snapshot"
        request = Request(policy, at, wanted, snapshot_out=path, environ=os.environ, say=say)
        report = run(request)
        troubles = checkup(report, enrich(spool.read(path, policy.aliases), policy, at))
        return [*_login(report, wanted, policy), *troubles], report


def _login(report: Report, targets: Sequence[str], policy: Policy) -> Iterator[Trouble]:
    """What the SDK itself says where a cloud did not let us in."""
    reads_aws = "aws" in targets or (not targets and (not policy.scope or "aws" in policy.scope))
    if not reads_aws or any(who.cloud == "aws" for who in report.identities):
        return
    from finops_guard.advice import remedies
    from finops_guard.advice.checkup import Trouble
    from finops_guard.sources import aws

    if words := aws.login_trouble():
        yield Trouble("login", f"AWS: {words}", remedies.for_login(words), blocks=True)
