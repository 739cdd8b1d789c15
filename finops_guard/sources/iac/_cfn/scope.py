"""What names mean in one CloudFormation template."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._either import measured

MAX_STEPS = 3_000_000
_LOOP_HOLE = re.compile(r"([$&])\{\s*([A-Za-z0-9]+)\s*\}")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Reference(Unknown):
    """What another resource of the template is known by when it is there: `to` is its logical id."""

    to: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one template; `evaluate` is what finds out the value of a node.

    `given`: values of parameters from outside of the template; `pseudo`: `Region`, `StackName`, … where they are known;
    `loop`: of `Fn::ForEach`, and a condition has the loop that made it; `output`: an output of a nested stack by
    logical id and name, None where it cannot be seen.
    """

    parameters: Mapping[str, object]
    mappings: Mapping[str, object]
    conditions: Mapping[str, tuple[object, Mapping[str, str]]]
    resources: Mapping[str, object]
    evaluate: Evaluate
    given: Mapping[str, object] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)
    output: Callable[[str, str], object] = lambda _name, _output: None
    loop: Mapping[str, str] = field(default_factory=dict)
    known: dict[tuple[str, bool], object] = field(default_factory=dict)
    """Parameters worked out so far, for conditions and for all else."""
    decided: dict[str, bool | Unknown | None] = field(default_factory=dict)
    """Conditions found out so far; None while one is being found out."""
    deciding: bool = False
    """Whether it is a condition that is being found out: it may look at what is not to be shown."""
    spent: Counter[str] = field(default_factory=Counter)
    """What was done so far of what is limited, in all templates that nest each other."""

    def value(self, node: object) -> object:
        """A node's value; NO_VALUE where it is not there."""
        return self.evaluate(node, self)

    def spend(self, value: object, limit: int) -> Unknown | int:
        """The size of a value to a limit, which counts as steps; or why nothing more is worked out."""
        if self.spent["steps"] > MAX_STEPS:
            return Unknown(f"a template of more than {MAX_STEPS} steps")
        size = measured(value, limit) if isinstance(value, dict | list) else 0
        self.spent["steps"] += size
        return size

    def within(self, name: str, value: str) -> Scope:
        """The same scope, in one round of a loop."""
        return replace(self, loop={**self.loop, name: value})

    def filled(self, text: str) -> str:
        """A text with the loop's names filled in; `&{x}` leaves out what may not stand in a logical id."""
        if not self.loop:
            return text

        def fill(hole: re.Match[str]) -> str:
            value = self.loop.get(hole[2], hole[0])
            return _NOT_IN_A_NAME.sub("", value) if hole[1] == "&" and hole[2] in self.loop else value

        return _LOOP_HOLE.sub(fill, text)


Evaluate: TypeAlias = Callable[[object, Scope], object]


def text_of(value: object) -> str:
    """A value as CloudFormation writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
