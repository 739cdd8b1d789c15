"""All rules of some bindings as Python that judges a page of resources of one kind.

`judge` assumes that what it meets is known, reads what several tests look at once a resource, and gives failures with
their reasons. A resource that lacks one of those goes to a second `judge`, which reads at each test; a test that meets
something unknown goes to the rule's three-valued twin, `j<place>`. `w<pack>` says which binding of a pack holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from finops_guard.evaluate.emit import HELPERS, REQUIRED, TRUTH, Emitter
from finops_guard.evaluate.fold import fold, reads
from finops_guard.evaluate.source import Source
from finops_guard.model import All, Binding, Compare, Condition, Ref, Resource, Rule, Verdict

OUTSIDE = ("outside", ())
PASS = ("pass", ())


class Judgement(NamedTuple):
    """One rule on one resource. `acts` is false where the binding's `where` was unknown.

    `reasons` are bare tuples in the order of `Reason`'s fields: most are counted and never read.
    """

    binding: Binding
    rule: Rule
    resource: Resource
    verdict: Verdict
    reasons: tuple[tuple[str, str, object, object], ...]
    acts: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """One rule of one binding, known by its place among all."""

    binding: Binding
    rule: Rule


@dataclass(frozen=True, slots=True)
class Use:
    """One binding of a pack and the places of its rules."""

    binding: Binding
    places: range


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compile: the rules by place, the uses of each pack, and what their code needs."""

    slots: Sequence[Slot]
    packs: Sequence[Sequence[Use]]
    now: datetime
    helpers: Mapping[str, object]
    include_pass: bool


