"""Conditions to Python: two-valued expressions for what is known, three-valued statements with reasons for the rest.

In an expression an unknown value is a KeyError. Statements catch it at each test, so that Kleene's logic and the
reasons come out; they are slower, and run only where an expression met something unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from finops_guard.evaluate.fold import absent
from finops_guard.evaluate.operations import after_now, why_unknown, window
from finops_guard.evaluate.source import Source
from finops_guard.fields import FIELDS
from finops_guard.language.regexes import Matches
from finops_guard.model import All, AnyOf, Compare, Condition, Money, Not, Ref

HELPERS: dict[str, object] = {"window": window, "after_now": after_now, "why_unknown": why_unknown, "tupled": tuple}
_SYMBOLS = {"eq": "==", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_MAPS = {"tag": "t", "account_tag": "a"}


@dataclass(frozen=True, slots=True)
class Want:
    """What three-valued statements are for.

    `conflict` is what a tag key with conflicting spellings counts as: None (unknown), or in a requirement what makes it
    fail (False, inside a `not` True). `false` names the list that takes the reasons of false tests, `conflicts` the one
    that takes conflicts where `false` takes nothing: inside a `not`.
    """

    conflict: bool | None = None
    false: str | None = None
    conflicts: str | None = None


TRUTH = Want()
REQUIRED = Want(conflict=False, false="e")


class Emitter:
    """Writes conditions into a source for resources of one kind (empty: unknown)."""

    def __init__(self, source: Source, now: datetime, kind: str = "") -> None:
        self.source = source
        self.kind = kind
        self.hoisted: dict[Ref, str] = {}
        self._now = source.constant(now)

    def read(self, ref: Ref) -> str:
        """The expression for what a test looks at; KeyError where it is unknown."""
        if ref in self.hoisted:
            return self.hoisted[ref]
        if absent(ref, self.kind):
            return "None"
        if ref.space == "field":
            return f"f[{FIELDS[ref.name].name!r}]"  # the catalogue's own text, not the document's
        return f"{_MAPS[ref.space]}.get({self.source.constant(ref.name)})"

    def operand(self, test: Compare) -> tuple[str, str]:
        """The expression that gives a test's value and binds it, and the name it is bound to afterwards."""
        read = self.read(test.ref)
        if test.over is not None:
            read = f"window({read}, {self.source.constant(test.over)}, {self.source.constant(test.by)})"
        return (read, read) if read.isidentifier() else (f"(v := {read})", "v")

    def head(self, test: Compare) -> str:
        """The first three parts of a test's reason."""
        expected = test.value if test.over is None else (test.value, test.over, test.by)
        return ", ".join(map(self.source.constant, (str(test.ref), test.op, expected)))

    def expression(self, condition: Condition) -> str:
        """Two-valued: short-circuits, and raises KeyError at the first value it needs that is unknown."""
        match condition:
            case Compare():
                return f"({self.test(condition, *self.operand(condition))})"
            case Not(item):
                return f"(not {self.expression(item)})"
            case All(()):
                return "True"
            case AnyOf(()):
                return "False"
            case All(items):
                return "(" + " and ".join(map(self.expression, items)) + ")"
            case AnyOf(items):
                return "(" + " or ".join(map(self.expression, items)) + ")"

    def test(self, test: Compare, value: str, name: str) -> str:
        """The comparison, where `value` gives what is compared, once, and `name` names it after that."""
        match test.op, test.value:
            case ("exists", False):
                return f"{value} is None"
            case ("exists", True) | ("in", ()):
                return f"{value} is not None"
            case "in", tuple(among):
                return f"{value} in {self.source.constant(frozenset(among))}"
            case "eq", bool(wanted):
                return f"{value} is {self.source.constant(wanted)}"
            case "eq", wanted if not isinstance(wanted, Money):
                return f"{value} == {self.source.constant(wanted)}"
        return f"{value} is not None and {self._test_present(test, name)}"

    def _test_present(self, test: Compare, name: str) -> str:
        constant = self.source.constant
        match test.op, test.value:
            case "not_in", tuple(among):
                return f"{name} not in {constant(frozenset(among))}"
            case "matches", str(pattern):
                matches = Matches(pattern)
                return f"({name} in {constant(matches.good)} or {constant(matches)}[{name}])"
            case "same_as", Ref() as other:
                return f"{name} == {self.read(other)}"
            case "after_now", wanted:
                return f"after_now({name}, {self._now}) is {constant(bool(wanted))}"
            case op, Money(amount, currency) if op in _SYMBOLS:
                currency_ = constant(currency)
                amount_ = f"{name}.amount if {name}.currency == {currency_} else in_currency({name}, {currency_})"
                return f"({amount_}) {_SYMBOLS[op]} {constant(amount)}"
            case op, wanted if op in _SYMBOLS:
                return f"{name} {_SYMBOLS[op]} {constant(wanted)}"
        raise AssertionError(f"no code for {test.op} {type(test.value).__name__}")  # the language has no other

    def reason(self, depth: int, test: Compare, into: str) -> None:
        """Two-valued: puts statements that append to a list why a test does not hold, if so."""
        value, name = self.operand(test)
        self.source.put(depth, f"if not ({self.test(test, value, name)}):")
        self.source.put(depth + 1, f"{into}.append(({self.head(test)}, {name}))")

    def statements(self, depth: int, condition: Condition, want: Want) -> str:
        """Three-valued: puts statements and gives the name that holds True, False or None.

        What made it None is appended to the list `u`.
        """
        put = self.source.put
        match condition:
            case Compare():
                return self._leaf(depth, condition, want)
            case Not(item):
                return self._not(depth, item, want)
            case All(items):
                before = self._mark(depth)
                parts = [self.statements(depth, item, want) for item in items]
                return self._kleene(depth, parts, before, decisive=False)
            case AnyOf(items):
                before = self._mark(depth)
                lists = [self._fresh(depth, "e") if want.false else "" for _ in items]
                parts = [
                    self.statements(depth, item, replace(want, false=name or None))
                    for item, name in zip(items, lists, strict=True)
                ]
                result = self._kleene(depth, parts, before, decisive=True)
                if want.false:
                    put(depth, f"if {result} is False: {want.false}.append(('', 'any', {_tuple_of(lists)}, None))")
                return result

    def _fresh(self, depth: int, letter: str) -> str:
        name = self.source.local(letter)
        self.source.put(depth, f"{name} = []")
        return name

    def _mark(self, depth: int) -> str:
        name = self.source.local("m")
        self.source.put(depth, f"{name} = len(u)")
        return name

    def _kleene(self, depth: int, parts: list[str], before: str, *, decisive: bool) -> str:
        """The parts combined; once decided, what was unknown among them does not matter."""
        result = self.source.local("x")
        decided = " or ".join(f"{part} is {decisive}" for part in parts) or "False"
        unknown = " or ".join(f"{part} is None" for part in parts) or "False"
        self.source.put(depth, f"{result} = {decisive} if {decided} else None if {unknown} else {not decisive}")
        self.source.put(depth, f"if {result} is not None: u = u[:{before}]")
        return result

    def _not(self, depth: int, item: Condition, want: Want) -> str:
        put, result = self.source.put, self.source.local("x")
        named = want.conflicts
        if want.false and want.conflict is not None:
            named = self._fresh(depth, "e")
        conflict = None if want.conflict is None else not want.conflict
        inner = self.statements(depth, item, Want(conflict, None, named))
        put(depth, f"{result} = None if {inner} is None else not {inner}")
        if want.false:
            put(depth, f"if {result} is False:")
            put(depth + 1, f"{want.false}.append(('', 'not', {self.source.constant(item)}, None))")
            if named:
                put(depth + 1, f"{want.false} += {named}")
        return result

    def _leaf(self, depth: int, test: Compare, want: Want) -> str:
        put, result, value = self.source.put, self.source.local("x"), self.source.local("p")
        head = self.head(test)
        put(depth, f"{value} = None")
        put(depth, "try:")
        put(depth + 1, f"{value} = {self.operand(test)[0]}")
        put(depth + 1, f"{result} = {self.test(test, value, value)}")
        if want.false:
            put(depth + 1, f"if not {result}: {want.false}.append(({head}, {value}))")
        put(depth, "except KeyError:")
        reason = f"({head}, {self._why(test)})"
        if conflicts := self._conflicting(test, value) if want.conflict is not None else "":
            put(depth + 1, f"if {conflicts}:")
            put(depth + 2, f"{result} = {want.conflict}")
            if named := want.false or want.conflicts:
                put(depth + 2, f"{named}.append({reason})")
            put(depth + 1, "else:")
        inner = depth + (2 if conflicts else 1)
        put(inner, f"{result} = None")
        put(inner, f"u.append({reason})")
        return result

    def _conflicting(self, test: Compare, value: str) -> str:
        """Whether what could not be told is a conflict of spellings: of the tag, or of the tag it is compared with."""
        said = []
        if test.ref.space != "field":
            said.append(f"{self.source.constant(test.ref.name)} in {_MAPS[test.ref.space]}.conflicts")
        if isinstance(test.value, Ref) and test.value.space != "field":
            other = f"{self.source.constant(test.value.name)} in {_MAPS[test.value.space]}.conflicts"
            said.append(f"({value} is not None and {other})")
        return " or ".join(said)

    def _why(self, test: Compare) -> str:
        """The expression for why a test is unknown: the value's own reason, else what it was compared with lacks."""
        if isinstance(test.value, Ref):
            other = f"{self.source.constant(str(test.value))}, {self._look(test.value)}"
        elif test.over is not None:
            other = f"{self.source.constant('fewer than 90 % of the points of the window')}, None"
        elif isinstance(test.value, Money):
            other = f"{self.source.constant(f'no exchange rate to {test.value.currency}')}, None"
        else:
            other = f"{self.source.constant('not comparable')}, None"
        return f"why_unknown({self._look(test.ref)}, {other})"

    def _look(self, ref: Ref) -> str:
        if ref.space == "field":
            return "None" if absent(ref, self.kind) else f"r.look({FIELDS[ref.name].name!r})"
        return f"{_MAPS[ref.space]}.look({self.source.constant(ref.name)})"


def _tuple_of(lists: list[str]) -> str:
    return "(" + "".join(f"tupled({name}), " for name in lists) + ")"
