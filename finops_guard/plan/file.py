"""Plan files: the steps of a run, saved, so that people can look at them, approve them and have just them carried out.

JSON, one step a line. Its first line holds the sha256 of all the rest, so that no byte of it can change unnoticed; it
names the policy, the packs and the accounts it was made for, and what each step was decided on. That it is genuine is
not what makes it safe: a step of a plan passes every gate again when it is carried out.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.plan.file_rows import Raw, step_of, texts, to_step
from finops_guard.plan.observed import observed
from finops_guard.state.lines import stamp, to_line, utc
from finops_guard.state.values import time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from finops_guard.model import Identity, Policy, Step
    from finops_guard.plan.observed import Observed

FORMAT = "finops-guard/plan/1"
LIFE = timedelta(days=7)
"""How long a plan holds where nobody says otherwise."""
_FIRST = re.compile(rb'\{"digest":"([0-9a-f]{64})",\n')
_AGAIN = "Make it anew with: finops-guard scan --mode enforce --plan-out FILE"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as read: its steps and what each was decided on, by step id. `accounts` are (cloud, account) pairs."""

    digest: str
    made: datetime
    expires: datetime
    policy: str
    bound: str
    packs: Mapping[str, str]
    accounts: frozenset[tuple[str, str]]
    steps: tuple[Step, ...]
    observed: Mapping[str, Observed]


def write_plan(
    path: Path,
    steps: Iterable[Step],
    policy: Policy,
    now: datetime,
    *,
    identities: Iterable[Identity],
    expires: datetime | None = None,
) -> str:
    """Save a plan; its digest. InputError if `path` cannot be written."""
    head = {
        "format": FORMAT,
        "made": stamp(now),
        "expires": stamp(expires or now + LIFE),
        "policy": {"name": policy.name, "bound": bound(policy)},
        "packs": _packs(policy),
        "accounts": sorted([who.cloud, who.account] for who in {*identities}),
    }
    rows = [to_line(step_of(step, observed(step, policy))).rstrip() for step in steps]
    rest = b"".join(_lines(head, rows))
    digest = sha256(rest).hexdigest()
    try:
        path.write_bytes(b'{"digest":"%s",\n%s' % (digest.encode(), rest))
    except OSError as wrong:
        raise InputError(f"{path}: cannot be written: {wrong.strerror}") from None
    return digest


def writable(path: Path) -> None:
    """InputError where a plan cannot be saved, for whoever does something before it is."""
    place = path if path.exists() else path.parent
    if path.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        raise InputError(f"{path}: cannot be written", help="Nothing was done, and nobody was told.")


def read_plan(path: Path) -> PlanFile:
    """The plan in a file. InputError if it is none, of another version, or not as it was written."""
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror}") from None
    first = _FIRST.match(data)
    if first is None or sha256(data[first.end() :]).hexdigest() != first[1].decode():
        raise InputError(f"{path}: {_what_is_wrong(data)}", help=_AGAIN)
    try:
        return _plan(json.loads(data), first[1].decode())
    except (ValueError, TypeError, KeyError, RecursionError) as wrong:
        raise InputError(f"{path}: not a plan that this version wrote: {wrong}", help=_AGAIN) from None


def check(plan: PlanFile, policy: Policy, identities: Iterable[Identity], now: datetime) -> None:
    """InputError where a plan is not for this policy, these accounts or this moment."""
    if utc(now) >= plan.expires:
        raise InputError(f"the plan expired at {stamp(plan.expires)}", help=_AGAIN)
    if utc(now) < plan.made:
        raise InputError(f"the plan was made at {stamp(plan.made)}, which is yet to come", help="Set the clock right.")
    if policy.name != plan.policy:
        raise InputError(f"the plan was made under policy '{plan.policy}', not '{policy.name}'")
    packs = _packs(policy)
    altered = sorted(name for name in plan.packs.keys() | packs.keys() if plan.packs.get(name) != packs.get(name))
    if altered:
        raise InputError(f"the plan was made under other rules: pack {', '.join(altered)} changed since", help=_AGAIN)
    if bound(policy) != plan.bound:
        raise InputError(f"the plan was made under another text of policy '{policy.name}'", help=_AGAIN)
    here = {(who.cloud, who.account) for who in identities}
    if here != plan.accounts:
        raise InputError(
            f"the plan was made for {_named(plan.accounts)}; this is {_named(here)}",
            help="Use the credentials of the account that was scanned.",
        )


def bound(policy: Policy) -> str:
    """sha256 of what a policy says, with what it extends."""
    said = json.dumps(policy.raw, sort_keys=True, default=str)
    return sha256(f"{policy.sha256}\n{said}".encode(errors="surrogatepass")).hexdigest()


def _packs(policy: Policy) -> dict[str, str]:
    return {binding.pack.name: binding.pack.sha256 for binding in policy.bindings}


def _lines(head: Mapping[str, object], rows: list[bytes]) -> Iterator[bytes]:
    for name, value in head.items():
        yield b'"%s":%s,\n' % (name.encode(), to_line({"": value})[4:-2])
    yield b'"steps":['
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + row
    yield b"\n]}\n"


def _what_is_wrong(data: bytes) -> str:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return "not a plan, or one that was damaged"
    name = content.get("format") if isinstance(content, dict) else None
    if isinstance(name, str) and name.startswith("finops-guard/plan/") and name != FORMAT:
        return f"a plan of format {name!r}; this version reads {FORMAT!r}"
    return "it was altered since it was made" if name == FORMAT else "not a plan"


def _plan(content: Raw, digest: str) -> PlanFile:
    if not isinstance(content, dict) or content["format"] != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    steps, seen = [], {}
    for row in content["steps"]:
        step, was = to_step(row)
        steps.append(step)
        seen[step.id] = was
    if len(seen) < len(steps):
        raise ValueError("two steps have one id")
    policy = texts(content["policy"])
    return PlanFile(
        digest=digest,
        made=time_of(content["made"]),
        expires=time_of(content["expires"]),
        policy=policy["name"],
        bound=policy["bound"],
        packs=texts(content["packs"]),
        accounts=frozenset((str(cloud), str(account)) for cloud, account in content["accounts"]),
        steps=tuple(steps),
        observed=seen,
    )


def _named(accounts: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{cloud} {account}" for cloud, account in sorted(accounts)) or "no account"
