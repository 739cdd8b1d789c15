"""Judging: every rule of every binding on every resource."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from finops_guard.errors import InputError
from finops_guard.evaluate.emit import HELPERS, MAX_NODES, Emitter, Source, fold, reads, size
from finops_guard.evaluate.operations import in_currency
from finops_guard.model import All, Binding, Condition, Ref, Resource, Rule, Verdict

PAGE = 2_000
Raw = tuple[int, Resource, tuple[Verdict, tuple[Any, ...]], bool]
Fx = Mapping[tuple[str, str], tuple[Decimal, date]]


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
class _Slot:
    binding: Binding
    rule: Rule


class Evaluator:
    """The rules of some bindings, compiled for each kind of resource at its first sight.

    `passed` counts passes by (binding name, rule id); passes are yielded only with `include_pass`.
    """

    def __init__(
        self, bindings: Sequence[Binding], now: datetime, fx: Fx | None = None, *, include_pass: bool = False
    ) -> None:
        self._packs: dict[str, list[tuple[Binding, range]]] = {}
        self._slots: list[_Slot] = []
        for binding in bindings:
            start = len(self._slots)
            self._slots += [_Slot(binding, rule) for rule in binding.rules]
            self._packs.setdefault(binding.pack.name, []).append((binding, range(start, len(self._slots))))
        self._now = now
        self._helpers = HELPERS | {"in_currency": in_currency(fx or {}), "plus": _plus}
        self._include_pass = include_pass
        self._passes = [0] * len(self._slots)
        self._by_kind: dict[str, Callable[..., Any]] = {}
        for slot in self._slots:
            if size(slot.rule.match) + size(slot.rule.require) > MAX_NODES:
                raise InputError(f"rule {slot.rule.id} has over {MAX_NODES} conditions")

    def judge(self, resources: Iterable[Resource]) -> Iterator[Judgement]:
        """Every fail and unknown (and pass, if asked for), page by page; order within a page is by kind."""
        stream = iter(resources)
        while page := list(islice(stream, PAGE)):
            yield from self._page(page)

    @property
    def passed(self) -> dict[tuple[str, str], int]:
        """How many resources passed, by (binding name, rule id), of what was judged so far."""
        return {(slot.binding.name, slot.rule.id): count for slot, count in zip(self._slots, self._passes, strict=True)}

    def _page(self, page: list[Resource]) -> Iterator[Judgement]:
        kinds: dict[str, list[Resource]] = {}
        for resource in page:
            kinds.setdefault(resource.kind, []).append(resource)
        found: list[Raw] = []
        paused = gc.isenabled()
        gc.disable()  # many small tuples and no cycles among them
        try:
            for kind, group in kinds.items():
                if kind not in self._by_kind:
                    self._by_kind[kind] = self._compile(kind)
                for i, count in enumerate(self._by_kind[kind](group, found.append)):
                    self._passes[i] += count
        finally:
            if paused:
                gc.enable()
        make = Judgement._make
        for index, resource, (verdict, reasons), acts in found:
            if verdict == "pass":
                self._passes[index] += 1
            if verdict == "outside" or (verdict == "pass" and not self._include_pass):
                continue
            slot = self._slots[index]
            yield make((slot.binding, slot.rule, resource, verdict, reasons, acts))

    def source_of(self, kind: str) -> str:
        """The source generated for a kind, for `explain` and tests."""
        return "\n".join(self._emit(kind).lines)

    def _compile(self, kind: str) -> Callable[..., Any]:
        return self._emit(kind).functions(f"<rules:{kind or 'unknown'}>")["judge"]  # type: ignore[no-any-return]

    def _emit(self, kind: str) -> Source:
        source = Source(dict(self._helpers))
        emitter = Emitter(source, self._now)
        matches = [fold(slot.rule.match, kind) for slot in self._slots]
        requires = [fold(slot.rule.require, kind) for slot in self._slots]
        for index, (match, require) in enumerate(zip(matches, requires, strict=True)):
            if match is not False:
                _emit_rule(emitter, index, match, require)
        for number, uses in enumerate(self._packs.values()):
            _emit_where(emitter, number, uses, [fold(binding.where, kind) for binding, _ in uses], matches)
        self._emit_page(emitter, matches, requires)
        return source

    def _emit_page(self, emitter: Emitter, matches: list[Condition | bool], requires: list[Condition | bool]) -> None:
        """`judge` reads what several rules look at once a resource; one it cannot read all of goes to `each`."""
        put, live = emitter.source.put, [i for i, match in enumerate(matches) if match is not False]
        conditions = [c for i in live for c in (matches[i], requires[i]) if not isinstance(c, bool)]
        shared = [ref for ref, looks in Counter(ref for c in conditions for ref in reads(c)).items() if looks > 1]
        self._emit_loop(emitter, "each", matches, requires)
        counts = ", ".join(f"n{index}" for index in range(len(self._slots)))
        put(1, f"return [{counts}]")
        hoisted = {ref: emitter.source.local("h") for ref in shared}
        self._emit_loop(emitter, "judge", matches, requires, hoisted)
        put(1, f"return plus([{counts}], each(rest, append)) if rest else [{counts}]")

    def _emit_loop(
        self,
        emitter: Emitter,
        name: str,
        matches: list[Condition | bool],
        requires: list[Condition | bool],
        hoisted: dict[Ref, str] | None = None,
    ) -> None:
        put = emitter.source.put
        put(0, f"def {name}(page, append):")
        put(1, "rest = []")
        for index in range(len(self._slots)):
            put(1, f"n{index} = 0")
        put(1, "for r in page:")
        put(2, "f = r.fields")
        put(2, "t = r.tags")
        put(2, "a = r.account_tags")
        if hoisted:
            put(2, "try:")
            for ref, local in hoisted.items():
                put(3, f"{local} = {emitter.read(ref)}")
            put(2, "except KeyError:")
            put(3, "rest.append(r)")
            put(3, "continue")
        emitter.hoisted = hoisted or {}
        for number, uses in enumerate(self._packs.values()):
            alone = len(uses) == 1 and uses[0][0].where == All(())
            if not alone:
                put(2, f"w = w{number}(r, append)")
            for position, (_, indexes) in enumerate(uses):
                live = [i for i in indexes if matches[i] is not False]
                if live and not alone:
                    put(2, f"if w == {position}:")
                for index in live:
                    self._emit_call(emitter, index, matches[index], requires[index], 2 if alone else 3)
        emitter.hoisted = {}

    def _emit_call(
        self, emitter: Emitter, index: int, match: Condition | bool, require: Condition | bool, depth: int
    ) -> None:
        """The fast path of one rule: a failure or an unknown value calls the rule's three-valued twin."""
        put = emitter.source.put
        hit = f"append(({index}, r, j{index}(r), True))"
        put(depth, "try:")
        inner = depth + 1
        if not isinstance(match, bool):
            put(inner, f"if {emitter.expression(match)}:")
            inner += 1
        test = str(require) if isinstance(require, bool) else emitter.expression(require)
        put(inner, f"if {test}:")
        passed = f"append(({index}, r, PASS, True))" if self._include_pass else f"n{index} += 1"
        put(inner + 1, passed)
        put(inner, f"else: {hit}")
        put(depth, "except KeyError:")
        put(depth + 1, hit)


