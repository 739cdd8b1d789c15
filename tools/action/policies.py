"""Which policy judges: the base's, whatever the request says; and what the request changes of it, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from finops_guard.cli._policy import STARTER, default_policy
from finops_guard.errors import InputError
from finops_guard.language.library import pack_name, shipped_names
from finops_guard.outputs._markdown import text
from finops_guard.sources import git
from tools.action import history
from tools.action import own as of_request
from tools.action.base import Repository
from tools.action.inputs import Inputs
from tools.action.own import Own

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
    """The policy to judge by; that of the base is put below `folder`. InputError where the base cannot be read.

    What the base has wins, whatever the request puts in its place. A policy that the base has not may lie in a checkout
    of its own, of a repository that the workflow names: nothing of the request's either.
    """
    named = Path(inputs.policy) if inputs.policy else None
    stood = inputs.workspace / inputs.baseline if inputs.baseline else None
    if not inputs.base:
        return Judge(inputs.workspace / named if named else None, baseline=stood)
    repository, at = Repository(inputs), folder / "base"
    commit = repository.base()
    at.mkdir()
    git.take(inputs.workspace, commit, at, of_request.read_by_policies)
    by = replace(_policy(repository, commit, at, named, Own(repository, folder / "head")), base=commit)
    there = at / inputs.baseline
    if stood is None or not stood.is_relative_to(inputs.workspace):
        return replace(by, baseline=stood)
    if there.is_file():
        return replace(by, baseline=there)
    return replace(by, baseline=stood if repository.elsewhere(commit, stood) else None)


def _policy(repository: Repository, commit: str, at: Path, named: Path | None, own: Own) -> Judge:
    if named is not None and named.is_absolute():
        return Judge(named)
    found = at / named if named else default_policy(at)
    if found is not None and found.is_file():
        return Judge(found, _changes(repository, commit, at, found.relative_to(at), own))
    if named is not None and repository.holds(commit, str(named)):
        raise InputError(f"{named}: no plain YAML file in the base")
    if named is not None and repository.elsewhere(commit, repository.inputs.workspace / named):
        return Judge(repository.inputs.workspace / named)
    return _introduced(repository, own)


def _introduced(repository: Repository, own: Own) -> Judge:
    """The base has no policy; the request's own is told of, and judges nothing until it is merged."""
    named = repository.inputs.policy
    here = own.all() / named if named else default_policy(own.all())
    if here is None or not here.is_file():
        raise InputError(
            f"{named or 'finops-guard.yaml'}: neither the base nor the request has this policy",
            help="one that a step of the workflow writes belongs outside of the checkout: give its absolute path",
        )
    told = (
        "> [!IMPORTANT]\n> **The base has no policy yet.** Judged by the built-in starter, and nothing fails.\n"
        f"> {_said(lambda: of_request.failing(repository, here))}\n\n"
    )
    return Judge(shipped_names("policies")[STARTER], told, binding=False)


def _changes(repository: Repository, commit: str, at: Path, policy: Path, own: Own) -> str:
    """What the request changes of the policy and of what it reads, what that means for packs and for this request."""
    inputs = repository.inputs
    baseline = [inputs.baseline] if inputs.baseline and not Path(inputs.baseline).is_absolute() else []
    read = {str(policy), *baseline, *_folders(policy), *of_request.named(at, policy), *own.named(policy)}
    changed = repository.changed(commit, sorted(read))
    if not changed:
        return ""
    lines = [
        "> [!IMPORTANT]",
        "> **This request changes the policy.** It is judged by the policy of its base; changes hold once merged.",
        *(f"> - {word}: {text(name)}" for name, word in list(changed.items())[:_SHOWN]),
        *([f"> - and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []),
        ">",
        f"> {_said(lambda: of_request.failing(repository, own.all() / policy, at / policy))}",
    ]
    over, _, table = _said(lambda: "\n".join(history.told(repository, own.all() / policy, at / policy))).partition("\n")
    packs = [name for name, word in changed.items() if word == "modified" and pack_name(at / name)]
    details = [_said(partial(of_request.pack, name, at / name, own.all() / name)) for name in packs]
    return _fitted("\n".join([*lines, f"> {over}", "", ""]), [part for part in (table, *details) if part])


def _said(say: Callable[[], str]) -> str:
    """What is said of a stranger's policy, whatever is wrong with it: it keeps the base's from judging nothing."""
    try:
        return say()
    except Exception as wrong:  # noqa: BLE001 - see above
        return f"What that means cannot be told ({type(wrong).__name__})."


def _fitted(head: str, details: list[str]) -> str:
    """As many of the details as there is room for, the rest counted."""
    left = 0
    for part in details:
        if len(head) + len(part) + 1 > _LONGEST:
            left += 1
        else:
            head += f"{part}\n"
    return head + (f"{left:,} more tables of what changes are not shown.\n\n" if left else "")


def _folders(policy: Path) -> Iterator[str]:
    """Where packs of a policy are found by name."""
    yield str(policy.parent / "rules")
    if policy.parent.name == "policies":
        yield str(policy.parent.parent / "rules")
