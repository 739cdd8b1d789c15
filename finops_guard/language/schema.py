"""The JSON Schemas of packs and policies, generated from the field catalogue and the verbs.

No `anyOf` and no `oneOf`: a value that may be text, list or map lists its types and each keyword applies to its own
type; what depends on another key is `if`/`then`. So every error belongs to one place of the document. Choices stand in
`examples` too, because editors complete from these beside an `if`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from finops_guard.fields import FIELDS, Field
from finops_guard.language.literals import PATTERNS, SHAPES
from finops_guard.model import SEVERITIES, VERBS

Schema: TypeAlias = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME = "[a-z][a-z0-9-]*"
PARAM = r"\$[a-z][a-z0-9_-]*"
COMPARISONS = ("lt", "lte", "gt", "gte")
AGGREGATES = ("mean", "max", "min", "p50", "p95", "sum")
ORDERED = frozenset({"number", "percent", "duration", "money", "size", "date"})
LISTABLE = frozenset({"text", "choice", "number"})
PARAM_TYPES = ("text", "number", "percent", "duration", "money", "size", "date", "bool", "list")
STRICTER = ("subset", "superset", "lower", "higher", "true", "false")
VERDICTS = ("pass", "fail", "unknown", "outside")
TAG_COPIES = ("parent", "owner", "creator", "account")
OPERATORS = ("exists", "in", "not_in", "matches", "same_as", "after_now", *COMPARISONS, "over", "by")
TAG = Field("tag", "text", "A tag's value.")
"""What stands behind a tag key."""


def closed(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """A map with exactly these keys."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema | more


def ref(name: str) -> Schema:
    """A reference into `$defs`."""
    return {"$ref": f"#/$defs/{name}"}


def choice(*values: str, **more: Any) -> Schema:
    """One of a few words."""
    return {"type": "string", "enum": list(values), **more}


def texts(**more: Any) -> Schema:
    """A list of text, not empty."""
    return {"type": "array", "items": {"type": "string"}, "minItems": 1, **more}


def named(values: Schema, **more: Any) -> Schema:
    """A map from names of the user's to values of one shape."""
    return {"type": "object", "propertyNames": ref("name"), "additionalProperties": values, **more}


def literal(type_name: str) -> Schema:
    """A literal of a field type that is written as text."""
    return {"type": "string", "pattern": f"^(?:{PATTERNS[type_name]})$", "title": type_name}


def _value(field_type: str, choices: tuple[str, ...] = ()) -> Schema:
    """One value of a field type, or a `$parameter`."""
    if field_type == "number":
        return {"type": ["number", "string"], "pattern": f"^{PARAM}$", "title": "number"}
    if field_type == "bool":
        return {"type": ["boolean", "string"], "pattern": f"^{PARAM}$", "title": "bool"}
    if field_type == "choice":
        return {
            "type": "string",
            "if": {"pattern": r"^\$"},
            "else": {"enum": list(choices)},
            "examples": list(choices),
        }
    if field_type in PATTERNS:
        return {"type": "string", "pattern": f"^(?:{PATTERNS[field_type]}|{PARAM})$", "title": field_type}
    return {"type": "string", "title": "text"}


def _operators(field: Field, value: Schema) -> Schema:
    several = {"type": ["array", "string"], "items": value, "minItems": 1, "pattern": f"^{PARAM}$", "title": "list"}
    operators: Schema = {"exists": {"type": "boolean"}}
    if field.type in LISTABLE:
        operators |= {"in": several, "not_in": several}
    if field.type == "text":
        operators |= {"matches": {"type": "string"}, "same_as": {"type": "string"}, "after_now": {"type": "boolean"}}
    if field.type == "choice":
        operators["same_as"] = {"type": "string"}
    if field.type in ORDERED:
        operators |= dict.fromkeys(COMPARISONS, value)
    if field.type == "date":
        operators["after_now"] = {"type": "boolean"}
    if field.metric:
        operators |= {"over": _value("duration"), "by": choice(*AGGREGATES)}
        return closed(operators, ("over",), minProperties=2)
    return closed(operators, minProperties=1)


