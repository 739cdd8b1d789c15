"""Targets: which source answers for each, recognised by name or by content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.costs.reach import Client
from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.language.secrets import resolve
from finops_guard.model import Gap, Need, Notes, Policy, Resource
from finops_guard.sources.iac._given import NOTHING, Given, Taken

if TYPE_CHECKING:
    from finops_guard.sources.aws._act import Acting

CLOUDS = ("aws", "azure", "gcp")
READ = ("aws",)
"""Clouds that this version reads."""
_LOOK = 4096


def collect(  # noqa: PLR0913 - a scan's whole request, as its parts
    policy: Policy,
    targets: Sequence[str],
    need: Need,
    now: datetime,
    notes: Notes,
    *,
    jobs: int,
    environ: Mapping[str, str],
    given: Given = NOTHING,
) -> Iterator[Resource]:
    """The resources of all targets, one after the other; without targets, of the policy's scope.

    A cloud in the policy's scope that this version does not read is a gap. InputError for a target that is nothing
    we know, before anything is read; and after everything for values in `given` that no document takes.
    """
    taken = Taken()
    chosen = list(targets) or [cloud for cloud in CLOUDS if cloud in policy.scope] or ["aws"]
    streams: list[Iterator[Resource]] = []
    for target in chosen:
        if target in READ:
            scope = _resolved(policy.scope.get(target, {}), environ)
            streams.append(_cloud(target, scope, need, now, notes, jobs))
        elif target in CLOUDS and not targets:
            reason = f"this version does not read {target}"
            notes.gaps.append(Gap(target, "*", "*", "*", reason))
        elif target in CLOUDS:
            raise InputError(f"this version does not read {target}; it reads {', '.join(READ)}, and snapshots")
        else:
            streams.append(_file(target, notes, policy, environ, given, taken))
    if not targets:
        streams += [_inventory(policy, entry, notes) for entry in _entries(policy)]
    return chain(chain.from_iterable(streams), _checked(taken, given))


def _checked(taken: Taken, given: Given) -> Iterator[Resource]:
    """Nothing, at the end of what was read."""
    taken.check(given)
    yield from ()


def _cloud(
    name: str, scope: Mapping[str, object], need: Need, now: datetime, notes: Notes, jobs: int
) -> Iterator[Resource]:
    try:
        from finops_guard.sources import aws

        return aws.collect(scope, need, now, notes, jobs=jobs)  # imports the SDK
    except ImportError as error:
        raise _missing(name, error) from None


def _missing(cloud: str, error: ImportError) -> InputError:
    return InputError(f"{cloud} needs the package {error.name}", help=f"pip install 'finops-guard-engine[{cloud}]'")


def _resolved(scope: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, object]:
    return {key: resolve(value, environ) if isinstance(value, str) else value for key, value in scope.items()}


def _entries(policy: Policy) -> list[Mapping[str, str]]:
    scope: Any = policy.raw.get("scope")
    return list(scope.get("inventory") or ()) if isinstance(scope, dict) else []


def _inventory(policy: Policy, entry: Mapping[str, str], notes: Notes) -> Iterator[Resource]:
    from finops_guard.sources import csv

    return csv.collect(Path(policy.path).parent / entry["path"], notes, policy.aliases)


def known(target: str) -> None:
    """InputError for a target that is no cloud, no standard input and no path that is there."""
    if target not in (*CLOUDS, "-") and not Path(target).exists():
        near = suggest(target, [*CLOUDS, "sandbox"])
        hint = f"did you mean '{near}'?" if near else f"a target is {', '.join(CLOUDS)}, sandbox, a file or a folder"
        raise InputError(f"no such target: {target}", help=hint)


def _file(
    target: str, notes: Notes, policy: Policy, environ: Mapping[str, str], given: Given, taken: Taken
) -> Iterator[Resource]:
    from finops_guard.sources import iac, snapshot, standard_input

    def of(path: Path) -> Iterator[Resource]:
        if path.is_file() and snapshot.is_snapshot(_head(path)):
            return snapshot.collect(path, notes, policy.aliases)
        return iac.collect(path, iac.Reading(notes, policy.aliases, environ, given, taken))

    known(target)
    return standard_input.read(of, notes) if target == "-" else of(Path(target))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LOOK)
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror or wrong}") from None


@contextmanager
def reading(notes: Notes) -> Iterator[Client]:
    """AWS clients of any service that only read, with the caller's own credentials. InputError without the SDK."""
    try:
        from finops_guard.sources import aws

        with aws.reading(notes) as client:
            yield client
    except ImportError as error:
        raise _missing("aws", error) from None


def expected(gaps: Sequence[Gap], policy: Policy, today: date) -> list[Gap]:
    """The gaps, marked where the policy expects them today."""
    return [replace(gap, expected=True) if _known(gap, policy, today) else gap for gap in gaps]


def _known(gap: Gap, policy: Policy, today: date) -> bool:
    return any(
        known.until >= today and all(getattr(gap, name) == value for name, value in known.match.items())
        for known in policy.expect
    )


def can(type_name: str, verb: str) -> bool:
    """Whether resources of a type, by its own name, have a verb, or the inverse of one (`undo_stop`)."""
    from finops_guard.sources import aws

    return type_name.startswith("AWS::") and aws.can(type_name, verb)


@contextmanager
def acting(policy: Policy, notes: Notes, now: datetime, environ: Mapping[str, str]) -> Iterator[Acting]:
    """What can be done to the resources of a policy's scope, for as long as the context. InputError without access."""
    from finops_guard.sources import aws

    acts = aws.acting(_resolved(policy.scope.get("aws", {}), environ), notes, now=now)
    with closing(acts):
        yield acts
