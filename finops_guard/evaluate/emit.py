"""Rules to Python source.

For each kind of resource one function judges a page. It assumes that every value it meets is known: a missing field is a
KeyError, and the resource goes to the rule's three-valued twin, which also gives the reasons of every failure.

Safety: no text of a document reaches the source. Every literal is a bound constant (`K0`, `K1`, …), field names come
from our catalogue, local names are counters; the finished source is checked against a whitelist before it is compiled.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any

from finops_guard.evaluate.operations import after_now, why_unknown, window
from finops_guard.fields import FIELDS
from finops_guard.language.regexes import Matches
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Ref

OUTSIDE = ("outside", ())
PASS = ("pass", ())
MAX_NODES = 10_000
_SYMBOLS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_MAPS = {"tag": "t", "account_tag": "a"}
_ALLOWED = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.For, ast.If, ast.Try, ast.ExceptHandler, ast.Assign,
    ast.AugAssign, ast.Expr, ast.Return, ast.Call, ast.Attribute, ast.Subscript, ast.Name, ast.Constant, ast.Tuple,
    ast.List, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.NamedExpr, ast.Load, ast.Store, ast.And, ast.Or,
    ast.Not, ast.USub, ast.Add, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In,
    ast.NotIn, ast.Continue,
)  # fmt: skip
_ATTRIBUTES = frozenset({"fields", "tags", "account_tags", "get", "append", "look", "conflicts", "amount"})


class Source:
    """Python text in the making, and the constants bound to it."""

    def __init__(self, helpers: dict[str, object]) -> None:
        self.lines: list[str] = []
        self.bound: dict[str, Any] = {"__builtins__": {}, "KeyError": KeyError, "len": len, **helpers}
        self.constants = 0
        self.locals = 0

    def constant(self, value: object) -> str:
        """A name that the value is bound to."""
        name = f"K{self.constants}"
        self.constants += 1
        self.bound[name] = value
        return name

    def local(self, letter: str) -> str:
        """A fresh local name."""
        self.locals += 1
        return f"{letter}{self.locals}"

    def put(self, depth: int, text: str) -> None:
        """One line of source."""
        self.lines.append("    " * depth + text)

    def functions(self, file: str) -> dict[str, Any]:
        """Compile what was put; the names it defines."""
        text = "\n".join(self.lines) + "\n"
        tree = ast.parse(text, file)
        known = set(self.bound) | {"True", "False", "None"}
        for node in ast.walk(tree):
            if not isinstance(node, _ALLOWED):
                raise AssertionError(f"generated code holds {type(node).__name__}")
            if isinstance(node, ast.Attribute) and node.attr not in _ATTRIBUTES:
                raise AssertionError(f"generated code reads .{node.attr}")
            if isinstance(node, ast.Name) and node.id not in known and not _ours(node.id):
                raise AssertionError(f"generated code names {node.id}")
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(tree, file, "exec"), self.bound)  # noqa: S102 - our own whitelisted source, constants bound
        return {name: value for name, value in self.bound.items() if isinstance(value, FunctionType)}


def _ours(name: str) -> bool:
    return name in ("judge", "each", "rest", "page", "append", "r", "f", "t", "a", "v", "w", "m", "q", "u", "e") or (
        name[0] in "xnejwph" and name[1:].isdigit()
    )


def fold(condition: Condition, kind: str) -> Condition | bool:
    """The condition as far as the kind decides it: tests on kind, and on fields that this kind does not have."""
    match condition:
        case Compare(ref=Ref("field", "kind"), op=op, value=value) if kind and op in ("eq", "in", "not_in"):
            among = value if isinstance(value, tuple) else (value,)
            return (kind in among) != (op == "not_in")
        case Compare(ref=Ref("field", "kind"), op="exists", value=value) if kind:
            return bool(value)
        case Compare(ref=Ref("field", name), op=op, value=value) if kind and _absent(name, kind):
            return op == "exists" and value is False
        case Not(item):
            inner = fold(item, kind)
            return (not inner) if isinstance(inner, bool) else Not(inner)
        case All(items) | AnyOf(items):
            return _fold_items(items, kind, all_of=isinstance(condition, All))
    return condition


def _absent(name: str, kind: str) -> bool:
    kinds = FIELDS[name].kinds
    return kinds is not None and kind not in kinds


def _fold_items(items: Sequence[Condition], kind: str, *, all_of: bool) -> Condition | bool:
    kept: list[Condition] = []
    for item in items:
        inner = fold(item, kind)
        if isinstance(inner, bool):
            if inner != all_of:
                return inner
        else:
            kept.append(inner)
    if not kept:
        return all_of
    if len(kept) == 1:
        return kept[0]
    return All(tuple(kept)) if all_of else AnyOf(tuple(kept))


class Emitter:
    """Turns conditions into expressions (two-valued) and statements (three-valued, with reasons)."""

    def __init__(self, source: Source, now: object) -> None:
        self.source = source
        self.now = source.constant(now)
        self.hoisted: dict[Ref, str] = {}

    def fetch(self, test: Compare) -> str:
        """The expression that reads a test's value; KeyError where it is unknown."""
        read = self.read(test.ref)
        if test.over is not None:
            return f"window({read}, {self.source.constant(test.over)}, {self.source.constant(test.by)})"
        return read

    def read(self, ref: Ref) -> str:
        """The expression for what a test looks at."""
        if ref in self.hoisted:
            return self.hoisted[ref]
        if ref.space == "field":
            return f"f[{FIELDS[ref.name].name!r}]"  # the catalogue's own text, not the document's
        return f"{_MAPS[ref.space]}.get({self.source.constant(ref.name)})"

    def test(self, test: Compare, value: str) -> str:
        """The expression that compares; `value` is an expression for the (maybe absent) value, used once."""
        constant = self.source.constant
        present = f"(v := {value}) is not None"
        match test.op:
            case "eq" if FIELDS.get(test.ref.name) and _is_money(test):
                return f"{present} and {self._amount(test)} == {constant(test.value.amount)}"  # type: ignore[attr-defined]
            case "eq" if isinstance(test.value, bool):
                return f"{value} is {test.value}"
            case "eq":
                return f"{value} == {constant(test.value)}"
            case "in" if not test.value:
                return f"{value} is not None"
            case "in":
                return f"{value} in {constant(_hashed(test.value))}"
            case "not_in":
                return f"{present} and v not in {constant(_hashed(test.value))}"
            case "matches":
                return f"{present} and {constant(Matches(str(test.value)))}[v]"
            case "lt" | "lte" | "gt" | "gte" if _is_money(test):
                return f"{present} and {self._amount(test)} {_SYMBOLS[test.op]} {constant(test.value.amount)}"  # type: ignore[attr-defined]
            case "lt" | "lte" | "gt" | "gte":
                return f"{present} and v {_SYMBOLS[test.op]} {constant(test.value)}"
            case "exists":
                return f"{value} is {'not ' if test.value else ''}None"
            case "same_as":
                assert isinstance(test.value, Ref)
                return f"{present} and v == {self.read(test.value)}"
            case "after_now":
                return f"{present} and after_now(v, {self.now}) is {bool(test.value)}"
        raise AssertionError(f"no code for {test.op}")

    def _amount(self, test: Compare) -> str:
        return f"in_currency(v, {self.source.constant(test.value.currency)})"  # type: ignore[attr-defined] # Money

    def expression(self, condition: Condition) -> str:
        """Two-valued: short-circuits, and raises KeyError at the first value that is unknown."""
        match condition:
            case Compare():
                return f"({self.test(condition, self.fetch(condition))})"
            case Not(item):
                return f"(not {self.expression(item)})"
            case All(()):
                return "True"
            case All(items):
                return "(" + " and ".join(self.expression(item) for item in items) + ")"
            case AnyOf(items):
                return "(" + " or ".join(self.expression(item) for item in items) + ")"
        raise AssertionError(condition)

    def statements(self, depth: int, condition: Condition, errors: str | None, conflict: bool | None) -> str:
        """Three-valued: puts statements and gives the local that holds True, False or None.

        Unknown tests go to the list `u`, false ones to the list named by `errors` (if given). `conflict` is what a tag
        key with conflicting spellings counts as: None (unknown), or what makes a requirement fail: False, inside a `not`
        True.
        """
        source = self.source
        if isinstance(condition, Compare):
            return self._leaf(depth, condition, errors, conflict)
        result = source.local("x")
        if isinstance(condition, Not):
            inner = self.statements(depth, condition.item, None, None if conflict is None else not conflict)
            source.put(depth, f"{result} = None if {inner} is None else not {inner}")
            if errors:
                reason = f"('', 'not', {source.constant(condition.item)}, None)"
                source.put(depth, f"if {result} is False: {errors}.append({reason})")
            return result
        if isinstance(condition, All):
            parts = [self.statements(depth, item, errors, conflict) for item in condition.items]
            source.put(depth, f"{result} = {_kleene(parts, decisive='False', otherwise='True')}")
            return result
        parts, lists = [], []
        for item in condition.items:
            lists.append(source.local("e"))
            source.put(depth, f"{lists[-1]} = []")
            parts.append(self.statements(depth, item, lists[-1] if errors else None, conflict))
        source.put(depth, f"{result} = {_kleene(parts, decisive='True', otherwise='False')}")
        if errors:
            nested = "".join(f"tupled({part}), " for part in lists)
            source.put(depth, f"if {result} is False: {errors}.append(('', 'any', ({nested}), None))")
        return result

    def _leaf(self, depth: int, test: Compare, errors: str | None, conflict: bool | None) -> str:
        source = self.source
        result, value = source.local("x"), source.local("p")
        head = f"{source.constant(str(test.ref))}, {source.constant(test.op)}, {source.constant(_expected(test))}"
        source.put(depth, "try:")
        source.put(depth + 1, f"{value} = {self.fetch(test)}")
        source.put(depth + 1, f"{result} = {self.test(test, value)}")
        if errors:
            source.put(depth + 1, f"if not {result}: {errors}.append(({head}, {value}))")
        source.put(depth, "except KeyError:")
        look, lacked = self._look(test)
        reason = f"({head}, why_unknown({look}, {source.constant(lacked)}))"
        if conflict is not None and test.ref.space != "field":
            source.put(depth + 1, f"if {source.constant(test.ref.name)} in {_MAPS[test.ref.space]}.conflicts:")
            source.put(depth + 2, f"{result} = {conflict}")
            source.put(depth + 2, f"{errors or 'e'}.append({reason})")
            source.put(depth + 1, "else:")
            source.put(depth + 2, f"{result} = None")
            source.put(depth + 2, f"u.append({reason})")
        else:
            source.put(depth + 1, f"{result} = None")
            source.put(depth + 1, f"u.append({reason})")
        return result

    def _look(self, test: Compare) -> tuple[str, str]:
        """How to ask why a value is unknown, and what was lacking if the value itself is known."""
        lacked = f"the other side, {test.value}, is unknown" if test.op == "same_as" else "not comparable"
        if test.over is not None:
            lacked = "fewer than 90 % of the points of the window"
        elif _is_money(test):
            lacked = f"no exchange rate to {test.value.currency}"  # type: ignore[attr-defined] # Money
        if test.ref.space == "field":
            return f"r.look({FIELDS[test.ref.name].name!r})", lacked
        return f"{_MAPS[test.ref.space]}.look({self.source.constant(test.ref.name)})", lacked


