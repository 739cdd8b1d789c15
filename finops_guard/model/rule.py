"""Packs and their rules: what users write, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from finops_guard.model.resource import Location

Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
Mode: TypeAlias = Literal["dry-run", "enforce"]
Verb: TypeAlias = Literal[
    "notify",
    "suggest",
    "ticket",
    "block",
    "tag",
    "start",
    "stop",
    "scale_to_zero",
    "terminate",
]
VERBS: tuple[Verb, ...] = get_args(Verb)
DESTRUCTIVE: frozenset[Verb] = frozenset({"stop", "scale_to_zero", "terminate"})
LIFECYCLE: tuple[Verb, ...] = ("start", "stop", "scale_to_zero", "terminate")
"""Verbs of which a resource gets at most one in a run, least destructive first."""


@dataclass(frozen=True, slots=True)
class Param:
    """A `$name` in a condition or ladder that is not resolved yet."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """What a test looks at: a catalogue field, a tag or an account tag (canonical key)."""

    space: Literal["field", "tag", "account_tag"]
    name: str

    def __str__(self) -> str:
        return self.name if self.space == "field" else f"{self.space}s.{self.name}"


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison. `op`: eq in not_in matches lt lte gt gte same_as exists after_now.

    `value` is typed by the field (see `fields`): text, number, seconds, percent, bytes, Money, datetime, bool; a tuple
    for in and not_in; a pattern text for matches; a `Ref` for same_as; or a `Param`. Metrics carry `over` (seconds) and
    `by` (mean max min p50 p95 sum).
    """

    ref: Ref
    op: str
    value: object
    over: int | Param | None = None
    by: str = "mean"


@dataclass(frozen=True, slots=True)
class All:
    """Kleene and; empty is true: `match: all`."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Kleene or."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene not."""

    item: Condition


Condition: TypeAlias = Compare | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder. `after` in seconds (0: `now`), None when left out; `warn` in seconds before the act."""

    do: Verb
    after: int | Param | None = None
    warn: tuple[int | Param, ...] = ()
    mark: bool = False
    enough: bool = False
    set: Mapping[str, str | Param] = field(default_factory=dict)
    copy_from: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    normalise: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A resource as written in a rule's examples, and the verdict it must get."""

    verdict: str
    resource: Mapping[str, object]
    at: Location | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence from a pack: for what we `match`, `require` this; `otherwise` do that."""

    pack: str
    name: str
    title: str
    severity: Severity
    match: Condition
    require: Condition
    otherwise: tuple[Rung, ...] = ()
    why: str = ""
    learn: str = ""
    capability: str = ""
    examples: tuple[Example, ...] = ()
    at: Location | None = None

    @property
    def id(self) -> str:
        """`pack/name`, whatever the binding is called."""
        return f"{self.pack}/{self.name}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A pack's declared parameter. `stricter`: the direction an extending policy may move it (subset, lower, …)."""

    name: str
    type: str
    default: object = None
    required: bool = False
    stricter: str | None = None
    help: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """A rule pack as loaded; conditions still hold `Param`s. `sha256` is of its `text`."""

    name: str
    version: str
    summary: str
    params: Mapping[str, Parameter]
    rules: Mapping[str, Rule]
    path: str
    sha256: str
    text: str = field(default="", repr=False, compare=False)
