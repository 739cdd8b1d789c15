"""Judge resources, report, and show the steps that would follow."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click

from finops_guard.cli._estate import Target, estate
from finops_guard.cli._progress import progress
from finops_guard.errors import InputError
from finops_guard.language.diagnostics import printable
from finops_guard.model import SEVERITIES, Policy, Report


class Format(click.ParamType[str]):
    """The name of an output; unknown ones are refused with a did-you-mean."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's
        """The name itself."""
        from finops_guard.outputs import load

        try:
            load(str(value))
        except InputError as error:
            self.fail(f"{error.what}; {error.help}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Names that begin so."""
        from click.shell_completion import CompletionItem

        from finops_guard.outputs import names

        del ctx, param
        return [CompletionItem(name) for name in names() if name.startswith(incomplete)]


def instant(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """`--at`: ISO 8601, UTC unless it says otherwise."""
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a time; write 2026-11-25 or 2026-11-25T09:00:00Z") from None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", type=Target())
@click.option("-p", "--policy", "policy_path", type=click.Path(path_type=Path), help="Policy file.")
@click.option(
    "--mode",
    type=click.Choice(["dry-run", "enforce"]),
    default="dry-run",
    show_default=True,
    help="The most this run may do.",
)
@click.option("-f", "--format", "shape", type=Format(), default="table", show_default=True, help="What goes to stdout.")
@click.option("-o", "--output", "files", multiple=True, metavar="NAME=FILE", help="Another output, to a file.")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
    default="high",
    show_default=True,
    help="Exit 1 from this severity on.",
)
@click.option(
    "--unknown",
    type=click.Choice(["report", "fail"]),
    default="report",
    show_default=True,
    help="What an unknown verdict counts as.",
)
@click.option("--include", type=click.Choice(["pass"]), help="Also list what passes.")
@click.option("--snapshot-out", type=click.Path(path_type=Path), help="Keep the inventory as a file to scan again.")
@click.option("--at", callback=instant, metavar="TIME", help="Judge as of a time (UTC); a past one needs a snapshot.")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Cells read at a time.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no header.")
@click.option("-v", "--verbose", is_flag=True, help="Say what is read, cell by cell.")
@click.option("--no-color", is_flag=True, help="No colour.")
def command(  # noqa: D103 - click shows the help below
    targets: tuple[str, ...],
    policy_path: Path | None,
    mode: str,
    shape: str,
    files: tuple[str, ...],
    fail_on: str,
    unknown: str,
    include: str | None,
    snapshot_out: Path | None,
    at: datetime | None,
    jobs: int,
    quiet: bool,
    verbose: bool,
    no_color: bool,
) -> None:
    del verbose
    if no_color:
        os.environ["NO_COLOR"] = "1"
    if mode == "enforce":
        raise InputError("this version does not act; it shows what would follow", help="leave --mode out")
    outputs = [_named(item) for item in files]
    now = datetime.now(UTC)
    _check_time(at, now, targets)
    with estate(targets, policy_path, at or now) as (policy, wanted), progress(quiet=quiet) as say:
        from finops_guard.pipeline import Request, run

        request = Request(
            policy=policy,
            at=at or now,
            targets=wanted,
            include_pass=include == "pass",
            snapshot_out=snapshot_out,
            jobs=jobs,
            environ=os.environ,
            say=say,
        )
        if not quiet:
            _header(policy, wanted)
        report = run(request)
    for name, path in outputs:
        with path.open("w", encoding="utf-8", newline="") as file:
            _render(name, report, file)
    _render(shape, report, sys.stdout)
    raise click.exceptions.Exit(exit_code(report, fail_on, unknown))


command.help = """Judge resources, report, and show the steps that would follow.

    TARGET is nothing (the policy's scope, live), aws, sandbox (an embedded estate), a snapshot file, or - for standard
    input. Without a policy, `scan aws` judges the current account by a built-in read-only starter. Nothing is written
    to a cloud.
    """


def exit_code(report: Report, fail_on: str, unknown: str) -> int:
    """3 for an incomplete scan, 1 for findings at or above `fail_on`, else 0."""
    if not report.complete:
        return 3
    if fail_on == "never":
        return 0
    counted = {"fail"} | ({"unknown"} if unknown == "fail" else set())
    least = SEVERITIES.index(fail_on)
    found = any(
        f.verdict in counted and f.exempt is None and SEVERITIES.index(f.severity) >= least for f in report.findings
    )
    return 1 if found else 0


def _named(item: str) -> tuple[str, Path]:
    name, equals, path = item.partition("=")
    if not equals or not path:
        raise click.BadParameter(f"'{item}' is not NAME=FILE, for example json=report.json", param_hint="--output")
    from finops_guard.outputs import load

    load(name)
    target = Path(path)
    if not target.parent.is_dir():
        raise InputError(f"{path}: no such folder")
    return name, target


def _check_time(at: datetime | None, now: datetime, targets: tuple[str, ...]) -> None:
    live = not targets or any(target in ("aws", "azure", "gcp") for target in targets)
    if at is not None and at < now and live:
        raise InputError("a live cloud cannot be judged as of a past time", help="scan a snapshot of that time")


def _header(policy: Policy, targets: tuple[str, ...]) -> None:
    packs = ", ".join(f"{b.pack.name} {b.pack.version}" for b in policy.bindings)
    where = ", ".join(targets) or "the policy's scope"
    click.echo(printable(f"policy {policy.name} ({policy.path}) on {where}; packs {packs}"), err=True)


def _render(name: str, report: Report, out: TextIO) -> None:
    from finops_guard.outputs import load

    load(name).render(report, out)
