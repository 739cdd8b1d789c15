"""Policies: the binding of packs to an organisation, with everything that can be checked before a cloud is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from finops_guard.errors import InputError
from finops_guard.language import amounts, plain, sections
from finops_guard.language.check import Place, faults
from finops_guard.language.conditions import Reader
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import Document, read
from finops_guard.language.extends import JOINED, MERGED, OWN, compare, scope
from finops_guard.language.item import Item, Parts, Rules
from finops_guard.language.library import shipped_names, shown
from finops_guard.language.near import suggest
from finops_guard.language.policy_schema import policy_schema
from finops_guard.language.tighten import tighten
from finops_guard.language.unpriced import Rates, unpriced
from finops_guard.language.uses import Library, Use, binding, check_authority, read_use
from finops_guard.language.validator import schema_of
from finops_guard.language.words import did_you_mean, few
from finops_guard.model import DESTRUCTIVE, Binding, Condition, Mode, Policy, Verb, canonical

DEFAULT_PERMIT: frozenset[Verb] = frozenset({"notify", "suggest"})
LATER = {
    "costs": "cost data is not read",
    "rates": "discounts and rate cards are not applied",
    "shared": "shared cost is not split",
    "budgets": "no budget is computed, so no budget rule is judged",
    "units": "no unit cost is computed",
    "assume": "planned resources are not estimated",
    "waivers": "infrastructure as code is not judged",
    "datasets": "data locality is not judged",
    "approve": "nothing is acted on, so nothing is approved",
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
    base: Document | None = None
    base_path: Path | None = None
    base_name: str = ""
    faulty: dict[str, set[Place]] = field(default_factory=dict)

    def policy(self) -> Policy | None:
        self._check(self.document)
        if not isinstance(self.document.data, dict):
            return None
        self._find_base()
        parts = self._parts()
        mode: Mode = "enforce" if _last(parts, "mode") == "enforce" else "dry-run"
        permit = _last(parts, "permit")
        allowed = frozenset(permit) if isinstance(permit, list) else DEFAULT_PERMIT
        teams = sections.teams(parts.get("teams", []))
        fx = sections.rates(parts.get("fx", []))
        bindings, whole = self._bindings(parts.get("packs", []), mode, allowed, tuple(teams), fx)
        rules = Rules(sorted({rule.id for each in bindings for rule in each.rules}), whole)
        channels = tuple(sections.channels(parts.get("notify", []), rules, teams if self._whole("teams") else ()))
        sections.waivers(parts.get("waivers", []), rules)
        amounts.check(parts)
        for key in SECRETS:
            for part in parts.get(key, []):
                plain.variables(part)
        self._authority(parts, allowed, channels=bool(channels))
        self._later(parts)
        inherit = _last(parts, "inherit") or {}
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
            inherit_tags=tuple(canonical(key) for key in inherit.get("tags") or () if isinstance(key, str)),
            inherit_from=tuple(inherit.get("from") or ()),
            also_ai=tuple(self._also(parts)),
            teams=teams,
            exempt=tuple(sections.exemptions(parts.get("exempt", []), rules, self.today)),
            freeze=tuple(sections.freezes(parts.get("freeze", []))),
            windows=sections.windows(parts.get("windows", [])),
            channels=channels,
            raw={key: _last(parts, key) for key in parts},
        )

    def _check(self, document: Document) -> None:
        found = faults(document, policy_schema)
        self.problems += [fault.diagnostic for fault in found]
        self.faulty[document.file] = {fault.path for fault in found}

    def _whole(self, *sections: str) -> bool:
        """Whether these sections of the policy and its base are well written, so that they can be compared."""
        lost = "extends" in self.document.data and self.base is None
        faulty = any(path[:1] and path[0] in sections for paths in self.faulty.values() for path in paths)
        known = schema_of(policy_schema)["properties"]
        keys = {key for document in (self.document, self.base) if document for key in document.data}
        return not lost and not faulty and not any(suggest(key, sections) for key in keys - known.keys())

    def _find_base(self) -> None:
        name = self.document.data.get("extends")
        if not isinstance(name, str):
            return
        ours = shipped_names("policies")
        if "/" in name or name.endswith((".yaml", ".yml")):
            path = self.path.parent / name
        elif name in ours:
            path = ours[name]
        else:
            near = suggest(name, ours)
            hint = did_you_mean(near) or few(list(ours), "shipped: {}; or give a path") or "give a path"
            self.problems.append(self.document.problem(("extends",), f"unknown policy '{name}'", hint))
            return
        try:
            self.base = read(path, shown(path))
        except LanguageError as error:
            self.problems += error.diagnostics
            return
        except InputError as error:
            self.problems.append(self.document.problem(("extends",), error.what))
            return
        self.base_path, self.base_name = path, name
        if isinstance(self.base.data, dict):
            self.base_name = str(self.base.data.get("policy") or name)
        self._check(self.base)
        if not isinstance(self.base.data, dict):
            self.base = None
        elif "extends" in self.base.data:
            message = f"'{name}' itself extends a policy; one level is allowed"
            self.problems.append(self.document.problem(("extends",), message))

    def _parts(self) -> dict[str, list[Item]]:
        """Each section as it stands in the base and in the policy, base first."""
        parts: dict[str, list[Item]] = {}
        for document in (self.base, self.document):
            if document is None:
                continue
            reader = Reader(document, problems=self.problems, faulty=self.faulty[document.file])
            for key, value in document.data.items():
                item = Item(reader, (key,), value)
                if key in parts and document is self.document:
                    compare(key, parts[key][0], item, self.base_name)
                if key not in OWN:
                    parts.setdefault(key, []).append(item)
        return parts

    def _bindings(
        self, parts: Parts, mode: Mode, permit: frozenset[Verb], teams: tuple[str, ...], fx: Rates
    ) -> tuple[tuple[Binding, ...], bool]:
        """The bindings, and whether every pack was found and read."""
        library = Library(self.problems)
        uses: dict[str, Use] = {}
        from_base: set[str] = set()
        whole = self._whole("packs")
        for part in parts:
            of_base = part.reader.document is self.base
            home = self.base_path if of_base and self.base_path else self.path
            for item in part.items():
                name = item.get("use")
                pack = library.find(name, home, item) if isinstance(name, str) else None
                if pack is None:
                    whole = False
                    continue
                if not of_base and self._whole("mode", "permit"):
                    check_authority(item, mode, permit)
                use = read_use(item, pack)
                if use.name in from_base and not of_base:
                    uses[use.name] = tighten(uses[use.name], use, self.base_name)
                    from_base.discard(use.name)
                elif use.name in uses:
                    if not item.reader.sound(item.place) or not uses[use.name].item.reader.sound(
                        uses[use.name].item.place
                    ):
                        continue  # perhaps its `as` is misspelt
                    item.problem(
                        f"two bindings are called '{use.name}'", "give one another name: as: NAME", at=("use",)
                    )
                else:
                    uses[use.name] = use
                    from_base |= {use.name} if of_base else set()
        bindings = {name: binding(use, mode, permit, teams) for name, use in uses.items()}
        for name, use in uses.items():
            unpriced(use, bindings[name], fx)
        return tuple(bindings.values()), whole

    def _authority(self, parts: dict[str, list[Item]], permit: frozenset[Verb], *, channels: bool) -> None:
        """A policy that may destroy can say so first."""
        destructive = sorted(permit & DESTRUCTIVE)
        if not destructive or not self._whole("permit", "notify"):
            return
        item = parts["permit"][-1]
        if "notify" not in permit:
            item.problem(f"permits '{destructive[0]}' but not 'notify'", "add notify", key=True)
        if not channels:
            item.problem(f"permits '{destructive[0]}' and names no channel", "add a notify section", key=True)

    def _also(self, parts: dict[str, list[Item]]) -> Iterator[Condition]:
        for part in parts.get("ai", []):
            for item in part.below("also").items():
                yield item.reader.condition(item.data, item.place)

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
