"""Packs and rules by their name: shipped ones, those in rules/ here, and those a policy uses."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import LanguageError, printable
from finops_guard.language.document import read
from finops_guard.language.library import local_packs, shipped_names, shown
from finops_guard.language.near import suggest
from finops_guard.language.pack import load_pack
from finops_guard.model import Pack, Policy, Rule


def load(path: Path) -> Pack:
    """The pack of a file; LanguageError with its mistakes."""
    pack, problems = load_pack(read(path, shown(path)))
    errors = [problem for problem in problems if not problem.warning]
    if errors or pack is None:
        raise LanguageError(errors)
    return pack


def by_name_or_path(text: str) -> Pack:
    """A pack file, a shipped pack, or one in rules/ here; InputError with a did-you-mean."""
    path = Path(text)
    if path.is_file():
        return load(path)
    known = _files_here()
    if text not in known:
        near = suggest(text, known)
        message = f"no pack and no file called '{printable(text)}'"
        raise InputError(message, help=f"did you mean '{near}'?" if near else f"packs: {', '.join(known)}")
    return load(known[text])


def all_packs(policy: Policy | None) -> dict[str, Pack]:
    """Every pack there is, by name; what the policy uses comes before others of that name."""
    used = {binding.pack.name: binding.pack for binding in policy.bindings} if policy else {}
    return used | {name: load(path) for name, path in _files_here(policy).items() if name not in used}


def find_rule(text: str, packs: Iterable[Pack]) -> Rule:
    """The rule called `pack/name`, or `name` where only one pack has it; InputError with a did-you-mean."""
    rules = {rule.id: rule for pack in packs for rule in pack.rules.values()}
    if text in rules:
        return rules[text]
    same = [rule for rule in rules.values() if rule.name == text]
    if len(same) == 1:
        return same[0]
    if same:
        names = ", ".join(rule.id for rule in same)
        raise InputError(f"several rules are called '{printable(text)}': {names}", help="give one with its pack")
    near = suggest(text, rules) or suggest(text, [rule.name for rule in rules.values()] + [p.name for p in packs])
    hint = f"did you mean '{near}'?" if near else "finops-guard explain PACK lists the rules of a pack"
    raise InputError(f"no rule called '{printable(text)}'", help=hint)


def _files_here(policy: Policy | None = None) -> dict[str, Path]:
    """Shipped packs, and those beside the policy or here."""
    here = Path(policy.path) if policy else Path.cwd() / "finops-guard.yaml"
    local = {name: files[0] for name, files in local_packs(here).items()}
    return local | shipped_names("rules")
