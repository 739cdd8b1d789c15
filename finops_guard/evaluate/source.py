"""Python text in the making, and how it is checked before it runs.

No text of a document reaches the source: every literal is a bound constant (`K0`, `K1`, …), field names come from our
catalogue, local names are counters. The finished source is checked against a whitelist all the same.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Mapping
from types import FunctionType
from typing import Any

_NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.For, ast.If, ast.Try, ast.ExceptHandler, ast.Assign,
    ast.AugAssign, ast.BinOp, ast.Expr, ast.Return, ast.Call, ast.Attribute, ast.Subscript, ast.Slice, ast.Name,
    ast.Constant, ast.Tuple, ast.List, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.NamedExpr, ast.Load,
    ast.Store, ast.And, ast.Or, ast.Not, ast.USub, ast.Add, ast.Sub, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt,
    ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn, ast.Continue,
)  # fmt: skip
_ATTRIBUTES = frozenset({"fields", "tags", "account_tags", "get", "append", "look", "conflicts", "amount", "currency"})
_OURS = re.compile(r"(?:judge|page|found|later|rest|[aefgrtuvw]|[eghjmnpwxz][0-9]+)")
_CALLABLE = re.compile(r"(?:found|later|[jw][0-9]+)")


class UnsafeSourceError(AssertionError):
    """Generated code that holds what our emitter never writes: a defect of the emitter, never a user's mistake."""


class Source:
    """Lines of Python, and the constants and helpers bound to them."""

    def __init__(self, helpers: Mapping[str, object]) -> None:
        self.lines: list[str] = []
        self.bound: dict[str, Any] = {"__builtins__": {}, "KeyError": KeyError, "len": len, **helpers}
        self._helpers = frozenset(self.bound) - {"__builtins__"}
        self._constants = 0
        self._locals = 0

    def constant(self, value: object) -> str:
        """A name that the value is bound to."""
        name = f"K{self._constants}"
        self._constants += 1
        self.bound[name] = value
        return name

    def local(self, letter: str) -> str:
        """A fresh local name."""
        self._locals += 1
        return f"{letter}{self._locals}"

    def put(self, depth: int, text: str) -> None:
        """One line of source."""
        self.lines.append("    " * depth + text)

    def function(self, name: str, *, results: bool = True) -> None:
        """The head of a function of a resource `r`: its maps, and lists for what is unknown and what is false."""
        self.put(0, f"def {name}:")
        self.put(1, "f = r.fields")
        self.put(1, "t = r.tags")
        self.put(1, "a = r.account_tags")
        if results:
            self.put(1, "u = []")
            self.put(1, "e = []")

    def functions(self, file: str) -> dict[str, Any]:
        """Compile what was put; the functions it defines, by name."""
        text = "\n".join(self.lines) + "\n"
        tree = ast.parse(text, file)
        self._check(tree)
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(tree, file, "exec"), self.bound)  # noqa: S102 - our own whitelisted source, constants bound
        return {name: value for name, value in self.bound.items() if isinstance(value, FunctionType)}

    def _check(self, tree: ast.AST) -> None:
        """Raise UnsafeSourceError at the first node, attribute, name or literal that our emitter does not write."""
        for node in ast.walk(tree):
            if not isinstance(node, _NODES):
                raise UnsafeSourceError(f"generated code holds {type(node).__name__}")
            match node:
                case ast.Attribute(attr=name) if name not in _ATTRIBUTES:
                    raise UnsafeSourceError(f"generated code reads .{name}")
                case ast.Name(id=name) | ast.arg(arg=name) if not self._known(name):
                    raise UnsafeSourceError(f"generated code names {name}")
                case ast.Call(func=ast.Name(id=name)) if name not in self._helpers and not _CALLABLE.fullmatch(name):
                    raise UnsafeSourceError(f"generated code calls {name}")

    def _known(self, name: str) -> bool:
        return name in self._helpers or _OURS.fullmatch(name) is not None or (name[0] == "K" and name in self.bound)