def _kleene(parts: list[str], *, decisive: str, otherwise: str) -> str:
    if not parts:
        return otherwise
    decided = " or ".join(f"{part} is {decisive}" for part in parts)
    unknown = " or ".join(f"{part} is None" for part in parts)
    return f"{decisive} if {decided} else None if {unknown} else {otherwise}"


def _is_money(test: Compare) -> bool:
    return test.ref.space == "field" and FIELDS[test.ref.name].type == "money" and hasattr(test.value, "currency")


def _hashed(values: Any) -> Any:
    return frozenset(values)


def _expected(test: Compare) -> object:
    return (test.value, test.over, test.by) if test.over is not None else test.value


def reads(condition: Condition) -> Iterator[Ref]:
    """What a condition looks at, once for each look."""
    match condition:
        case All(items) | AnyOf(items):
            for item in items:
                yield from reads(item)
        case Not(item):
            yield from reads(item)
        case Compare():
            yield condition.ref
            if isinstance(condition.value, Ref):
                yield condition.value


def size(condition: Condition) -> int:
    """How many nodes a condition has."""
    match condition:
        case All(items) | AnyOf(items):
            return 1 + sum(size(item) for item in items)
        case Not(item):
            return 1 + size(item)
    return 1


HELPERS: dict[str, object] = {
    "window": window,
    "after_now": after_now,
    "why_unknown": why_unknown,
    "tupled": tuple,
    "OUTSIDE": OUTSIDE,
    "PASS": PASS,
}
