"""Policies: the binding of packs to an organisation, with everything that can be checked before a cloud is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from finops_guard.language import budget_table, money, plain, sections
from finops_guard.language.base import Base, find_base
from finops_guard.language.bindings import Uses, check_authority
from finops_guard.language.check import Place, check
from finops_guard.language.conditions import Reader
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import Document, collector_paused, read
from finops_guard.language.extends import JOINED, MERGED, OWN, compare, scope
from finops_guard.language.item import Item, Parts, Rules
from finops_guard.language.library import shown
from finops_guard.language.near import suggest
from finops_guard.language.policy_schema import policy_schema
from finops_guard.language.uses import Library
from finops_guard.language.validator import schema_of
from finops_guard.model import DESTRUCTIVE, VERBS, Budget, Condition, Mode, Policy, Verb, canonical

DEFAULT_PERMIT: frozenset[Verb] = frozenset({"notify", "suggest"})
LATER = {
    "datasets": "data locality is not judged",
}
"""Keys that load and validate in this version and are not computed yet, and what that means."""


SECRETS = ("scope", "state", "costs", "units", "notify")
"""Sections whose texts may name a variable of the environment, `$env.NAME`; other dollars there are mistakes."""


def load_policy(path: Path, today: date | None = None) -> Policy:
    """A policy with its packs; LanguageError with every mistake of every file. `today` dates exemptions."""
    policy, problems = check_policy(path, today)
    errors = [problem for problem in problems if not problem.warning]
    if errors or policy is None:
        raise LanguageError(errors)
    return policy


@collector_paused()
def check_policy(path: Path, today: date | None = None) -> tuple[Policy | None, list[Diagnostic]]:
    """The policy, and every mistake and warning; None where it is not even a map."""
    draft = _Draft(path, read(path, shown(path)), today)
    return draft.policy(), draft.problems


@dataclass(slots=True)
class _Draft:
    path: Path
    document: Document
    today: date | None
    problems: list[Diagnostic] = field(default_factory=list)
    base: Base | None = None
    faulty: dict[str, frozenset[Place]] = field(default_factory=dict)

    def policy(self) -> Policy | None:
        self._check(self.document)
        if not isinstance(self.document.data, dict):
            return None
        self.base = find_base(self.document, self.path, self.problems)
        if self.base:
            self._check(self.base.document)
        parts = self._parts()
        mode: Mode = "enforce" if _last(parts, "mode") == "enforce" else "dry-run"
        permit = _last(parts, "permit")
        allowed = frozenset(verb for verb in VERBS if verb in permit) if isinstance(permit, list) else DEFAULT_PERMIT
        teams = sections.teams(parts.get("teams", []))
        fx = sections.rates(parts.get("fx", []))
        uses = self._uses(parts.get("packs", []))
        bindings = uses.bindings(mode, allowed, tuple(teams), fx)
        rules = Rules(uses.rules(), uses.whole)
        channels = tuple(sections.channels(parts.get("notify", []), rules, teams if self._whole("teams") else ()))
        for key in SECRETS:
            for part in parts.get(key, []):
                plain.variables(part)
        for part in parts.get("packs", []) if self._whole("mode", "permit") else ():
            if part.reader.document is self.document:
                check_authority(part, mode, allowed)
        self._authority(parts, allowed, channels=bool(channels))
        self._later(parts)
        inherit = parts["inherit"][-1] if "inherit" in parts else Item(Reader(self.document), (), None)
        return Policy(
            name=str(self.document.data.get("policy", "")),
            owner=str(self.document.data.get("owner", "")),
            mode=mode,
            permit=allowed,
            bindings=bindings,
            path=self.document.file,
            sha256=self.document.sha256,
            currency=_last(parts, "currency"),
            at_most=sections.caps(parts.get("at_most", [])),
            approve=_last(parts, "approve") or {},
            fx=fx,
            state=str(_last(parts, "state") or ".finops-guard"),
            scope=scope(parts.get("scope", [])),
            expect=tuple(sections.expected(parts.get("scope", []))),
            aliases=sections.aliases(parts.get("tags", [])),
            inherit_tags=tuple(canonical(key.data) for key in inherit.below("tags").texts()),
            inherit_from=tuple(key.data for key in inherit.below("from").texts()),
            also_ai=tuple(self._also(parts)),
            teams=teams,
            exempt=tuple(sections.exemptions(parts.get("exempt", []), rules, self.today)),
            waivers=sections.waivers(parts.get("waivers", []), rules),
            freeze=tuple(sections.freezes(parts.get("freeze", []))),
            windows=sections.windows(parts.get("windows", [])),
            schedules=sections.schedules(parts.get("schedules", [])),
            channels=channels,
            costs=tuple(money.sources(parts.get("costs", []))),
            rates=money.rates(parts.get("rates", [])),
            shared=tuple(money.shared(parts.get("shared", []))),
            budgets=self._budgets(parts.get("budgets", [])),
            units=money.units(parts.get("units", [])),
            assume=money.assumed(parts.get("assume", [])),
            raw={key: _last(parts, key) for key in parts},
            texts=tuple(each.text for each in (self.document, *([self.base.document] if self.base else []))),
        )

    def _check(self, document: Document) -> None:
        checked = check(document, policy_schema)
        self.problems += checked.problems
        self.faulty[document.file] = checked.faulty

    def _whole(self, *sections: str) -> bool:
        """Whether these sections of the policy and its base are well written, so that they can be compared."""
        documents = [self.document, *([self.base.document] if self.base else [])]
        lost = "extends" in self.document.data and self.base is None
        faulty = any(path[:1] and path[0] in sections for paths in self.faulty.values() for path in paths)
        known = schema_of(policy_schema)["properties"]
        keys = {key for document in documents if isinstance(document.data, dict) for key in document.data}
        return not lost and not faulty and not any(suggest(key, sections) for key in keys - known.keys())

    def _parts(self) -> dict[str, list[Item]]:
        """Each section as it stands in the base and in the policy, base first."""
        parts: dict[str, list[Item]] = {}
        for document in (*([self.base.document] if self.base else []), self.document):
            reader = Reader(document, problems=self.problems, faulty=self.faulty[document.file])
            for key, value in document.data.items() if isinstance(document.data, dict) else ():
                item = Item(reader, (key,), value)
                if self.base and key in parts and document is self.document:
                    compare(key, parts[key][0], item, self.base.name)
                if key not in OWN:
                    parts.setdefault(key, []).append(item)
        return parts

    def _uses(self, parts: Parts) -> Uses:
        uses = Uses(Library(self.problems), self.base.name if self.base else "", self._whole("packs"))
        for part in parts:
            if self.base and part.reader.document is self.base.document:
                uses.add(part, self.base.path, of_base=True)
            else:
                uses.add(part, self.path, of_base=False)
        return uses

    def _authority(self, parts: dict[str, list[Item]], permit: frozenset[Verb], *, channels: bool) -> None:
        """A policy that may destroy can say so first."""
        destructive = sorted(permit & DESTRUCTIVE)
        if not destructive or not self._whole("permit", "notify"):
            return
        item = parts["permit"][-1]
        roomless = [verb for verb in destructive if verb not in sections.caps(parts.get("at_most", []))]
        for verb in roomless if self._whole("at_most") else ():
            message = f"permits '{verb}' and gives it no room: none is done"
            item.problem(message, f"at_most: {{{verb}: 10}}", key=True, warning=True)
        if "notify" not in permit:
            item.problem(f"permits '{destructive[0]}' but not 'notify'", "add notify", key=True)
        if not channels:
            item.problem(f"permits '{destructive[0]}' and names no channel", "add a notify section", key=True)

    def _also(self, parts: dict[str, list[Item]]) -> Iterator[Condition]:
        for part in parts.get("ai", []):
            for item in part.below("also").items():
                yield item.reader.condition(item.data, item.place)

    def _budgets(self, parts: Parts) -> dict[str, Budget]:
        """Those of the policy and its base, and of the tables that they name."""
        found = money.budgets(parts)
        for part in parts:
            of_base = self.base is not None and part.reader.document is self.base.document
            home = self.base.path if self.base is not None and of_base else self.path
            found |= budget_table.table(part, home.parent, found)
        return found

    def _later(self, parts: dict[str, list[Item]]) -> None:
        for key, meaning in LATER.items():
            for part in parts.get(key, []):
                message = f"'{key}' is read but not used by this version: {meaning}"
                self.problems.append(part.reader.document.problem((key,), message, key=True, warning=True))


def _last(parts: dict[str, list[Item]], key: str) -> Any:
    """A section's value: the policy's own, joined or merged with the base's where both may speak."""
    found = parts.get(key)
    if not found:
        return None
    if key in JOINED:
        return [entry for part in found if isinstance(part.data, list) for entry in part.data]
    if key in MERGED or key in ("at_most", "approve"):
        return {k: v for part in found if isinstance(part.data, dict) for k, v in part.data.items()}
    return found[-1].data