def condition_of(field: Field) -> Schema:
    """What may stand after a field's name in `match`, `require` or `where`."""
    value = ref(f"value-{field.name}") if field.choices else ref(f"value-{field.type}")
    operators = _operators(field, value)
    if field.metric:
        return operators
    types = ["object"]
    leaf: Schema = {k: v for k, v in operators.items() if k != "type"}
    if field.type == "list":
        return operators
    if field.type in LISTABLE:
        types.append("array")
        leaf |= {"items": value, "minItems": 1}
    if field.type in ("number", "bool"):
        types += ["number" if field.type == "number" else "boolean", "string"]
        leaf["pattern"] = f"^{PARAM}$"
    elif field.choices:
        types.append("string")
        leaf |= {"if": {"type": "string", "pattern": r"^[^$]"}, "then": {"enum": list(field.choices)}}
        leaf["examples"] = list(field.choices)
    else:
        types.append("string")
        if field.type in PATTERNS:
            leaf["pattern"] = f"^(?:{PATTERNS[field.type]}|{PARAM})$"
    return {"type": types, "title": field.type, "description": field.help, **leaf}


def _example_of(field: Field) -> Schema:
    """A field's value in an example resource: known, or null for absent."""
    types = {"number": "number", "bool": "boolean", "list": "array"}
    schema: Schema = {"type": [types.get(field.type, "string"), "null"], "title": field.type, "description": field.help}
    if field.choices:
        schema |= {"enum": [*field.choices, None], "examples": list(field.choices)}
    elif field.type in PATTERNS:
        schema["pattern"] = f"^(?:{PATTERNS[field.type]})$"
    elif field.type == "list":
        schema["items"] = {"type": "string"}
    return schema


def nested(leaf: Callable[[Field], Schema], group: Callable[[Schema], Schema], prefix: str = "") -> Schema:
    """The catalogue as properties: `leaf` makes a field's schema, `group` closes over the fields of one group."""
    properties: Schema = {}
    for name, field in FIELDS.items():
        if not name.startswith(prefix):
            continue
        head, _, rest = name.removeprefix(prefix).partition(".")
        if not rest:
            properties[head] = leaf(field)
        elif head not in properties:
            properties[head] = group(nested(leaf, group, f"{prefix}{head}."))
    return properties


def conditions() -> Schema:
    """`$defs` for conditions: one definition a field, so that editors name it and errors stay in one place."""
    tag = condition_of(TAG)
    combinators = {
        "any": {"type": "array", "items": ref("condition"), "minItems": 1, "description": "At least one holds."},
        "all": {"type": "array", "items": ref("condition"), "minItems": 1, "description": "Every one holds."},
        "not": ref("condition") | {"description": "This does not hold."},
    }
    tags = {"type": "object", "additionalProperties": ref("tag"), "minProperties": 1}
    tags["description"] = "By tag key (label on GCP); spelling of keys is forgiven, of values not."
    defs: Schema = {
        "name": {"type": "string", "pattern": f"^{NAME}$", "title": "name"},
        "tag": tag,
        "condition": closed(
            nested(lambda f: ref(f"field-{f.name}"), lambda group: closed(group, minProperties=1))
            | {"tags": tags, "account_tags": tags}
            | combinators,
            minProperties=1,
        ),
    }
    for field_type in ("text", "number", *PATTERNS):
        defs[f"value-{field_type}"] = _value(field_type)
        if field_type in SHAPES:
            defs[f"value-{field_type}"]["description"] = SHAPES[field_type]
    for field in FIELDS.values():
        defs[f"field-{field.name}"] = condition_of(field)
        if field.choices:
            defs[f"value-{field.name}"] = _value("choice", field.choices)
    return defs


