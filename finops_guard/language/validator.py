"""Validates a document against a schema: a quick yes or no, and for a no every error, from `jsonschema`.

`jsonschema` costs 0.1 CPU seconds to import and as much for every few hundred rules; a document without a mistake pays
neither. A test holds the quick answer to the one of the stock validator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from finops_guard.language.fits import Quick, Test, compiled
from finops_guard.language.schema import Schema


def errors(make: Callable[[], Schema], data: Any) -> Iterator[Any]:
    """Every error of the data under the schema that `make` gives, as `jsonschema` describes it."""
    if not _fits(make)(data):
        yield from _validator(make).iter_errors(data)


@cache
def schema_of(make: Callable[[], Schema]) -> Schema:
    """The schema, made once."""
    return make()


@cache
def _fits(make: Callable[[], Schema]) -> Callable[[Any], bool]:
    return compiled(schema_of(make))


@cache
def _validator(make: Callable[[], Schema]) -> Any:
    """A validator that looks into nothing that fits, and tells which key a `propertyNames` refuses.

    The stock keywords look into everything and build a validator for each value; with 1,000 rules that is most of
    the time.
    """
    from jsonschema import Draft202012Validator, validators

    schema = schema_of(make)
    own = _Keywords(schema["$defs"])
    keywords = {"$ref": own.ref, "properties": own.properties, "items": own.items, "propertyNames": own.property_names}
    own.kind = validators.extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    return own.kind(schema)


class _Keywords:
    """Keywords in the form `jsonschema` calls them: validator, the keyword's value, the data, the schema."""

    kind: Any

    def __init__(self, defs: Schema) -> None:
        self._defs = defs
        self._quick = Quick(defs)
        self._built: dict[int, tuple[Test, Any]] = {}

    def _descend(self, part: Schema, value: Any, step: str | int | None = None) -> Iterator[Any]:
        if id(part) not in self._built:
            self._built[id(part)] = self._quick.test(part), self.kind(part)
        fits, validator = self._built[id(part)]
        if fits(value):
            return
        for error in validator.iter_errors(value):
            if step is not None:
                error.relative_path.appendleft(step)
            yield error

    def ref(self, _validator: Any, target: str, value: Any, _schema: Any) -> Iterator[Any]:
        return self._descend(self._defs[target.removeprefix("#/$defs/")], value)

    def properties(self, _validator: Any, parts: Mapping[str, Schema], value: Any, _schema: Any) -> Iterator[Any]:
        for name, item in value.items() if isinstance(value, dict) else ():
            if name in parts:
                yield from self._descend(parts[name], item, name)

    def items(self, _validator: Any, part: Schema, value: Any, _schema: Any) -> Iterator[Any]:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from self._descend(part, item, index)

    def property_names(self, _validator: Any, part: Schema, value: Any, _schema: Any) -> Iterator[Any]:
        from jsonschema import ValidationError

        for name in value if isinstance(value, dict) else ():
            for error in self._descend(part, name):
                yield ValidationError(error.message, validator="propertyNames", instance=name, schema=error.schema)
