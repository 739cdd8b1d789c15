"""Values that are wrong: of another type, not one of the choices, not a literal of their kind, empty."""

from __future__ import annotations

from typing import Any

from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.near import suggest
from finops_guard.language.schema import Schema
from finops_guard.language.spot import Spot, where
from finops_guard.language.words import SHAPES, a, did_you_mean, few, literal_like, name_like, truth_like

_TYPES = {
    "string": "text",
    "object": "a map (key: value)",
    "array": "a list",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}
_TITLES = ("severity", "verdict")
"""Titles of choices that are called so wherever they stand."""
_NOUNS = {
    "do": "verb",
    "permit": "verb",
    "to": "channel",
    "via": "channel",
    "from": "source",
    "every": "period",
    "days": "day",
    "by": "way to take the mean",
}


def wrong_value(document: Document, spot: Spot, error: Any) -> Diagnostic:
    """The diagnostic of a schema error that is not about keys."""
    return _Value(document, spot, error.instance, error.schema).explain(error.validator, error.validator_value)


class _Value:
    def __init__(self, document: Document, spot: Spot, value: Any, rule: Schema) -> None:
        self.document, self.spot, self.value, self.rule = document, spot, value, rule
        self.inside = _inside(document, spot)
        self.types: list[str] = [rule["type"]] if isinstance(rule.get("type"), str) else rule.get("type", [])
        self.title: str = rule.get("title", "")
        self.name = _name(spot)
        self.spelt = document.spelt(spot.path) if not isinstance(value, (dict, list)) else ""

    def explain(self, keyword: str, wanted: Any) -> Diagnostic:
        match keyword:
            case "type":
                return self._type()
            case "enum" | "const":
                return self._choice([str(c) for c in (wanted if keyword == "enum" else [wanted]) if c is not None])
            case "pattern":
                return self._shape()
            case "minProperties" | "minItems" | "minLength":
                return self._empty(wanted)
            case "maxItems":
                return self._problem(f"'{self.name}' takes {wanted} items{self.inside}, not {len(self.value)}")
            case "minimum" | "exclusiveMinimum":
                least = f"{wanted} or more" if keyword == "minimum" else f"more than {wanted}"
                return self._problem(f"'{self.name}' is {least}, not {self.spelt},{self.inside}")
            case _:
                return self._problem(f"'{self.name}'{self.inside}: {keyword}")

    def _problem(self, message: str, hint: str | None = None, *, key: bool = False) -> Diagnostic:
        at_key = key and bool(self.spot.path) and isinstance(self.spot.path[-1], str)
        return self.document.problem(self.spot.path, message, hint, key=at_key)

    def _type(self) -> Diagnostic:
        if self.value is None:
            return self._problem(f"'{self.name}' has no value{self.inside}", f"it takes {self._takes()}", key=True)
        if isinstance(self.value, (dict, list)):
            kind = "a map" if isinstance(self.value, dict) else "a list"
            return self._problem(f"'{self.name}' takes {self._takes()}, not {kind},{self.inside}", self._as_list())
        if self.title == "bool" or self.types == ["boolean"]:
            return self._boolean()
        if "string" in self.types and not isinstance(self.value, str):
            return self._text_wanted()
        if isinstance(self.value, str) and {"number", "integer"} & set(self.types):
            return self._number_wanted()
        if self.spot.field is not None and self.spot.field.metric:
            example = f"write {{gte: {self.spelt}, over: 3d}}"
            return self._problem(f"'{self.spot.dotted}' is a metric{self.inside}: it needs a time", example)
        near = suggest(self.name, ["from"]) if self.spot.label == "budget" and not self.spot.rest else None
        if near:
            return self._problem(f"unknown key '{self.name}'{self.inside}", did_you_mean(near), key=True)
        return self._problem(f"'{self.name}' takes {self._takes()}, not '{self.spelt}',{self.inside}", self._as_list())

    def _as_list(self) -> str | None:
        return "begin each item with -, or write [ … ]" if self.types == ["array"] else None

    def _takes(self) -> str:
        """What the schema takes here, in words."""
        words = []
        for kind in self.types:
            if kind == "string" and self.title in ("number", "bool"):
                continue  # only for a $parameter
            words.append(a(self.title) if kind == "string" and self.title in SHAPES else _TYPES[kind])
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"

    def _text_wanted(self) -> Diagnostic:
        """A number or boolean where text is expected: quoting helps, unless no such text would do either."""
        choices = self._choices()
        if choices and self.spelt not in choices:
            return self._choice(choices)
        if self.title not in ("", "text", "AWS account"):
            return self._shape()
        kind = "true or false" if isinstance(self.value, bool) else "a number"
        return self._problem(
            f"{self.spelt} is {kind}, and '{self.name}' takes text,{self.inside}", f"quote it: '{self.spelt}'"
        )

    def _choices(self) -> list[str]:
        listed: list[Any] = self.rule.get("enum") or self.rule.get("examples") or []
        return [choice for choice in listed if isinstance(choice, str)]

    def _number_wanted(self) -> Diagnostic:
        meant = self._parameter() or literal_like("number", self.value)
        unquoted = f"write it without quotes: {meant}" if meant == self.value else did_you_mean(meant)
        hint = unquoted or SHAPES["number"]
        return self._problem(f"'{self.value}' is not a number, and '{self.name}' takes one,{self.inside}", hint)

    def _boolean(self) -> Diagnostic:
        text = self.spelt or str(self.value)
        meant = truth_like(text) or self._parameter()
        hint = f"write it without quotes: {text}" if meant == text else did_you_mean(meant)
        return self._problem(f"'{self.name}' takes true or false, not '{self.spelt}',{self.inside}", hint)

    def _parameter(self) -> str | None:
        """The declared parameter that a text means, with its dollar."""
        declared = self.document.data.get("params") if isinstance(self.document.data, dict) else None
        names = list(declared) if isinstance(declared, dict) else []
        return literal_like("", str(self.value), names)

    def _choice(self, options: list[str]) -> Diagnostic:
        near = suggest(self.spelt or str(self.value), options)
        if near is None and isinstance(self.value, str):
            near = self._parameter() if self.spot.label.startswith("field-") else None
        noun = self.title if self.title in _TITLES else _NOUNS.get(self.name, self.name)
        message = f"unknown {noun} '{self.spelt}'{self.inside}"
        return self._problem(message, did_you_mean(near) or few(options, "one of {}"))

    def _shape(self) -> Diagnostic:
        """A text that is not a literal of its kind."""
        if self.title == "bool":
            return self._boolean()
        if self.title == "number" and not self.spelt.startswith("$"):
            return self._number_wanted()
        title = self.title or self.name
        text = self.spelt if self.value is not None else ""
        pattern = self.rule.get("pattern", "")
        meant = self._parameter() or literal_like(title, text) or name_like(text, pattern)
        if meant is None and "now" in pattern:
            meant = suggest(text, ["now"])
        if text.startswith("$") and not text.startswith("$$"):
            return self._problem(f"'{text}' is not the name of a parameter{self.inside}", did_you_mean(meant))
        return self._problem(f"'{text}' is not {a(title)}{self.inside}", did_you_mean(meant) or SHAPES.get(title))

    def _empty(self, least: int) -> Diagnostic:
        field = self.spot.field
        if field is not None and not self.spot.rest and isinstance(self.value, dict):
            example = (
                "write what is compared, for example {gte: 5%, over: 3d}" if field.metric else "write {exists: true}"
            )
            return self._problem(f"'{self.spot.dotted}' is compared with nothing{self.inside}", example, key=True)
        hint = "write match: all for every resource" if self.spot.path[-1:] == ("match",) else None
        if self.value and least > 1:
            required, known = self.rule.get("required", ()), self.rule.get("properties", ())
            more = [key for key in known if key not in required]
            return self._problem(
                f"'{self.name}' takes {least} entries or more{self.inside}", few(more, "give one of {}"), key=True
            )
        return self._problem(f"'{self.name}' is empty{self.inside}", hint, key=True)


def _inside(document: Document, spot: Spot) -> str:
    """Where the map stands that a value belongs to; empty for the document itself."""
    path = spot.path
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return f" in {where(document.data, path if path[:1] == ('rules',) else path[:-1])}" if path else ""


def _name(spot: Spot) -> str:
    """What a value is called: its field's name for an operator or an item of a list, else its key."""
    if spot.field is not None and spot.rest[:1] not in (("over",), ("by",), ("exists",), ("after_now",)):
        return spot.dotted
    named = [step for step in spot.path if isinstance(step, str)]
    return named[-1] if named else "document"
