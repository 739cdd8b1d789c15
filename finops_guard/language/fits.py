"""A schema as one function that says whether data fits it: the keywords our own schemas use, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Test: TypeAlias = Callable[[Any], bool]
ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "examples", "default"})
_TYPES: Mapping[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}
_CLASSES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def compiled(schema: Mapping[str, Any]) -> Test:
    """The test of a whole schema; ValueError for a keyword that is not known here."""
    return Quick(schema.get("$defs", {})).test(schema)


class Quick:
    """Tests of the parts of one schema, whose definitions are `defs`."""

    def __init__(self, defs: Mapping[str, Any]) -> None:
        self._defs = defs
        self._done: dict[str, Test] = {}

    def test(self, schema: Mapping[str, Any]) -> Test:
        """The test of a part."""
        tests: list[Test] = []
        left = dict(schema)
        if left.keys() & {"properties", "patternProperties", "additionalProperties"}:
            tests.append(self._map(left))
        if "if" in left:
            tests.append(self._if(left.pop("if"), left.pop("then", {}), left.pop("else", {})))
        for keyword, value in left.items():
            if keyword not in ANNOTATIONS:
                tests.append(self._keyword(keyword, value))
        # Types first: they are quick and most often what is wrong.
        tests.reverse()
        if len(tests) == 1:
            return tests[0]
        every = tuple(tests)

        def test(value: Any) -> bool:
            for each in every:  # noqa: SIM110 - a generator would take twice as long
                if not each(value):
                    return False
            return True

        return test

    def _keyword(self, keyword: str, wanted: Any) -> Test:  # noqa: PLR0911 - one line a keyword
        match keyword:
            case "$ref":
                return self._reference(wanted.removeprefix("#/$defs/"))
            case "type":
                return _type([wanted] if isinstance(wanted, str) else wanted)
            case "enum":
                return lambda value: value in wanted
            case "const":
                return lambda value: bool(value == wanted)
            case "pattern":
                search = re.compile(wanted).search
                return lambda value: not isinstance(value, str) or search(value) is not None
            case "required":
                keys = frozenset(wanted)
                return lambda value: not isinstance(value, dict) or keys <= value.keys()
            case "allOf":
                parts = [self.test(part) for part in wanted]
                return lambda value: all(part(value) for part in parts)
            case "items":
                item = self.test(wanted)
                return lambda value: not isinstance(value, list) or all(map(item, value))
            case "propertyNames":
                name = self.test(wanted)
                return lambda value: not isinstance(value, dict) or all(map(name, value))
            case _:
                return _limit(keyword, wanted)

    def _reference(self, name: str) -> Test:
        if name not in self._done:
            done = self._done

            def of_itself(value: Any) -> bool:
                return done[name](value)  # by then the whole test

            done[name] = of_itself
            done[name] = self.test(self._defs[name])
        return self._done[name]

    def _if(self, condition: Any, then: Any, otherwise: Any) -> Test:
        holds, yes, no = self.test(condition), self.test(then), self.test(otherwise)
        return lambda value: (yes if holds(value) else no)(value)

    def _map(self, left: dict[str, Any]) -> Test:
        known = {name: self.test(part) for name, part in left.pop("properties", {}).items()}
        patterns = [
            (re.compile(text).search, self.test(part)) for text, part in left.pop("patternProperties", {}).items()
        ]
        more = left.pop("additionalProperties", True)
        further = None if more is True else (lambda _: False) if more is False else self.test(more)

        def unlisted(name: str, value: Any) -> bool:
            matching = [test for search, test in patterns if search(name)]
            if matching:
                return all(test(value) for test in matching)
            return further is None or further(value)

        def test(value: Any) -> bool:
            if isinstance(value, dict):
                for name, item in value.items():
                    part = known.get(name)
                    if not (part(item) if part is not None else unlisted(name, item)):
                        return False
            return True

        return test


def _type(names: list[str]) -> Test:
    if all(name in _CLASSES for name in names):
        classes = tuple(_CLASSES[name] for name in names)
        return lambda value: isinstance(value, classes)
    tests = [_TYPES[name] for name in names]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _limit(keyword: str, wanted: Any) -> Test:
    number = _TYPES["number"]
    limits: dict[str, Test] = {
        "minProperties": lambda value: not isinstance(value, dict) or len(value) >= wanted,
        "minItems": lambda value: not isinstance(value, list) or len(value) >= wanted,
        "maxItems": lambda value: not isinstance(value, list) or len(value) <= wanted,
        "minLength": lambda value: not isinstance(value, str) or len(value) >= wanted,
        "minimum": lambda value: not number(value) or value >= wanted,
        "exclusiveMinimum": lambda value: not number(value) or value > wanted,
    }
    if keyword not in limits:
        msg = f"a schema keyword without a test: {keyword}"
        raise ValueError(msg)
    return limits[keyword]
