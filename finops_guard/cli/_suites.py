"""What `test` runs: the examples of packs, and test files under a policy or under the packs as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from finops_guard.evaluate import Evaluator, Setting, derive, predicate
from finops_guard.evaluate.checks import Branches, Check, alone, checked, examples, with_defaults
from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.testfile import TestCase, TestFile, resources, unknown_rules
from finops_guard.model import Binding, Location, Pack, Policy, Resource, Rule


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule whose examples cannot run: parameters of it have no default."""

    rule: str
    params: tuple[str, ...]
    examples: int
    at: Location | None


@dataclass(slots=True)
class Suite:
    """One pack or test file: what was checked, and what a test file's resources fail without being expected to."""

    name: str
    checks: list[Check] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    unexpected: list[Check] = field(default_factory=list)


@dataclass(slots=True)
class Bench:
    """The rules there are to test with: a policy's, or those of the packs with their defaults."""

    packs: Mapping[str, Pack]
    policy: Policy | None
    now: datetime
    problems: list[Diagnostic] = field(default_factory=list)

    def bound(self, pack: Pack, rule: Rule) -> Rule | tuple[str, ...]:
        """A rule with its pack's defaults, else as the policy binds it, else the parameters that it lacks."""
        found = with_defaults(pack, rule)
        if isinstance(found, Rule) or self.policy is None:
            return found
        return next((each for b in self.policy.bindings for each in b.rules if each.id == rule.id), found)

    def pack(self, pack: Pack, branches: Branches) -> Suite:
        """Run the examples of a pack."""
        suite = Suite(pack.path)
        for rule in pack.rules.values():
            bound = self.bound(pack, rule)
            if not isinstance(bound, Rule):
                suite.skipped.append(Skip(rule.id, bound, len(rule.examples), rule.at))
                continue
            for check in examples(pack, bound, self.now):
                suite.checks.append(check)
                branches.see(rule.id, check.resource)
        return suite

    def file(self, file: TestFile, branches: Branches) -> Suite:
        """Run a test file; names of rules that it misspells go to `problems`."""
        suite = Suite(file.path)
        wrong = list(unknown_rules(file, set(self._rules())))
        self.problems += wrong
        if not wrong:
            for case in file.tests:
                self._case(file, case, suite, branches)
        return suite

    def _rules(self) -> Iterator[str]:
        used = {binding.pack.name for binding in self._used}
        yield from (rule.id for binding in self._used for rule in binding.rules)
        yield from (rule.id for pack in self.packs.values() if pack.name not in used for rule in pack.rules.values())

    @property
    def _used(self) -> tuple[Binding, ...]:
        return self.policy.bindings if self.policy else ()

    def _case(self, file: TestFile, case: TestCase, suite: Suite, branches: Branches) -> None:
        names = [wanted.rule for wanted in case.expect]
        packs = {name.partition("/")[0] for name in names}
        bindings = (*self._used, *self._unused(packs))
        judge = Evaluator(bindings, case.at, self.policy.fx if self.policy else None, include_pass=True)
        given = list(self._derived(file, case))
        said = [{found.rule.id: found for found in judge.judge([each])} for each in given]
        for wanted in case.expect:
            verdicts = wanted.verdicts if wanted.each else wanted.verdicts * len(given)
            checks = [
                checked(wanted.rule, verdict, said_.get(wanted.rule), resource, wanted.at)
                for verdict, said_, resource in zip(verdicts, said, given, strict=True)
            ]
            for check in checks:
                branches.see(check.rule, check.resource)
            suite.checks += _about(checks) if case.snapshot is not None else checks
        suite.unexpected += [
            checked(rule, "", found, resource, resource.at or case.place)
            for said_, resource in zip(said, given, strict=True)
            for rule, found in said_.items()
            if found.verdict == "fail" and found.rule.pack in packs and rule not in names
        ]

    def _unused(self, names: set[str]) -> Iterator[Binding]:
        """The packs of these names that the policy does not use, their rules with the defaults."""
        used = {binding.pack.name for binding in self._used}
        for pack in self.packs.values():
            if pack.name in names - used:
                bound = (with_defaults(pack, rule) for rule in pack.rules.values())
                yield alone(pack, tuple(rule for rule in bound if isinstance(rule, Rule)))

    def _derived(self, file: TestFile, case: TestCase) -> Iterator[Resource]:
        """The resources, with what they inherit where their account's tags are given: an omitted map adds nothing."""
        setting = self._setting(case.at)
        alone_ = replace(setting, inherit=())
        for resource in self._given(file, case):
            knows_account = resource.account_tags.open_because is None
            yield from derive([resource], setting if knows_account else alone_)

    def _setting(self, now: datetime) -> Setting:
        if self.policy is None:
            return Setting(now, omitted_adds_nothing=True)
        inherit = self.policy.inherit_tags if "account" in self.policy.inherit_from else ()
        also = tuple(predicate(condition, now, self.policy.fx) for condition in self.policy.also_ai)
        given = self.policy.schedules
        return Setting(now, self.policy.aliases, inherit, also, omitted_adds_nothing=True, schedules=given)

    def _given(self, file: TestFile, case: TestCase) -> Iterator[Resource]:
        if case.snapshot is None:
            yield from resources(case)
            return
        from finops_guard.state import spool

        yield from spool.read(Path(file.path).parent / case.snapshot, self.policy.aliases if self.policy else {})


def _about(checks: list[Check]) -> list[Check]:
    """One verdict for a snapshot is for what the rule is about, of which there must be some."""
    about = [check for check in checks if check.got != "outside" or check.expected == "outside"]
    return about or checks[:1]
