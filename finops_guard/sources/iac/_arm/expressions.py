"""ARM template expressions as trees: `[concat(parameters('a'), variables('b').c[0])]`.

Grammar: Microsoft Learn, "Syntax and expressions in ARM templates". `.?x` and `[?x]` (languageVersion 2.0) give null
where there is nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

MAX_DEPTH = 60
MAX_LENGTH = 100_000
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d{1,18}(?:\.\d{1,18})?)|(?P<name>[A-Za-z_$][\w$]*)|(?P<mark>\.\?|\[\?|[().,\[\]]))"
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number."""

    value: str | int | float


@dataclass(frozen=True, slots=True)
class Call:
    """A function, its name folded (`ns.name` for one of the template's own), and its arguments, not yet evaluated."""

    name: str
    arguments: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """`of.key`, `of[key]`; `safe` where a missing one is null."""

    of: Tree
    key: Tree
    safe: bool


Tree: TypeAlias = Literal | Call | Member


def is_expression(text: str) -> bool:
    """Whether a text is to be evaluated: in brackets, of which the first is not doubled."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


@lru_cache(maxsize=20_000)
def parsed(text: str) -> Tree:
    """The tree of an expression with its brackets. ValueError where it is none."""
    if len(text) > MAX_LENGTH:
        raise ValueError("an expression of more than 100000 characters")
    reader = _Reader(text[1:-1])
    tree = reader.tree(0)
    if reader.kind:
        raise ValueError(f"an expression that goes on after its end, at {reader.value[:20]!r}")
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.kind, self.value = "", ""
        self._next()

    def tree(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise ValueError(f"an expression nested deeper than {MAX_DEPTH} levels")
        found, begins = self._primary(depth), depth
        while self.value in {".", ".?", "[", "[?"} and self.kind == "mark":
            mark = self._take()
            if mark.startswith("."):
                if self.kind != "name":
                    raise ValueError("an expression with a name missing after '.'")
                key: Tree = Literal(self._take())
            else:
                key = self.tree(begins + 1)
                self._expect("]")
            found = Member(found, key, mark.endswith("?"))
            if (depth := depth + 1) > begins + MAX_DEPTH:
                raise ValueError(f"an expression that takes more than {MAX_DEPTH} steps into a value")
        return found

    def _primary(self, depth: int) -> Tree:
        kind, value = self.kind, self._take()
        if kind == "text":
            return Literal(value[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(float(value) if "." in value else int(value))
        if kind != "name":
            raise ValueError(
                f"an expression with a value missing before {value[:20]!r}" if value else "an empty expression"
            )
        while self.value == "." and self.kind == "mark":
            self._take()
            value = f"{value}.{self._take()}"
        self._expect("(")
        arguments: list[Tree] = []
        while self.value != ")" or self.kind != "mark":
            arguments.append(self.tree(depth + 1))
            if self.value != ")" or self.kind != "mark":
                self._expect(",")
        self._take()
        return Call(value.casefold(), tuple(arguments))

    def _expect(self, mark: str) -> None:
        if self.kind != "mark" or self.value != mark:
            raise ValueError(f"an expression with {mark!r} missing")
        self._take()

    def _take(self) -> str:
        value = self.value
        self._next()
        return value

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            rest = self._text[self._at :].strip()
            if rest:
                raise ValueError(f"an expression that cannot be read at {rest[:20]!r}")
            self.kind, self.value = "", ""
            return
        self._at = match.end()
        self.kind = match.lastgroup or ""
        self.value = match[self.kind]
