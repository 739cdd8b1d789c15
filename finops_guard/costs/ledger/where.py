"""Conditions to SQL over cost rows, three-valued: TRUE, FALSE, and NULL where a bill cannot tell.

SQL's AND, OR and NOT are Kleene's. A column's NULL is an absent value, so each test on one says FALSE of it (or TRUE
of `exists: false`) and never NULL; what a bill does not hold at all is NULL. Literals are parameters; columns are ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from finops_guard.costs.ledger.ai import is_ai
from finops_guard.costs.ledger.store import Table
from finops_guard.costs.ledger.tagsets import column
from finops_guard.fields import AI_TAGS
from finops_guard.language.regexes import LONGEST
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Ref

UNKNOWN = "CAST(NULL AS BOOLEAN)"
_FIELDS = {
    "cloud": "cloud",
    "account": "account",
    "account_name": "account_name",
    "region": "region",
    "service": "service",
    "id": "id",
    "name": "name",
    "resource_group": "resource_group",
    "charge.service": "service",
    "charge.category": "category",
    "charge.publisher": "publisher",
    "charge.usage": "usage",
    "charge.sku": "sku",
}
"""Fields of the catalogue that a bill answers, and with which column of ours."""
_SHORT = re.compile("[a-z0-9-]+")
_IDS = (Ref("field", "id"), Ref("field", "account"))
_UNSURE = {"purchase": "purchase", "charge.marketplace": "marketplace"}
"""The same, where an empty cell says that it is not told."""


@dataclass(slots=True)
class Parameters:
    """Literals of one statement by name."""

    values: dict[str, object] = field(default_factory=dict)

    def put(self, value: object) -> str:
        """The place holder of a literal."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


class Texts(Protocol):
    """What only Python can say about the texts that a ledger holds."""

    def after_now(self, key: str, *, wanted: bool) -> Sequence[str]:
        """The values of a tag that are dates after now, or dates that are not, as resources are judged."""

    def accelerated(self) -> Sequence[str]:
        """The meters of machines with accelerators."""