_RUNG = ("do", "after", "warn")
_RUNG_OF: dict[str, tuple[str, ...]] = {
    "notify": ("mark",),
    "stop": ("enough",),
    "scale_to_zero": ("enough",),
    "tag": ("set", "copy_from", "rename", "normalise"),
}
STEP_KEYS = frozenset(_RUNG) | {key for keys in _RUNG_OF.values() for key in keys}


def keys_of_verb(verb: str) -> tuple[str, ...]:
    """The keys a step of a ladder takes."""
    return (*_RUNG, *_RUNG_OF.get(verb, ()))


def rung() -> Schema:
    """One step of a ladder; what a verb takes depends on `do`, and while that is none of them, every key is known."""
    after = {"type": "string", "pattern": f"^(?:now|{PATTERNS['duration']}|{PARAM})$", "title": "duration"}
    written = {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}
    every: Schema = {
        "do": choice(*VERBS),
        "after": after,
        "warn": {"type": "array", "items": _value("duration"), "minItems": 1},
        "mark": {"type": "boolean"},
        "enough": {"type": "boolean"},
        "set": written,
        "copy_from": choice(*TAG_COPIES),
        "rename": written,
        "normalise": {"type": "boolean"},
    }
    of_verbs = [
        {"if": _does({"const": verb}), "then": closed({key: every[key] for key in keys_of_verb(verb)})}
        for verb in VERBS
    ]
    unclear = {"if": _does({"enum": list(VERBS)}), "else": closed(every)}
    return {
        "type": "object",
        "required": ["do"],
        "properties": {"do": every["do"]},
        "allOf": [*of_verbs, unclear],
    }


def _does(verb: Schema) -> Schema:
    return {"type": "object", "properties": {"do": verb}, "required": ["do"]}


def _parameter() -> Schema:
    return closed(
        {
            "type": choice(*PARAM_TYPES),
            "default": {"type": ["string", "number", "boolean", "array"], "items": {"type": ["string", "number"]}},
            "help": {"type": "string"},
            "stricter": choice(*STRICTER),
        },
        ("type",),
    )


def _rule() -> Schema:
    population = {
        "type": ["object", "string"],
        "if": {"type": "object"},
        "then": ref("condition"),
        "else": {"enum": ["all"]},
        "examples": ["all"],
        "description": "The population, as a condition; `all` for every resource.",
    }
    resources = {"type": "array", "items": ref("resource"), "minItems": 1}
    return closed(
        {
            "title": {"type": "string", "minLength": 1, "description": "One sentence that says what is required."},
            "why": {"type": "string"},
            "learn": {"type": "string"},
            "severity": choice(*SEVERITIES, title="severity"),
            "capability": {"type": "string", "description": "FinOps Framework capability."},
            "match": population,
            "require": ref("condition"),
            "otherwise": {"type": "array", "items": ref("rung"), "minItems": 1},
            "examples": closed(dict.fromkeys(VERDICTS, resources), minProperties=1),
        },
        ("title", "severity", "match", "require"),
    )


def resource() -> Schema:
    """A resource as written in examples and test files: omitted is unknown, null is absent."""
    tags = {"type": ["object", "null"], "additionalProperties": {"type": "string"}}
    fields = nested(_example_of, closed)
    return closed(fields | {"tags": tags, "account_tags": tags})


def pack_schema() -> Schema:
    """The schema of `rules/*.yaml`."""
    body = closed(
        {
            "pack": ref("name"),
            "version": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$", "title": "version"},
            "summary": {"type": "string"},
            "params": {
                "type": "object",
                "propertyNames": {"pattern": "^[a-z][a-z0-9_-]*$", "title": "parameter name"},
                "additionalProperties": ref("parameter"),
            },
            "rules": named(ref("rule"), minProperties=1),
        },
        ("pack", "version", "rules"),
    )
    defs = conditions() | {"rung": rung(), "parameter": _parameter(), "rule": _rule(), "resource": resource()}
    return {"$schema": DIALECT, "title": "finops-guard rule pack", **body, "$defs": defs}
