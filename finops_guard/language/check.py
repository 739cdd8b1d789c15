"""Validates a document against its schema with `jsonschema` and turns each error into a diagnostic.

`jsonschema` is imported here, on the way to a document, and nowhere else: it costs 0.1 CPU seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.document import Document
from finops_guard.language.literals import SHAPES
from finops_guard.language.near import suggest
from finops_guard.language.schema import Schema

_WORDS = {
    "string": "text",
    "object": "a map (key: value)",
    "array": "a list",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}
_SHAPES = SHAPES | {
    "name": "a name is lower-case letters, digits and -, and starts with a letter",
    "version": "a version is MAJOR.MINOR.PATCH, for example 1.0.0",
    "currency": "a currency is three capitals, for example EUR",
    "limit": "a limit is an amount and a currency or accelerator-hours, for example 40000 EUR",
    "clock": "a time of day is HH:MM, quoted, for example '19:00'",
    "AWS account": "an AWS account is twelve digits, quoted",
    "period": "a period is YYYY, YYYY-MM or YYYY-MM-DD",
}
_FEW = 10


@cache
def _validator(make: Callable[[], Schema]) -> Any:
    """A validator of the schema that `make` gives, which builds the validator of each sub-schema once.

    The stock keywords build one anew for every value; with 1,000 rules that is most of the time.
    """
    from jsonschema import Draft202012Validator, validators

    schema = make()
    defs = schema["$defs"]
    built: dict[int, Any] = {}

    def descend(part: Schema, value: Any, step: str | int | None) -> Iterator[Any]:
        if id(part) not in built:
            built[id(part)] = kind(part)
        for error in built[id(part)].iter_errors(value):
            if step is not None:
                error.relative_path.appendleft(step)
            yield error

    def dereference(_validator: Any, target: str, value: Any, _schema: Any) -> Iterator[Any]:
        return descend(defs[target.removeprefix("#/$defs/")], value, None)

    def properties(_validator: Any, parts: Mapping[str, Schema], value: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            for name, item in value.items():
                if name in parts:
                    yield from descend(parts[name], item, name)

    def items(_validator: Any, part: Schema, value: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from descend(part, item, index)

    own = {"$ref": dereference, "properties": properties, "items": items}
    kind: Any = validators.extend(Draft202012Validator, own)  # type: ignore[no-untyped-call]
    return kind(schema)


def check(document: Document, make: Callable[[], Schema]) -> list[Diagnostic]:
    """Every schema error of a document; empty when it is valid."""
    return [d for error in _validator(make).iter_errors(document.data) for d in _diagnose(document, error)]


def _diagnose(document: Document, error: Any) -> Iterator[Diagnostic]:
    path = tuple(error.absolute_path)
    value, rule = error.instance, error.schema
    name = str(path[-1]) if path else "the document"
    match error.validator:
        case "additionalProperties" | "propertyNames":
            yield from _unknown_keys(document, error, path)
        case "required":
            missing = [key for key in error.validator_value if key not in value]
            wanted = error.message.split("'")[1] if "'" in error.message else missing[0]
            known = rule.get("properties", {})
            if not any(key not in known and suggest(key, [wanted]) for key in value):
                yield document.problem(path, f"'{wanted}' is missing in {_whose(path)}")
        case "type":
            yield _wrong_type(document, path, value, rule)
        case "enum" | "const":
            yield _not_one_of(document, path, value, error.validator_value)
        case "pattern":
            yield _bad_shape(document, path, value, rule)
        case "minProperties" | "minItems":
            yield document.problem(path, f"{_whose(path)} is empty" + _too_few(error))
        case "minLength":
            yield document.problem(path, f"'{name}' is empty")
        case _:
            yield document.problem(path, f"{_whose(path)}: {error.message}")


def _too_few(error: Any) -> str:
    if error.validator == "minProperties" and error.validator_value > 1 and error.instance:
        return f": it needs {error.validator_value} keys or more"
    if (path := list(error.absolute_path)) and path[-1] == "match":
        return "; write `match: all` for every resource"
    return ""


def _whose(path: tuple[str | int, ...]) -> str:
    """A path in words: `rule idle`, `packs[2]`, `accelerators.count in rule idle`."""
    if not path:
        return "the document"
    match path:
        case ("rules", rule):
            return f"rule {rule}"
        case ("rules", rule, *rest):
            return f"'{_dotted(rest)}' of rule {rule}"
        case _:
            return f"'{_dotted(path)}'"


def _dotted(path: Any) -> str:
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _place(path: tuple[str | int, ...]) -> str:
    return f" in rule {path[1]}" if len(path) > 1 and path[0] == "rules" else ""


def _unknown_keys(document: Document, error: Any, path: tuple[str | int, ...]) -> Iterator[Diagnostic]:
    if error.validator == "propertyNames":
        return
    known = error.schema.get("properties", {})
    patterns = error.schema.get("patternProperties", {})
    for key in error.instance:
        if key in known or any(_fits(pattern, key) for pattern in patterns):
            continue
        yield _unknown_key(document, path, key, known)


def _fits(pattern: str, key: str) -> bool:
    import re

    return re.search(pattern, key) is not None


def _unknown_key(document: Document, path: tuple[str | int, ...], key: str, known: Mapping[str, Any]) -> Diagnostic:
    near = suggest(key, known)
    hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}" if len(known) <= _FEW else None
    return document.problem((*path, key), f"unknown key '{key}' in {_whose(path)}", hint, key=True)


def _wrong_type(document: Document, path: tuple[str | int, ...], value: Any, rule: Schema) -> Diagnostic:
    types = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
    name = str(path[-1]) if path else "the document"
    if "string" in types and isinstance(value, (int, float)):
        spelt = document.spelt(path)
        kind = "true/false" if isinstance(value, bool) else "a number"
        return document.problem(path, f"{spelt} is {kind} here, and '{name}' takes text", f"quote it: '{spelt}'")
    if "boolean" in types and isinstance(value, str):
        near = suggest(value.lower(), ["true", "false"])
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower(), near)
        hint = f"did you mean '{meant}'?" if meant else None
        return document.problem(path, f"'{value}' is text, and '{name}' takes true or false", hint)
    if value is None:
        return document.problem(path, f"'{name}' has no value", f"write {_options(types)}", key=bool(path))
    shown = "a map" if isinstance(value, dict) else "a list" if isinstance(value, list) else f"'{value}'"
    title = rule.get("title", "")
    hint = _SHAPES.get(title) if title in PLAIN and not isinstance(value, (dict, list)) else None
    return document.problem(path, f"{_whose(path)} is {shown}, not {_options(types)}", hint)


PLAIN = frozenset({"number", "percent", "duration", "money", "size", "date"})


def _options(types: list[str]) -> str:
    words = [_WORDS[t] for t in types]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _not_one_of(document: Document, path: tuple[str | int, ...], value: Any, choices: Any) -> Diagnostic:
    options = [str(c) for c in (choices if isinstance(choices, list) else [choices]) if c is not None]
    near = suggest(str(value), options)
    listed = ", ".join(options) if len(options) <= _FEW else f"{', '.join(options[:_FEW])}, …"
    hint = f"did you mean '{near}'?" if near else None
    message = f"'{value}' is not one of {listed}" if not near else f"unknown {_noun(path)} '{value}'"
    return document.problem(path, message + _place(path), hint)


def _noun(path: tuple[str | int, ...]) -> str:
    named = [str(step) for step in path if not isinstance(step, int)]
    word = named[-1] if named else "value"
    return {"do": "verb", "permit": "verb", "except": "verb", "to": "channel"}.get(word, word)


def _bad_shape(document: Document, path: tuple[str | int, ...], value: Any, rule: Schema) -> Diagnostic:
    title = rule.get("title", "")
    kind = title or (path[-1] if path else "value")
    if str(value).startswith("$") and not str(value).startswith("$$"):
        return document.problem(path, f"'{value}' is not the name of a parameter{_place(path)}")
    return document.problem(path, f"'{value}' is not a {kind}{_place(path)}", _SHAPES.get(title))