def _plus(counts: list[int], more: list[int]) -> list[int]:
    return [count + other for count, other in zip(counts, more, strict=True)]


def _emit_rule(emitter: Emitter, index: int, match: Condition | bool, require: Condition | bool) -> None:
    """`j<index>(r)`: the three-valued verdict of one rule with its reasons."""
    put = emitter.source.put
    put(0, f"def j{index}(r):")
    put(1, "f = r.fields")
    put(1, "t = r.tags")
    put(1, "a = r.account_tags")
    put(1, "u = []")
    put(1, "e = []")
    matched = "True"
    if not isinstance(match, bool):
        matched = emitter.statements(1, match, None, None)
        put(1, f"if {matched} is False: return OUTSIDE")
    held = str(require) if isinstance(require, bool) else emitter.statements(1, require, "e", conflict=False)
    put(1, f"if {held} is True: return PASS if {matched} is True else OUTSIDE")
    put(1, f"if {matched} is True and {held} is False: return ('fail', tupled(e))")
    put(1, "return ('unknown', tupled(u))")


def _emit_where(
    emitter: Emitter,
    number: int,
    uses: list[tuple[Binding, range]],
    wheres: list[Condition | bool],
    matches: list[Condition | bool],
) -> None:
    """`w<number>(r, append)`: the position of the binding that holds, -1 for none.

    Where it cannot be told, the resource is judged there at once, as one that must not be acted on, and -1 returned.
    """
    put = emitter.source.put
    put(0, f"def w{number}(r, append):")
    put(1, "f = r.fields")
    put(1, "t = r.tags")
    put(1, "a = r.account_tags")
    put(1, "u = []")
    put(1, "e = []")
    for position, ((_, indexes), where) in enumerate(zip(uses, wheres, strict=True)):
        if isinstance(where, bool):
            if where:
                put(1, f"return {position}")
                return
            continue
        held = emitter.statements(1, where, None, None)
        put(1, f"if {held} is True: return {position}")
        put(1, f"if {held} is None:")
        for index in indexes:
            if matches[index] is not False:
                put(2, f"append(({index}, r, j{index}(r), False))")
        put(2, "return -1")
    put(1, "return -1")


def predicate(condition: Condition, now: datetime, fx: Fx | None = None) -> Callable[[Resource], bool | None]:
    """A condition alone as a three-valued function: an exemption's `where`, a policy's `ai: also`."""
    source = Source(HELPERS | {"in_currency": in_currency(fx or {})})
    emitter = Emitter(source, now)
    put = source.put
    put(0, "def judge(r):")
    put(1, "f = r.fields")
    put(1, "t = r.tags")
    put(1, "a = r.account_tags")
    put(1, "u = []")
    put(1, "e = []")
    put(1, f"return {emitter.statements(1, condition, None, None)}")
    return source.functions("<condition>")["judge"]  # type: ignore[no-any-return]
