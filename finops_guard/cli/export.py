"""Write evidence for auditors, or the journal, from the state; or the list prices we know."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _acts, _options
from finops_guard.errors import InputError
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.advice.evidence import Answer, Period
    from finops_guard.state.store import Store

SCHEMA = "finops-guard/answer/1"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a zip file knows; equal evidence is equal bytes


@click.command()
@click.argument("what", type=_options.Word(("evidence", "journal", "prices")))
@click.option("--from", "start", callback=_options.instant, metavar="DATE", envvar=(), help="From this day on (UTC).")
@click.option(
    "--to", "end", callback=_options.day_end, metavar="DATE", envvar=(), help="To the end of this day; today."
)
@click.option("--on", "day", callback=_options.instant, metavar="DATE", envvar=(), help="Say who failed on this day.")
@click.option("--rule", metavar="RULE", envvar=(), help="With --on: only this rule, as pack/rule.")
@click.option(
    "-o",
    "--output",
    "to",
    type=click.Path(path_type=Path),
    envvar=(),
    help="A folder, or a file (.zip; of prices .csv or .json).",
)
@_acts.state
@_options.policy
@_options.common("table", "json")
def command(
    what: str,
    start: datetime | None,
    end: datetime | None,
    day: datetime | None,
    rule: str | None,
    to: Path | None,
    state: str | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Write evidence for auditors, or the journal, from the state; or the list prices we know.

    `evidence` writes the reports of a period, the journal as JSON lines, the exemptions in force, the texts of policies
    and packs, and the history of episodes, with a manifest of sha256, to a folder or a zip file (equal state gives
    equal bytes). With --on it says instead who was not compliant on a day, under which text of the rule, and by whom
    they were exempt. `journal` writes the journal as JSON lines; sha256 of a line is what the next carries as `prev`.

    Reads only what enforcing runs, and scheduled ones, left in the state. Exit 2, after all was written, where the
    journal is not as it was written.

    `prices` writes the snapshot of list prices in this version as CSV (-f json: as JSON), each with the source it was
    read from and its date. It reads no state.
    """
    del verbose
    if what == "prices":
        if start or end or day or rule:
            raise click.UsageError("prices take -o and -f only")
        from finops_guard.cli._price_list import export_prices

        export_prices(shape, to)
        return
    if (day is None and rule is not None) or (day is not None and (what == "journal" or start or end or to)):
        raise click.UsageError("--on DATE [--rule RULE] belongs to evidence, without --from, --to and -o")
    from finops_guard.advice.evidence import non_compliant
    from finops_guard.cli._state import reading

    store = reading(policy_path, state)
    if day is not None:
        _say(non_compliant(store, day.replace(hour=0, minute=0, second=0, microsecond=0), rule), shape)
        return
    period = _period(start, end)
    if what == "journal":
        _journal(store, period if start or end else None, to)
        return
    raise click.exceptions.Exit(_evidence(store, period, to, quiet=quiet))


def _period(start: datetime | None, end: datetime | None) -> Period:
    from finops_guard.advice.evidence import Period

    period = Period(start or datetime(1970, 1, 1, tzinfo=UTC), end or _acts.now_utc())
    if period.start >= period.end:
        raise InputError(f"--from {period.start:%Y-%m-%d} lies behind --to")
    return period


def _journal(store: Store, period: Period | None, to: Path | None) -> None:
    from finops_guard.advice.evidence import journal

    lines = journal(store, period)
    if to is None:
        sys.stdout.buffer.writelines(lines)
        return
    try:
        with to.open("wb") as file:
            file.writelines(lines)
    except OSError as error:
        raise InputError(f"{to}: cannot be written: {error.strerror}") from None


def _evidence(store: Store, period: Period, to: Path | None, *, quiet: bool) -> int:
    from finops_guard.advice.evidence import export

    last = period.end - timedelta(seconds=1)
    to = to or Path(f"evidence-{period.start:%Y-%m-%d}-{last:%Y-%m-%d}.zip")
    try:
        if to.suffix == ".zip":
            with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                problems = export(store, period, lambda path, parts: _into_zip(archive, path, parts))
        else:
            if to.exists() and (not to.is_dir() or any(to.iterdir())):
                raise InputError(f"{to}: is there already, and not an empty folder")
            problems = export(store, period, lambda path, parts: _into_folder(to / path, parts))
    except OSError as error:
        raise InputError(f"{to}: cannot be written: {error.strerror}") from None
    if not quiet:
        click.echo(f"{to} written", err=True)
    for problem in problems:
        click.echo(f"the journal is not as it was written: {printable(problem)}", err=True)
    return InputError.exit_code if problems else 0


def _into_zip(archive: zipfile.ZipFile, path: str, parts: Iterator[bytes]) -> None:
    info = zipfile.ZipInfo(path, _EPOCH)
    info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
    with archive.open(info, "w", force_zip64=True) as file:
        for part in parts:
            file.write(part)


def _into_folder(path: Path, parts: Iterator[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(parts)


def _say(answer: Answer, shape: str) -> None:
    if shape == "json":
        from finops_guard.cli._paint import write_json

        write_json(_record(answer))
        return
    from finops_guard.cli._paint import painter, write

    paint, day = painter(), f"{answer.day:%Y-%m-%d}"
    if not answer.runs:
        write(f"No stored run tells of {day} or any day before.")
        return
    if not answer.on_the_day:
        write(f"No run on {day}; this is what the newest run before it, {answer.runs[-1]}, saw.")
    rule = ""
    for offence in answer.offences:
        if offence.rule != rule:
            rule = offence.rule
            write(*([""] if offence is not answer.offences[0] else []), paint("bold", printable(rule)))
            if offence.under is not None:
                under = offence.under
                write(
                    f"  {under.pack} {under.version}, sha256 {under.sha256}, line {under.line}; policy {under.policy}"
                )
                write(*(paint("dim", f"  | {printable(line)}") for line in under.text.split("\n")))
        exempt = f"  exempt: {offence.exempt}" if offence.exempt else ""
        write(f"  {printable(offence.resource)}{printable(exempt)}")
    exempted = sum(offence.exempt is not None for offence in answer.offences)
    count = f"{_options.counted(len(answer.offences) - exempted, 'finding')}, {exempted} exempt"
    write(
        *([""] if rule else []),
        f"{day}: {count}, by {_options.counted(len(answer.runs), 'run')} ({', '.join(answer.runs)})",
    )
    if answer.unknown:
        write(f"{_options.counted(len(answer.unknown), 'finding')} could not be judged: neither compliant nor not.")
    for gap in answer.gaps:
        write(paint("yellow", printable(f"not read: {gap}")))


def _record(answer: Answer) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "on": f"{answer.day:%Y-%m-%d}",
        "runs": list(answer.runs),
        "run_on_the_day": answer.on_the_day,
        "unknown": [{"rule": rule, "resource": resource} for rule, resource in answer.unknown],
        "gaps": list(answer.gaps),
        "findings": [
            {
                **offence.finding,
                "runs": list(offence.runs),
                "under": offence.under
                and {
                    name: getattr(offence.under, name)
                    for name in ("pack", "version", "sha256", "line", "text", "policy")
                },
            }
            for offence in answer.offences
        ],
    }
