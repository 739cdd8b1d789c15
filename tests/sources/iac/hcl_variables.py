"""Random types of variables and values for them: what converts, what has defaults of its own, what is left out."""

from __future__ import annotations

import random
from collections.abc import Callable

NAMES = ("a", "b", "team", "k-1", "é")
TEXTS = ('"x"', '"12"', '"1.50"', '"true"', '""', '"ünï"', '"007"', '"-0.5"', '"1e3"')
NUMBERS = ("0", "7", "1.50", "-3", "1e3")
WHOLE = ('["a", 1]', "{ a = 1 }", "[]", "{}", '[{ a = "x" }, { a = 1 }]')


class Types:
    """Types and values by chance; a value fits its type but for conversions, and now and then not."""

    def __init__(self, pick: random.Random) -> None:
        self.pick = pick

    def type(self, depth: int = 3) -> str:
        """A type constraint."""
        kind = self.pick.choice(("string", "number", "bool", "any", "list", "set", "map", "object", "object", "tuple"))
        if depth <= 0 or kind in {"string", "number", "bool", "any"}:
            return kind if kind in {"string", "number", "bool", "any"} else "string"
        if kind == "set":  # of which any part would have to be of one type
            return f"set({self.pick.choice(('string', 'number', 'bool', 'list(string)'))})"
        if kind in {"list", "map"}:
            return f"{kind}({self.type(depth - 1)})"
        if kind == "tuple":
            return "tuple([" + ", ".join(self.type(depth - 1) for _ in range(self.pick.randint(0, 2))) + "])"
        names = self.pick.sample(NAMES, self.pick.randint(1, 3))
        return "object({" + ", ".join(f"{name} = {self._attribute(depth - 1)}" for name in names) + "})"

    def _attribute(self, depth: int) -> str:
        of = self.type(depth)
        chance = self.pick.random()
        if chance < 0.4:
            return of
        return f"optional({of})" if chance < 0.6 else f"optional({of}, {self.value(of, within=True)})"

    def value(self, of: str, *, within: bool = False) -> str:
        """A value that becomes of a type; `within` a collection, where all that is of any type is of one."""
        if self.pick.random() < 0.06:
            return "null"
        plain: dict[str, Callable[[], str]] = {
            "string": lambda: self.pick.choice((*TEXTS, *TEXTS, *NUMBERS, "true")),
            "number": lambda: self.pick.choice((*NUMBERS, *NUMBERS, '"12"', '"1.50"')),
            "bool": lambda: self.pick.choice(("true", "false", '"true"', '"false"')),
            "any": lambda: self.pick.choice((*TEXTS, *NUMBERS, *(() if within else WHOLE))),
        }  # fmt: skip
        if of in plain:
            return plain[of]()
        kind, _, rest = of.partition("(")
        inside = rest[:-1]
        if kind in {"list", "set"}:
            return "[" + ", ".join(self.value(inside, within=True) for _ in range(self.pick.randint(0, 3))) + "]"
        if kind == "map":
            names = self.pick.sample(NAMES, self.pick.randint(0, 3))
            return "{ " + ", ".join(f'"{name}" = {self.value(inside, within=True)}' for name in names) + " }"
        if kind == "tuple":
            return "[" + ", ".join(self.value(each, within=within) for each in _parts(inside[1:-1])) + "]"
        pairs = [part.split(" = ", 1) for part in _parts(inside[1:-1])]
        return "{ " + ", ".join(self._given(pairs, within=within)) + " }"

    def _given(self, pairs: list[list[str]], *, within: bool) -> list[str]:
        given = []
        for name, of in pairs:
            optional = of.startswith("optional(")
            if optional and self.pick.random() < 0.4:
                continue
            inner = _parts(of[len("optional(") : -1])[0] if optional else of
            given.append(f"{name} = {self.value(inner, within=within)}")
        if self.pick.random() < 0.2:
            given.append('extra = "dropped"')
        return given

    def variable(self, name: str) -> str:
        """A variable with a default of its type."""
        of = self.type()
        default = self.value(of)
        nullable = self.pick.choice(("", "", "  nullable = false\n", "  nullable = true\n"))
        if default == "null":
            nullable = ""
        return f'variable "{name}" {{\n  type    = {of}\n  default = {default}\n{nullable}}}\n'


def _parts(inside: str) -> list[str]:
    """What commas separate, at this level."""
    parts, depth, quoted, at = [], 0, False, 0
    for index, char in enumerate(inside):
        quoted ^= char == '"'
        depth += 0 if quoted else (char in "([{") - (char in ")]}")
        if char == "," and depth == 0 and not quoted:
            parts.append(inside[at:index].strip())
            at = index + 1
    return [*parts, inside[at:].strip()] if inside.strip() else []
