"""Which policy judges: the base's, whatever the request says; and what the request changes of it, as Markdown."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finops_guard.cli._policy import STARTER, default_policy
from finops_guard.errors import GuardError, InputError
from finops_guard.language.library import pack_name, shipped_names
from finops_guard.language.policy import load_policy
from finops_guard.model import Rates
from finops_guard.outputs._markdown import text
from finops_guard.pipeline import Request, run
from finops_guard.sources import git
from tools.action.base import Repository
from tools.action.inputs import Inputs

_LONGEST = 4_000
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Judge:
    """`path`: the policy that judges, None for the workspace's default. `told`: what is to be said of it, as Markdown.

    `binding` is false while the base has no policy: what is found then fails nothing. `baseline`: a file with findings
    that stood before. `base`: the commit of the base.
    """

    path: Path | None
    told: str = ""
    binding: bool = True
    baseline: Path | None = None
    base: str = ""


def judge(inputs: Inputs, folder: Path) -> Judge:
    """The policy to judge by; that of the base is put into `folder`. InputError where the base cannot be read.

    What the base has wins, whatever the request puts in its place. A policy that the base has not may lie in a checkout
    of its own, of a repository that the workflow names: nothing of the request's either.
    """
    named = Path(inputs.policy) if inputs.policy else None
    stood = inputs.workspace / inputs.baseline if inputs.baseline else None
    if not inputs.base:
        return Judge(inputs.workspace / named if named else None, baseline=stood)
    repository = Repository(inputs)
    commit = repository.base()
    git.take(inputs.workspace, commit, folder)
    by = replace(_policy(inputs, repository, commit, folder, named), base=commit)
    if stood is None or not stood.is_relative_to(inputs.workspace) or repository.elsewhere(stood):
        return replace(by, baseline=stood)
    there = folder / inputs.baseline
    return replace(by, baseline=there if there.is_file() else None)


def _policy(inputs: Inputs, repository: Repository, commit: str, folder: Path, named: Path | None) -> Judge:
    if named is not None and named.is_absolute():
        return Judge(named)
    found = folder / named if named else default_policy(folder)
    if found is not None and found.is_file():
        return Judge(found, _changes(inputs, repository, commit, folder, found.relative_to(folder)))
    if named is not None and repository.holds(commit, str(named)):
        raise InputError(f"{named}: no plain YAML file in the base")
    if named is not None and repository.elsewhere(inputs.workspace / named):
        return Judge(inputs.workspace / named)
    return _introduced(inputs)


def _introduced(inputs: Inputs) -> Judge:
    """The base has no policy; the request's own is told of, and judges nothing until it is merged."""
    here = inputs.workspace / inputs.policy if inputs.policy else default_policy(inputs.workspace)
    if here is None or not here.is_file():
        raise InputError(f"{inputs.policy or 'finops-guard.yaml'}: neither the base nor the request has this policy")
    told = (
        "> [!IMPORTANT]\n> **The base has no policy yet.** Judged by the built-in starter, and nothing fails.\n"
        f"> {_own(inputs, here)}\n\n"
    )
    return Judge(shipped_names("policies")[STARTER], told, binding=False)


def _changes(inputs: Inputs, repository: Repository, commit: str, folder: Path, policy: Path) -> str:
    """What the request changes of the policy and of what it reads, what that means for packs and for this request."""
    baseline = [inputs.baseline] if inputs.baseline and not Path(inputs.baseline).is_absolute() else []
    read = sorted(
        {str(policy), *baseline, *_folders(policy), *_named(folder, policy), *_named(inputs.workspace, policy)}
    )
    changed = repository.changed(commit, [f":(top,literal){name}" for name in read])
    if not changed:
        return ""
    lines = [
        "> [!IMPORTANT]",
        "> **This request changes the policy.** It is judged by the policy of its base; changes hold once merged.",
        *(f"> - {word}: {text(name)}" for name, word in list(changed.items())[:_SHOWN]),
        *([f"> - and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []),
        ">",
        f"> {_own(inputs, inputs.workspace / policy, folder / policy)}",
        "",
    ]
    packs = [name for name, word in changed.items() if word == "modified" and pack_name(folder / name)]
    lines += [part for name in packs for part in _pack(name, folder / name, inputs.workspace / name)]
    whole = "\n".join(lines) + "\n"
    return whole if len(whole) <= _LONGEST else "\n".join(lines[: lines.index("") + 1]) + "\n"


def _folders(policy: Path) -> Iterator[str]:
    """Where packs of a policy are found by name."""
    yield str(policy.parent / "rules")
    if policy.parent.name == "policies":
        yield str(policy.parent.parent / "rules")


def _named(top: Path, policy: Path) -> Iterator[str]:
    """Files below `top` that a policy names, by a path from its own folder."""
    try:
        raw = load_policy(top / policy).raw
    except GuardError:
        return
    for words in _texts(raw):
        named = Path(os.path.normpath(policy.parent / words))
        if "\0" not in words and not named.is_absolute() and ".." not in named.parts and (top / named).is_file():
            yield str(named)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - what YAML holds
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _own(inputs: Inputs, own: Path, base: Path | None = None) -> str:
    """How many resources' findings would fail by the request's policy, instead of by the base's."""
    try:
        here = _failing(inputs, own)
        instead = "" if base is None else f" instead of {_failing(inputs, base):,}"
    except GuardError:  # what it says may quote a file that a link of the request leads to
        return "Its own policy does not load: `finops-guard validate` says why."
    return f"By its own policy {here:,} would be failing{instead}, budgets and unit costs aside."


def _failing(inputs: Inputs, path: Path) -> int:
    """A request's policy is a stranger's: it names no host and no file that is asked, and has no environment."""
    policy = replace(
        load_policy(path), costs=(), units={}, budgets={}, channels=(), rates=Rates(), scope={}, state=".finops-guard"
    )
    targets = tuple(str(inputs.workspace / each) for each in inputs.paths)
    request = Request(policy=policy, at=datetime.now(UTC), targets=targets, state="none")
    return run(request).counts.get("fail", 0)


def _pack(name: str, before: Path, after: Path) -> Iterator[str]:
    """What `finops-guard diff` says of a pack that both have, without its heading."""
    from finops_guard.cli import diff

    out = io.StringIO()
    try:
        with redirect_stdout(out):
            diff.command.main([str(before), str(after), "-f", "markdown"], standalone_mode=False)
    except GuardError:
        yield f"{text(name)} does not load.\n"
        return
    _, _, said = out.getvalue().partition("\n")
    yield f"<details><summary>{text(name)}</summary>\n{said}\n</details>\n"
