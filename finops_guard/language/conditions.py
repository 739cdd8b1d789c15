"""Conditions: from a (schema-checked) document to the typed tree, with what a schema cannot see.

A place where the schema already found a mistake is skipped here: each mistake is reported once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from finops_guard.fields import FIELDS, GROUPS, Field
from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.literals import PATTERNS, SHAPES, parse
from finops_guard.language.near import one_edit, suggest
from finops_guard.language.regexes import PatternError
from finops_guard.language.regexes import check as check_pattern
from finops_guard.language.schema import AGGREGATES, COMPARISONS, TAG
from finops_guard.language.words import a, did_you_mean, wrong_literal
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Param, Parameter, Ref, canonical

EVERYTHING = All(())
_KEYWORDS = {"absent": "false", "missing": "false", "present": "true"}
_MAPS = {"tags": "tag", "account_tags": "account_tag"}
Place = tuple[str | int, ...]


@dataclass(slots=True)
class Reader:
    """Reads the conditions of one document; mistakes go to `problems`, used parameters to `used`."""

    document: Document
    params: Mapping[str, Parameter] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    faulty: Collection[Place] = frozenset()
    packed: bool = False

    def problem(
        self, place: Place, message: str, hint: str | None = None, *, key: bool = False, warning: bool = False
    ) -> None:
        """Note a mistake, unless the schema already found one in this very place."""
        if place not in self.faulty and not (key and place[:-1] in self.faulty):
            self.problems.append(self.document.problem(place, message, hint, key=key, warning=warning))

    def sound(self, place: Place) -> bool:
        """Whether the schema found no mistake here or below: what belongs together can be compared."""
        return not any(fault[: len(place)] == place for fault in self.faulty)

    def population(self, data: Any, place: Place) -> Condition:
        """A `match`: `all` or a condition."""
        return EVERYTHING if data == "all" else self.condition(data, place)

    def condition(self, data: Any, place: Place) -> Condition:
        """A map of fields, tags and combinators, all of which must hold."""
        items: list[Condition] = []
        for key, value in _items(data):
            here = (*place, key)
            if key in ("any", "all"):
                parts = tuple(self.condition(item, (*here, i)) for i, item in _listed(value))
                items.append(AnyOf(parts) if key == "any" else All(parts))
            elif key == "not":
                items.append(Not(self.condition(value, here)))
            elif key in _MAPS:
                items += self._tags(_MAPS[key], value, here)
            elif key in GROUPS:
                items += self.group(key, value, here)
            elif key in FIELDS:
                items += self._tests(Ref("field", key), FIELDS[key], value, here)
        return items[0] if len(items) == 1 else All(tuple(items))

    def group(self, prefix: str, data: Any, place: Place) -> list[Condition]:
        """The fields of one group, `accelerators` for example."""
        items: list[Condition] = []
        for key, value in _items(data):
            name = f"{prefix}.{key}"
            if name in FIELDS:
                items += self._tests(Ref("field", name), FIELDS[name], value, (*place, key))
            else:
                items += self.group(name, value, (*place, key))
        return items

    def _tags(self, space: Any, data: Any, place: Place) -> list[Condition]:
        items: list[Condition] = []
        seen: dict[str, str] = {}
        for key, value in _items(data):
            name = canonical(key)
            if name in seen:
                self.problem((*place, key), f"'{key}' and '{seen[name]}' are one tag key, {name}", key=True)
            seen[name] = key
            items += self._tests(Ref(space, name), TAG, value, (*place, key))
        return items

    def _tests(self, ref: Ref, spec: Field, data: Any, place: Place) -> list[Condition]:
        if not isinstance(data, dict):
            op = "in" if isinstance(data, list) else "eq"
            test = self._test(ref, spec, op, data, place)
            return [test] if test else []
        over: int | Param | None = None
        by = "mean"
        if spec.metric:
            over = self.duration(data.get("over"), (*place, "over"))
            by = data.get("by", "mean") if data.get("by") in AGGREGATES else "mean"
        tests: list[Condition] = []
        for op, value in data.items():
            if op in ("over", "by"):
                continue
            if test := self._test(ref, spec, op, value, (*place, op)):
                tests.append(replace(test, over=over, by=by))
        return tests

    def _test(self, ref: Ref, spec: Field, op: str, data: Any, place: Place) -> Compare | None:
        if op in ("exists", "after_now"):
            return Compare(ref, op, data) if isinstance(data, bool) else None
        if op == "same_as":
            return self._same_as(ref, spec, data, place)
        if op in ("in", "not_in"):
            return self._among(ref, spec, op, data, place)
        if op == "matches":
            return self._matches(ref, data, place)
        if op != "eq" and op not in COMPARISONS:
            return None
        value = self.value(spec, data, place)
        if isinstance(value, Param) and self.params[value.name].type == "list":
            if op == "eq":
                return Compare(ref, "in", value)
            self.problem(place, f"parameter ${value.name} is a list; '{op}' takes one value")
            return None
        if op == "eq" and ref.space != "field" and isinstance(value, str):
            self._keyword(ref, value, place)
        return None if value is None else Compare(ref, op, value)

    def _keyword(self, ref: Ref, value: str, place: Place) -> None:
        """Warn of a value that other tools read as a test: here `absent` is a text, and a misspelt one as well."""
        for word, meant in _KEYWORDS.items():
            if value == word or one_edit(value, word):
                message = f"'{ref}' is compared with the text '{value}'"
                hint = f"for a tag that is {word} write {{exists: {meant}}}"
                self.problem(place, message, hint, warning=True)

    def _same_as(self, ref: Ref, spec: Field, data: Any, place: Place) -> Compare | None:
        if not isinstance(data, str):
            return None
        space, _, key = data.partition(".")
        if space in _MAPS and key:
            return Compare(ref, "same_as", Ref(_MAPS[space], canonical(key)))  # type: ignore[arg-type] # a Ref space
        if data not in FIELDS:
            names = [name for name, other in FIELDS.items() if other.type in ("text", "choice")]
            self.problem(place, f"unknown field '{data}'", did_you_mean(suggest(data, names)))
            return None
        if FIELDS[data].type not in ("text", "choice"):
            self.problem(place, f"'{data}' is {a(FIELDS[data].type)}, '{ref}' is {a(spec.type)}: never the same")
            return None
        return Compare(ref, "same_as", Ref("field", data))

    def _among(self, ref: Ref, spec: Field, op: str, data: Any, place: Place) -> Compare | None:
        if isinstance(data, str):
            param = self.parameter(data, place)
            if param and self.params[param.name].type != "list":
                self.problem(place, f"'{op}' takes a list; parameter {data} is {a(self.params[param.name].type)}")
                return None
            return Compare(ref, op, param) if param else None
        values = [self.value(spec, item, (*place, i)) for i, item in _listed(data)]
        if not values or any(value is None for value in values):
            return None
        for i, value in enumerate(values):
            if isinstance(value, Param) and self.params[value.name].type == "list":
                self.problem((*place, i), f"a list inside a list; write {{{op}: ${value.name}}}")
                return None
        return Compare(ref, op, tuple(values))

    def _matches(self, ref: Ref, data: Any, place: Place) -> Compare | None:
        if not isinstance(data, str):
            return None
        value = self.value(TAG, data, place)
        if isinstance(value, str):
            self.pattern(value, place)
        return None if value is None else Compare(ref, "matches", value)

    def pattern(self, pattern: str, place: Place) -> None:
        """Note a mistake unless the pattern is one we run."""
        try:
            check_pattern(pattern)
        except PatternError as error:
            self.problem(place, f"pattern '{pattern}', character {error.offset + 1}: {error}")

    def value(self, spec: Field, data: Any, place: Place) -> object | None:
        """One literal or `$parameter` of a field's type; None when it is wrong (noted) or the schema said so."""
        if isinstance(data, str) and data.startswith("$") and not data.startswith("$$"):
            param = self.parameter(data, place)
            if param and not _suits(self.params[param.name].type, spec):
                got, wanted = self.params[param.name].type, spec.type
                self.problem(place, f"parameter {data} is {a(got)}, and {a(wanted)} is needed here")
                return None
            return param
        if isinstance(data, str) and data.startswith("$$"):
            data = data[1:]
        if spec.type in PATTERNS:
            return self._literal(spec.type, data, place)
        if spec.choices and data not in spec.choices:
            return None
        if spec.type == "number":
            return data if isinstance(data, (int, float)) and not isinstance(data, bool) else None
        return data if isinstance(data, bool if spec.type == "bool" else str) else None

    def _literal(self, type_name: str, data: Any, place: Place) -> object | None:
        if not isinstance(data, str):
            return None
        try:
            return parse(type_name, data)
        except ValueError as error:
            if str(error) != SHAPES[type_name] or type_name == "date":  # the rest is the schema's pattern
                self.problem(place, *wrong_literal(type_name, data))
            return None

    def duration(self, data: Any, place: Place) -> int | Param | None:
        """Seconds, or a parameter that will hold them."""
        value = self.value(Field("duration", "duration", ""), data, place)
        return value if isinstance(value, (int, Param)) else None

    def parameter(self, data: str, place: Place) -> Param | None:
        """A declared `$name`."""
        name = data.removeprefix("$")
        if name in self.params:
            self.used.add(name)
            return Param(name)
        if self._declared(name):
            return None
        near = suggest(name, self.params)
        declare = "declare it under params, or write" if self.packed else "only packs have parameters; write"
        hint = f"did you mean '${near}'?" if near else f"{declare} $$ for a literal dollar"
        self.problem(place, f"unknown parameter '{data}'", hint)
        return None

    def _declared(self, name: str) -> bool:
        """Whether a parameter stands there with a mistake of its own, or under a misspelt `params`."""
        data = self.document.data
        params = data.get("params") if isinstance(data, dict) else None
        if not isinstance(params, dict):
            return self.packed and () in self.faulty
        return name in params or ("params",) in self.faulty


def _suits(param_type: str, spec: Field) -> bool:
    if param_type == "list":
        return spec.type in ("text", "choice")
    return param_type == spec.type or (spec.type == "choice" and param_type == "text")


def _items(data: Any) -> Sequence[tuple[str, Any]]:
    return list(data.items()) if isinstance(data, dict) else []


def _listed(data: Any) -> Sequence[tuple[int, Any]]:
    return list(enumerate(data)) if isinstance(data, list) else []
