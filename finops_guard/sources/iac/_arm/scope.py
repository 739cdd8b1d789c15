"""What names mean in one ARM template, and in one round of its loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.expressions import Tree

MAX_COPIES = 800
"""What Azure takes of one loop (Microsoft Learn, "Resource iteration in ARM templates")."""
MAX_ROUNDS = 50_000
MAX_STEPS = 3_000_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one template; parameters and variables are found in any case. `evaluate` finds out a value.

    `given`: parameters by folded name, from a person or a parent. `copies`: rounds of the loops around, by name, the
    innermost under "". `found`: parameters and variables worked out so far. `steps`: what was done so far of what is
    limited, in all templates that nest each other. `deployed`: what `reference()` gives of a deployment beside, by its
    name or symbol; None where that is known only to Azure.
    """

    parameters: Mapping[str, object]
    variables: Mapping[str, object]
    functions: Mapping[str, tuple[Sequence[str], object]]
    given: Mapping[str, object]
    evaluate: Evaluate
    nullable: bool = False
    copies: Mapping[str, object] = field(default_factory=dict)
    local: Mapping[str, object] = field(default_factory=dict)
    found: dict[tuple[str, str], object] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    deployed: Callable[[str], object] = lambda _name: None

    def value(self, node: object) -> object:
        """A node's value."""
        return self.evaluate(node, self)

    def round(self, name: str, index: object) -> Scope:
        """The same scope in one round of a loop."""
        return replace(self, copies={**self.copies, name.casefold(): index, "": index})

    def alone(self) -> Scope:
        """The same without loops and lambdas: for what is worked out once for all."""
        return replace(self, copies={}, local={})

    def spend(self, steps: int) -> Unknown | None:
        """Why nothing more is worked out, None while there is room."""
        self.steps["all"] += steps
        return Unknown(f"a template of more than {MAX_STEPS} steps") if self.steps["all"] > MAX_STEPS else None


Evaluate: TypeAlias = Callable[[object, Scope], object]
Special: TypeAlias = Callable[[Sequence[Tree], Scope], object]
"""A function that does not evaluate all that it gets, or that looks at the scope."""


@dataclass(frozen=True, slots=True)
class Identity(Unknown):
    """The id of a resource: not known, but of which type and name it is. Both folded, the name with its parents'."""

    type: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """A variable that a `copy` in the section makes."""

    name: str
    copy: object


def copies_of(node: object, scope: Scope) -> tuple[str, int | Unknown]:
    """The name and the rounds of a `copy`."""
    if not isinstance(node, dict):
        return "", Unknown("a copy that is not a map")
    name, count = str(node.get("name") or ""), scope.value(node.get("count"))
    if isinstance(count, Unknown):
        return name, count
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        return name, Unknown("a copy whose count is not a number")
    if count > MAX_COPIES:
        return name, Unknown(f"a copy of more than {MAX_COPIES}")
    scope.steps["rounds"] += count
    if scope.steps["rounds"] > MAX_ROUNDS:
        return name, Unknown(f"copies of more than {MAX_ROUNDS} rounds in all")
    return name, count


def lists_of(listed: object, scope: Scope) -> dict[str, object]:
    """`copy` in properties or variables: each entry's list by its name."""
    found: dict[str, object] = {}
    for entry in listed if isinstance(listed, list) else ():
        name, count = copies_of(entry, scope)
        if isinstance(count, Unknown):
            found[name] = Unknown(count.reason)
        else:
            found[name] = [scope.round(name, index).value(entry.get("input")) for index in range(count)]
    return found


def truth(value: object) -> bool | Unknown:
    """A condition's value."""
    if isinstance(value, bool | Unknown):
        return value
    folded = str(value).casefold()
    return folded == "true" if folded in {"true", "false"} else Unknown("a condition that is neither true nor false")
