"""Judge resources, report, and show the steps that would follow."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from finops_guard.cli import _baseline
from finops_guard.cli._estate import SANDBOX, Target, estate
from finops_guard.cli._options import Word, costs, instant, manners, max_api_cost, policy
from finops_guard.cli._outputs import Format, NamedFile, check, write
from finops_guard.cli._progress import progress
from finops_guard.cli._variables import InOrder, given, variables
from finops_guard.errors import ActError, InputError
from finops_guard.language.diagnostics import printable
from finops_guard.model import SEVERITIES, Policy, Report

_OBJECTS = 50_000
"""New objects between two searches for cycles: a scan keeps many small ones without any, and searching takes time."""


@click.command(cls=InOrder)
@click.argument("targets", nargs=-1, metavar="[TARGET]...", type=Target())
@policy
@click.option(
    "--mode",
    type=Word(("dry-run", "enforce")),
    default="dry-run",
    show_default=True,
    help="The most this run may do.",
)
@click.option(
    "-f",
    "--format",
    "shape",
    type=Format(),
    default="table",
    show_default=True,
    help="What goes to stdout: table, json, csv, markdown, sarif, junit, github or gitlab.",
)
@click.option(
    "-o", "--output", "files", multiple=True, type=NamedFile(), help="Another of these, to a file; repeatable."
)
@click.option(
    "--fail-on",
    type=Word((*SEVERITIES, "never")),
    default="high",
    show_default=True,
    help="Exit 1 from this severity on.",
)
@click.option(
    "--unknown",
    type=Word(("report", "fail")),
    default="report",
    show_default=True,
    help="What an unknown verdict counts as.",
)
@click.option("--all", "every", is_flag=True, help="Infrastructure as code: judge what stays as it is too.")
@click.option(
    "--baseline",
    "stood",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Infrastructure as code: findings of this file, by --write-baseline, are exempt.",
)
@click.option(
    "--baseline-ref",
    metavar="REF",
    help="Infrastructure as code: findings of the same paths at this commit or ref are exempt.",
)
@click.option(
    "--cost-ref",
    metavar="REF",
    help="Sources without a plan add what they cost more than at this commit or ref; --baseline-ref says so too.",
)
@click.option(
    "--write-baseline", type=click.Path(path_type=Path), metavar="FILE", help="Keep what fails, for --baseline."
)
@variables
@click.option("--include", type=Word(("pass",)), help="Also list what passes.")
@costs
@max_api_cost
@click.option("--plan-out", type=click.Path(path_type=Path), help="Save the steps for apply; notices still go out.")
@click.option("--state", metavar="URI", help="Where the state is, instead of the policy's.")
@click.option("--snapshot-out", type=click.Path(path_type=Path), help="Keep the inventory as a file to scan again.")
@click.option("--at", callback=instant, metavar="TIME", help="Judge as of a time (UTC); a past one needs a snapshot.")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Cells read at a time.")
@manners
@click.pass_context
def command(  # noqa: D103 - click shows the help below
    ctx: click.Context,
    targets: tuple[str, ...],
    policy_path: Path | None,
    mode: str,
    shape: str,
    files: tuple[tuple[str, Path], ...],
    fail_on: str,
    unknown: str,
    every: bool,
    stood: Path | None,
    baseline_ref: str | None,
    cost_ref: str | None,
    write_baseline: Path | None,
    pairs: tuple[tuple[str, str], ...],
    var_files: tuple[Path, ...],
    include: str | None,
    costs: tuple[str, ...],
    max_api_cost: Decimal | None,
    plan_out: Path | None,
    state: str | None,
    snapshot_out: Path | None,
    at: datetime | None,
    jobs: int,
    quiet: bool,
    verbose: bool,
) -> None:
    check(files, snapshot_out, plan_out, write_baseline)
    earlier = _baseline.Asked(stood, baseline_ref, cost_ref)
    _baseline.check(earlier, write_baseline, mode=mode, targets=targets)
    now = datetime.now(UTC)
    _check_mode(mode, plan_out, at, targets)
    _check_time(at, now, targets)
    with estate(targets, policy_path, at or now) as (rules, wanted), progress(quiet=quiet, verbose=verbose) as say:
        from finops_guard.pipeline import Request, run

        request = Request(
            policy=rules,
            at=at or now,
            targets=wanted,
            include_pass=include == "pass",
            snapshot_out=snapshot_out,
            jobs=jobs,
            mode="enforce" if mode == "enforce" else "dry-run",
            plan_out=plan_out,
            state=state,
            asked=targets,
            environ=os.environ,
            say=say,
            costs=costs,
            max_api_cost=max_api_cost,
            every=every,
            given=given(ctx, pairs, var_files),
        )
        if not quiet:
            _header(rules, wanted)
        gc.set_threshold(_OBJECTS, 20, 50)
        before = _baseline.baseline(request, earlier)
        report = run(replace(request, baseline=before))
    if write_baseline is not None:
        kept = _baseline.keep(write_baseline, report, before)
        if not quiet:
            click.echo(printable(kept), err=True)
    write(report, shape, files)
    for why in report.short:
        click.echo(printable(f"not done: {why}"), err=True)
    raise click.exceptions.Exit(exit_code(report, fail_on, unknown))


command.help = """Judge resources, report, and show the steps that would follow.

    TARGET is nothing (the policy's scope, live), aws, sandbox (an embedded estate), a snapshot file, infrastructure as
    code (a Terraform plan as JSON, a folder, a template), or - for standard input. Without a policy, `scan aws` judges
    the current account by a built-in read-only starter. Nothing is written to a cloud but with --mode enforce, and then
    only what the policy permits.
    """


def exit_code(report: Report, fail_on: str, unknown: str) -> int:
    """2 for a wrong file, 4 for acts that failed or had no room, 3 for an incomplete scan, 1 for findings, else 0.

    Findings count from `fail_on` on; on what is planned, only those of bindings whose declared mode is enforce, and one
    whose rule has `block` at any severity.
    """
    if report.wrong:
        return InputError.exit_code
    if report.mode == "enforce" and (report.short or any(step.state == "failed" for step in report.steps)):
        return ActError.exit_code
    if not report.complete:
        return 3
    if fail_on == "never":
        return 0
    counted = {"fail"} | ({"unknown"} if unknown == "fail" else set())
    least = SEVERITIES.index(fail_on)
    found = any(
        report.binds(f) and (SEVERITIES.index(f.severity) >= least or report.blocks(f))
        for f in report.findings
        if f.verdict in counted and f.exempt is None
    )
    return 1 if found else 0


def _check_mode(mode: str, plan_out: Path | None, at: datetime | None, targets: tuple[str, ...]) -> None:
    """Acting is for what is there now."""
    if mode != "enforce":
        if plan_out is not None:
            raise click.UsageError(
                "--plan-out belongs to --mode enforce: a plan counts from notices that were delivered"
            )
        return
    if at is not None:
        raise click.UsageError("--at judges as of a time and never acts; leave it out with --mode enforce")
    for target in targets:
        if target not in ("aws", SANDBOX):
            raise InputError(f"{target}: only a live cloud can be acted on")


def _check_time(at: datetime | None, now: datetime, targets: tuple[str, ...]) -> None:
    live = not targets or any(target in ("aws", "azure", "gcp") for target in targets)
    if at is not None and at < now and live:
        raise InputError("a live cloud cannot be judged as of a past time", help="scan a snapshot of that time")


def _header(policy: Policy, targets: tuple[str, ...]) -> None:
    packs = ", ".join(f"{b.pack.name} {b.pack.version}" for b in policy.bindings)
    where = ", ".join(targets) or "the policy's scope"
    click.echo(printable(f"policy {policy.name} ({policy.path}) on {where}; packs {packs}"), err=True)