class Page:
    """The rules for one kind (empty: unknown). What few resources need is compiled when the first of them needs it."""

    def __init__(self, plan: Plan, kind: str) -> None:
        self._plan = plan
        self._kind = kind
        self._matches = [fold(slot.rule.match, kind) for slot in plan.slots]
        self._requires = [fold(slot.rule.require, kind) for slot in plan.slots]
        self._wheres = [[fold(use.binding.where, kind) for use in uses] for uses in plan.packs]
        self.twins = {place: self._later(partial(self._twin, place), f"j{place}") for place in self._living()}
        names = {f"j{place}": twin for place, twin in self.twins.items()}
        self._helpers = {
            **HELPERS, **plan.helpers, **names, "OUTSIDE": OUTSIDE, "PASS": PASS,
            "made": partial(tuple.__new__, Judgement),
        }  # fmt: skip
        self.wheres = [self._later(partial(self._where, number), f"w{number}") for number in range(len(plan.packs))]
        self._helpers |= {f"w{number}": where for number, where in enumerate(self.wheres)}
        self.judge = self._loop(hoist=True).functions(self._file("judge"))["judge"]
        self.judge_rest = self._later(partial(self._loop, hoist=False), "judge")

    def source(self) -> str:
        """All of the source, for tests and the curious."""
        parts = [*(self._twin(place) for place in self.twins), *map(self._where, range(len(self.wheres)))]
        parts += [self._loop(hoist=False), self._loop(hoist=True)]
        return "\n".join(line for part in parts for line in part.lines)

    def _later(self, write: Callable[[], Source], name: str) -> Callable[..., Any]:
        """A function that is written and compiled when it is first called."""
        function: Callable[..., Any] | None = None

        def call(*arguments: object) -> Any:
            nonlocal function
            if function is None:
                function = write().functions(self._file(name))[name]
            return function(*arguments)

        return call

    def _file(self, name: str) -> str:
        """What tracebacks call it."""
        return f"<rules: {name} of {self._kind or 'unknown kind'}>"

    def _living(self) -> list[int]:
        """The places of rules that this kind may match."""
        return [place for place, match in enumerate(self._matches) if match is not False]

    def _start(self) -> tuple[Source, Emitter]:
        source = Source(self._helpers)
        return source, Emitter(source, self._plan.now, self._kind)

    def _twin(self, place: int) -> Source:
        """`j<place>(r)`: the three-valued verdict of one rule with its reasons."""
        source, emitter = self._start()
        source.function(f"j{place}(r)")
        match = self._matches[place]
        matched = str(match)
        if not isinstance(match, bool):
            matched = emitter.statements(1, match, TRUTH)
            source.put(1, f"if {matched} is False: return OUTSIDE")
        held = emitter.statements(1, self._plan.slots[place].rule.require, REQUIRED)
        source.put(1, f"if {held} is True: return PASS if {matched} is True else OUTSIDE")
        source.put(1, f"if {matched} is True and {held} is False: return ('fail', tupled(e))")
        source.put(1, "return ('unknown', tupled(u))")
        return source

    def _where(self, number: int) -> Source:
        """`w<number>(r, later)`: the position of the binding that holds, -1 for none.

        Where it cannot be told, the resource is judged there at once, as one not to be acted on, and -1 is returned.
        """
        source, emitter = self._start()
        source.function(f"w{number}(r, later)")
        for position, (use, where) in enumerate(zip(self._plan.packs[number], self._wheres[number], strict=True)):
            if where is True:
                source.put(1, f"return {position}")
            if isinstance(where, bool):
                continue
            held = emitter.statements(1, where, TRUTH)
            source.put(1, f"if {held} is True: return {position}")
            source.put(1, f"if {held} is None:")
            for place in use.places:
                if place in self.twins:
                    source.put(2, f"later(({place}, r, j{place}(r), False))")
            source.put(2, "return -1")
        source.put(1, "return -1")
        return source

    def _groups(self, use: Use) -> dict[Condition | bool, list[int]]:
        """The living rules of a binding by what they match: it is tried once, and those that match are counted once."""
        groups: dict[Condition | bool, list[int]] = {}
        for place in use.places:
            if place in self.twins:
                groups.setdefault(self._matches[place], []).append(place)
        return groups

    def _looks(self) -> Counter[Ref]:
        """How often living rules look at what."""
        parts = [part for place in self.twins for part in (self._matches[place], self._plan.slots[place].rule.require)]
        return Counter(ref for part in parts if not isinstance(part, bool) for ref in reads(part))

    def _loop(self, *, hoist: bool) -> Source:
        """`judge(page, found, later)`: `found` takes judgements, `later` tests that met something unknown.

        It gives how many passed, by place, and the resources that lack something which was to be read for all tests.
        """
        source, emitter = self._start()
        put = source.put
        looks = self._looks()
        hoisted = {ref: source.local("h") for ref, count in looks.items() if hoist and count > 1}
        groups = [[self._groups(use) for use in uses] for uses in self._plan.packs]
        counts = {
            place: source.local("n")
            for uses in groups
            for use in uses
            for places in use.values()
            for place in places[:1]
        }
        put(0, "def judge(page, found, later):")
        put(1, "rest = []")
        for name in (*counts.values(), *(f"z{place}" for place in self.twins)):
            put(1, f"{name} = 0")
        put(1, "for r in page:")
        put(2, "f = r.fields")
        put(2, "t = r.tags")
        if any(ref.space == "account_tag" for ref in looks):
            put(2, "a = r.account_tags")
        if hoisted:
            put(2, "try:")
            for ref, local in hoisted.items():
                put(3, f"{local} = {emitter.read(ref)}")
            put(2, "except KeyError:")
            put(3, "rest.append(r)")
            put(3, "continue")
        emitter.hoisted = hoisted
        passed = ["0"] * len(self._plan.slots)
        for number, uses in enumerate(groups):
            alone = len(uses) == 1 and self._wheres[number][0] is True
            if not alone:
                put(2, f"w = w{number}(r, later)")
            for position, use in enumerate(uses):
                if use and not alone:
                    put(2, f"if w == {position}:")
                for match, places in use.items():
                    self._group(emitter, 2 if alone else 3, match, places, counts[places[0]])
                    for place in places:
                        passed[place] = f"{counts[places[0]]} - z{place}"
        put(1, f"return ([{', '.join(passed)}], rest)")
        return source

    def _group(self, emitter: Emitter, depth: int, match: Condition | bool, places: list[int], count: str) -> None:
        put = emitter.source.put
        if not isinstance(match, bool):
            put(depth, "try:")
            put(depth + 1, f"g = {emitter.expression(match)}")
            put(depth, "except KeyError:")
            put(depth + 1, "g = False")
            for place in places:
                put(depth + 1, f"later(({place}, r, j{place}(r), True))")
            put(depth, "if g:")
            depth += 1
        put(depth, f"{count} += 1")
        for place in places:
            self._test(emitter, depth, place)

    def _test(self, emitter: Emitter, depth: int, place: int) -> None:
        """The fast path of one rule on a resource that it matches."""
        put, require, slot = emitter.source.put, self._requires[place], self._plan.slots[place]
        ours = f"{emitter.source.constant(slot.binding)}, {emitter.source.constant(slot.rule)}, r"
        passes = f"found(made(({ours}, 'pass', (), True)))" if self._plan.include_pass else ""
        if require is True:
            if passes:
                put(depth, passes)
            return
        put(depth, "try:")
        put(depth + 1, f"if not {emitter.expression(require)}:" if require else "if True:")
        self._fail(emitter, depth + 2, place, ours)
        if passes and require:
            put(depth + 1, f"else: {passes}")
        put(depth, "except KeyError:")
        put(depth + 1, f"z{place} += 1")
        put(depth + 1, f"later(({place}, r, j{place}(r), True))")

    def _fail(self, emitter: Emitter, depth: int, place: int, ours: str) -> None:
        """A failure with its reasons; what is rare or long is left to the twin."""
        put, require = emitter.source.put, self._plan.slots[place].rule.require
        items = require.items if isinstance(require, All) else (require,)
        tests = [item for item in items if isinstance(item, Compare)]
        if len(tests) < len(items):
            put(depth, f"later(({place}, r, j{place}(r), True))")
            put(depth, f"z{place} += 1")
            return
        if require is self._requires[place] and isinstance(require, Compare):  # its value was just bound to a name
            reasons = f"(({emitter.head(require)}, {emitter.operand(require)[1]}),)"
        else:
            put(depth, "e = []")
            for test in tests:
                emitter.reason(depth, test, "e")
            reasons = "tupled(e)"
        put(depth, f"found(made(({ours}, 'fail', {reasons}, True)))")
        put(depth, f"z{place} += 1")
