"""Judging: every rule of every binding on every resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

from finops_guard.evaluate.emit import HELPERS, TRUTH, Emitter
from finops_guard.evaluate.fold import bounded
from finops_guard.evaluate.operations import in_currency
from finops_guard.evaluate.page import Judgement, Page, Plan, Slot, Use
from finops_guard.evaluate.source import Source, UnsafeSourceError
from finops_guard.language.document import collector_paused
from finops_guard.model import Binding, Condition, Resource, Unknown, Verdict

__all__ = ["Evaluator", "Judgement", "predicate"]

PAGE = 250  # a page that is read and judged stays in the processor's cache: of 2,000 it takes half as long again
Later: TypeAlias = tuple[int, Resource, tuple[Verdict, tuple[Any, ...]], bool]
"""A judgement in the making: the rule's place, the resource, verdict and reasons, and whether it may be acted on."""
Fx: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]


class Evaluator:
    """The rules of some bindings, compiled for each kind of resource at its first sight.

    `passed` counts passes by (binding name, rule id); passes are yielded only with `include_pass`. InputError where a
    rule is too big to compile.
    """

    def __init__(
        self, bindings: Sequence[Binding], now: datetime, fx: Fx | None = None, *, include_pass: bool = False
    ) -> None:
        slots: list[Slot] = []
        packs: dict[str, list[Use]] = {}
        for binding in bindings:
            bounded(binding.where, of=f"the where of {binding.name}")
            start = len(slots)
            for rule in binding.rules:
                bounded(rule.match, rule.require, of=f"rule {rule.id}")
                slots.append(Slot(binding, rule))
            packs.setdefault(binding.pack.name, []).append(Use(binding, range(start, len(slots))))
        self._plan = Plan(slots, tuple(packs.values()), now, {"in_currency": in_currency(fx or {})}, include_pass)
        self._passes = [0] * len(slots)
        self._pages: dict[str, Page] = {}

    def judge(self, resources: Iterable[Resource]) -> Iterator[Judgement]:
        """Every fail and unknown (and pass, if asked for), page by page; order within a page is by kind."""
        stream = iter(resources)
        while page := list(islice(stream, PAGE)):
            yield from self._page(page)

    @property
    def passed(self) -> dict[tuple[str, str], int]:
        """How many resources passed, by (binding name, rule id), of what was judged so far."""
        slots = zip(self._plan.slots, self._passes, strict=True)
        return {(slot.binding.name, slot.rule.id): count for slot, count in slots}

    def source_of(self, kind: str) -> str:
        """The source generated for a kind, for tests and the curious."""
        return Page(self._plan, kind).source()

    def _page(self, page: list[Resource]) -> list[Judgement]:
        kinds: dict[str, list[Resource]] = {}
        for resource in page:
            kind = str(resource.fields.get("kind") or "")
            if kind in kinds:
                kinds[kind].append(resource)
            else:
                kinds[kind] = [resource]
        found: list[Judgement] = []
        later: list[Later] = []
        with collector_paused():
            for kind, group in kinds.items():
                self._group(kind, group, found, later)
            found += self._settled(later)
        return found

    def _settled(self, later: list[Later]) -> Iterator[Judgement]:
        for place, resource, (verdict, reasons), acts in later:
            if verdict == "pass":
                self._passes[place] += 1
            if verdict == "outside" or (verdict == "pass" and not self._plan.include_pass):
                continue
            slot = self._plan.slots[place]
            yield Judgement(slot.binding, slot.rule, resource, verdict, reasons, acts)

    def _group(self, kind: str, group: list[Resource], found: list[Judgement], later: list[Later]) -> None:
        """Judge resources of one kind; those of a page that breaks a rule are judged one by one."""
        page = self._pages.get(kind)
        if page is None:
            page = self._pages[kind] = Page(self._plan, kind)
        before = len(found), len(later)
        try:
            passed, rest = page.judge(group, found.append, later.append)
            more, _ = page.judge_rest(rest, found.append, later.append) if rest else ((), ())
        except UnsafeSourceError:
            raise
        except Exception:  # noqa: BLE001 - whatever a rule or a value breaks, the page goes on
            del found[before[0] :]
            del later[before[1] :]
            for resource in group:
                self._alone(page, resource, later)
            return
        for counts in (passed, more):
            for place, count in enumerate(counts):
                self._passes[place] += count

    def _alone(self, page: Page, resource: Resource, later: list[Later]) -> None:
        """Judge one resource rule by rule; a rule that raises is unknown, with the error as its reason."""
        for number, uses in enumerate(self._plan.packs):
            kept: list[Later] = []
            try:
                position = page.wheres[number](resource, kept.append)
            except Exception as error:  # noqa: BLE001 - see above
                broken = _broken(error)
                later += [(place, resource, broken, False) for place in uses[0].places if place in page.twins]
                continue
            later += kept
            for place in uses[position].places if position >= 0 else ():
                if twin := page.twins.get(place):
                    later.append((place, resource, _tried(twin, resource), True))


def _tried(twin: Callable[..., Any], resource: Resource) -> tuple[Verdict, tuple[Any, ...]]:
    try:
        return twin(resource)  # type: ignore[no-any-return] # made of text
    except Exception as error:  # noqa: BLE001 - see above
        return _broken(error)


def _broken(error: Exception) -> tuple[Verdict, tuple[Any, ...]]:
    return "unknown", (("the rule", "judged", True, Unknown(f"internal error: {type(error).__name__}: {error}")),)


def predicate(condition: Condition, now: datetime, fx: Fx | None = None) -> Callable[[Resource], bool | None]:
    """A condition alone as a three-valued function: an exemption's `where`, a policy's `ai: also`."""
    bounded(condition, of="a condition")
    helpers = HELPERS | {"in_currency": in_currency(fx or {})}

    @cache
    def of_kind(kind: str) -> Callable[[Resource], bool | None]:
        source = Source(helpers)
        source.function("judge(r)")
        source.put(1, f"return {Emitter(source, now, kind).statements(1, condition, TRUTH)}")
        return source.functions("<condition>")["judge"]  # type: ignore[no-any-return] # made of text

    return lambda resource: of_kind(resource.kind)(resource)
