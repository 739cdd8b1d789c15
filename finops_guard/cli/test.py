"""Run the examples of rules and test files; name rules and branches that nothing tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops_guard.cli import _options

if TYPE_CHECKING:
    from finops_guard.language.files import Files
    from finops_guard.model import Pack, Policy


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--coverage", is_flag=True, help="List every test of a rule that was not seen both true and false.")
@click.option(
    "--at",
    callback=_options.instant,
    metavar="TIME",
    help="The clock of the examples (UTC); test files have their own.",
)
@_options.policy
@_options.common("text", "json", "junit")
def command(
    paths: tuple[Path, ...],
    coverage: bool,
    at: datetime | None,
    policy_path: Path | None,
    shape: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Run the examples of rules and test files; name rules and branches that nothing tests.

    PATH is a pack, a test file or a folder with such files; without any: policies/ and rules/. Examples run with the
    defaults of their pack. Test files run under the policy (-p, else the one here, else the only one in PATH), without
    one under the packs as they are.

    Exit 1 when a test fails, 2 when a file is wrong or names a rule that does not exist.
    """
    from finops_guard.cli._files import chosen
    from finops_guard.cli._results import Results
    from finops_guard.cli._suites import Bench
    from finops_guard.evaluate.checks import Branches
    from finops_guard.language.diagnostics import LanguageError
    from finops_guard.language.files import load_files
    from finops_guard.model import Rule

    now = at or datetime.now(UTC)
    files = load_files(chosen(paths, policy_path), now.date())
    if files.errors:
        raise LanguageError(files.errors)
    policy = _policy(files, policy_path, now.date())
    bench = Bench(_available(files, policy), policy, now)
    tested = _tested(files)
    rules = [bound for pack in bench.packs.values() for r in pack.rules.values() for bound in [bench.bound(pack, r)]]
    branches = Branches([rule for rule in rules if isinstance(rule, Rule)], now)
    suites = [bench.pack(pack, branches) for pack in tested]
    suites += [bench.file(file, branches) for file in files.tests.values()]
    if bench.problems:
        raise LanguageError(bench.problems)
    results = Results(suites, tested, branches)
    results.write(shape, coverage=coverage, quiet=quiet, verbose=verbose)
    if results.failed:
        raise click.exceptions.Exit(1)


def _policy(files: Files, given: Path | None, today: date) -> Policy | None:
    """The policy that test files run under."""
    from finops_guard.cli._policy import default_policy
    from finops_guard.errors import InputError
    from finops_guard.language.library import shown
    from finops_guard.language.policy import load_policy

    if given is not None:
        return files.policies.get(shown(given))
    try:
        here = default_policy(Path.cwd())
    except InputError:  # several
        here = None
    if here is not None and shown(here) in files.policies:
        return files.policies[shown(here)]
    if here is not None and files.tests:
        return load_policy(here, today)
    return next(iter(files.policies.values())) if len(files.policies) == 1 else None


def _available(files: Files, policy: Policy | None) -> dict[str, Pack]:
    """Packs by name: the policy's, those named, and what test files ask for: beside them, here, or shipped."""
    from finops_guard.cli._packs import load
    from finops_guard.language.library import local_packs, pack_name, shipped_names

    found = {binding.pack.name: binding.pack for binding in policy.bindings} if policy else {}
    found = {pack.name: pack for pack in files.packs.values()} | found
    more: dict[str, Path] = {}
    for file in files.tests.values():
        beside = {name: path for path in Path(file.path).parent.glob("*.y*ml") if (name := pack_name(path))}
        more = beside | more
    here = {name: paths[0] for name, paths in local_packs(Path.cwd() / "finops-guard.yaml").items()}
    wanted = {
        rule.rule.partition("/")[0] for file in files.tests.values() for case in file.tests for rule in case.expect
    }
    for name, path in (shipped_names("rules") | here | more).items():
        if name not in found and wanted - found.keys():
            found[name] = load(path)
    return found


def _tested(files: Files) -> list[Pack]:
    """The packs whose examples run: all but the shipped ones that were not named themselves."""
    from finops_guard.language.library import shipped

    ours = shipped("rules").resolve()
    return [
        pack
        for name, pack in files.packs.items()
        if name in files.names or not Path(pack.path).resolve().is_relative_to(ours)
    ]