class Where:
    """Writes conditions for tables of one shape."""

    def __init__(self, shape: Table, parameters: Parameters, texts: Texts) -> None:
        self._shape = shape
        self._put = parameters.put
        self._texts = texts

    def sql(self, condition: Condition) -> str:
        """The expression of a condition."""
        match condition:
            case Compare():
                return self._test(condition)
            case Not(item):
                return f"(NOT {self.sql(item)})"
            case All(items):
                return f"({' AND '.join(map(self.sql, items)) or 'TRUE'})"
            case AnyOf(items):
                return f"({' OR '.join(map(self.sql, items)) or 'FALSE'})"

    def tag(self, key: str) -> str:
        """The value of a tag: NULL where it is absent, not told, or where its spellings disagree."""
        if not self._shape.tagged or key not in self._shape.spellings:
            return "CAST(NULL AS VARCHAR)"
        return column(key) if key in self._shape.promoted else f"map_extract_value(tags, {self._put(key)})"

    def _test(self, test: Compare) -> str:
        value, unknown = self._value(test.ref)
        if value is None:
            return UNKNOWN
        found = self._compared(test, value)
        if test.ref == Ref("field", "service") and _short(test.value):
            # An inventory's word (sagemaker) is no ServiceName (Amazon SageMaker): only that it is one can be told.
            decided = "FALSE" if test.op == "not_in" else "TRUE"
            found = f"(CASE WHEN service IS NULL THEN FALSE WHEN {found} IS {decided} THEN {decided} ELSE NULL END)"
        return found if unknown == "FALSE" else f"(CASE WHEN {unknown} THEN NULL ELSE {found} END)"

    def _value(self, ref: Ref) -> tuple[str | None, str]:
        """The expression of what a test looks at (None: a bill never tells), and when it is unknown."""
        if ref.space == "tag":
            return (self.tag(ref.name), self._conflict(ref.name)) if self._knows(ref.name) else (None, "TRUE")
        if ref.space != "field":
            return None, "TRUE"
        if ref.name == "owner":
            return self._owner()
        if ref.name == "ai":
            value = self._ai()
            return value, f"{value} IS NULL"
        name = _FIELDS.get(ref.name) or _UNSURE.get(ref.name)
        if ref.name == "type":
            # Providers' own types have a separator; FOCUS leaves other words to the provider ("Virtual Machine").
            return (
                ("type", "type IS NOT NULL AND NOT regexp_matches(type, '::|/')") if self._tells("type") else (None, "")
            )
        if name is None or not self._tells(name):
            return None, "TRUE"
        return name, f"{name} IS NULL" if ref.name in _UNSURE else "FALSE"

    def _owner(self) -> tuple[str | None, str]:
        """As it is derived for resources: the owner tag, else the team tag."""
        if not (self._knows("owner") and self._knows("team")):
            return None, "TRUE"
        owner, team = self.tag("owner"), self.tag("team")
        first, second = self._conflict("owner"), self._conflict("team")
        return f"coalesce({owner}, {team})", f"({first} OR ({owner} IS NULL AND {second}))"

    def _knows(self, key: str) -> bool:
        return self._shape.tagged and (self._shape.knows is None or key in self._shape.knows)

    def _ai(self) -> str:
        tagged = " OR ".join(f"{self.tag(key)} IS NOT NULL" for key in sorted(AI_TAGS))
        conflicting = " OR ".join(self._conflict(key) for key in sorted(AI_TAGS))
        meters = self._put(list(self._texts.accelerated()))
        return is_ai(tagged, conflicting, meters, tells_tags=all(map(self._knows, AI_TAGS)))

    def _tells(self, name: str) -> bool:
        return name not in self._shape.lacks

    def _conflict(self, key: str) -> str:
        if key not in self._shape.conflicting:
            return "FALSE"
        return f"coalesce(list_contains(conflicts, {self._put(key)}), FALSE)"

    def _compared(self, test: Compare, value: str) -> str:
        match test.op, test.value:
            case "exists", wanted:
                return f"({value} IS {'NOT ' if wanted else ''}NULL)"
            case "in", ():
                return f"({value} IS NOT NULL)"
            case "not_in", ():
                return f"({value} IS NOT NULL)"
            case "in" | "not_in", tuple(among):
                return f"coalesce({self._among(test, value, among)}, FALSE)"
            case "eq", wanted:
                return f"coalesce({value} = {self._literal(test.ref, wanted)}, FALSE)"
            case "matches", str(pattern):
                return (
                    f"coalesce(length({value}) <= {LONGEST} AND"
                    f" regexp_full_match({value}, {self._put(pattern)}), FALSE)"
                )
            case "same_as", Ref() as other:
                return self._same(value, other)
            case "after_now", wanted:
                texts = self._put(list(self._texts.after_now(test.ref.name, wanted=bool(wanted))))
                return f"coalesce(list_contains(CAST({texts} AS VARCHAR[]), {value}), FALSE)"
        return UNKNOWN

    def _among(self, test: Compare, value: str, among: tuple[object, ...]) -> str:
        """Among many ids it is a join: to compare each row with each of thousands takes minutes."""
        without = "NOT " if test.op == "not_in" else ""
        if test.ref not in _IDS:
            return f"{value} {without}IN ({', '.join(self._literal(test.ref, each) for each in among)})"
        exact = [str(each) for each in among]
        found = " OR ".join(
            f"(cloud {sign} 'azure' AND {value} IN (SELECT unnest(CAST({self._put(ids)} AS VARCHAR[]))))"
            for sign, ids in (("IS DISTINCT FROM", exact), ("=", [each.lower() for each in exact]))
        )
        return f"({value} IS NOT NULL AND {without}({found}))"

    def _literal(self, ref: Ref, wanted: object) -> str:
        if ref in _IDS and isinstance(wanted, str):
            # Azure's ids are kept in lower case: it does not mind theirs.
            return f"(CASE WHEN cloud = 'azure' THEN {self._put(wanted.lower())} ELSE {self._put(wanted)} END)"
        return self._put(wanted)

    def _same(self, value: str, ref: Ref) -> str:
        other, unknown = self._value(ref)
        if other is None:
            return f"(CASE WHEN {value} IS NULL THEN FALSE ELSE NULL END)"
        return (
            f"(CASE WHEN {value} IS NULL THEN FALSE WHEN {unknown} THEN NULL"
            f" ELSE coalesce({value} = {other}, FALSE) END)"
        )


def _short(wanted: object) -> bool:
    """Whether one of the literals is a service's short name, as inventories have it."""
    literals = wanted if isinstance(wanted, tuple) else (wanted,)
    return any(isinstance(each, str) and _SHORT.fullmatch(each) for each in literals)
