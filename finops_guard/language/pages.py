"""Pages about the language, made from the catalogue and the grammar: `docs/fields.md`, tables of `docs/language.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from finops_guard.fields import COMPUTED_KINDS, FIELDS, KINDS, STATES, Field
from finops_guard.language.literals import DURATION_UNITS, SIZE_UNITS
from finops_guard.language.schema import AGGREGATES, PARAM_TYPES, STRICTER, TAG, condition_of, keys_of_verb
from finops_guard.language.words import SHAPES
from finops_guard.model import DESTRUCTIVE, SEVERITIES, VERBS

_DOES = {
    "notify": "Send to the policy's channels; `mark` also writes the tag `finops-guard-due`.",
    "suggest": "Target and saving in the report; never sent alone.",
    "ticket": "Open a ticket, update it, close it when the finding is gone. Not in this version: it is refused.",
    "block": "Fail the pipeline at once, on infrastructure as code, where the mode is enforce; needs no permit.",
    "tag": "Write tags; other tags are left alone.",
    "start": "Start what a rule of the same pack stopped, by our journal, and nobody started since.",
    "stop": "Stop it; it can be started again.",
    "scale_to_zero": "Take its capacity to nothing; it can be scaled back.",
    "terminate": "End it. Only after a `stop` in the same ladder. Never a store of data.",
}
_OPERATORS = {
    "exists": "is there (`true`) or absent (`false`)",
    "in": "one of a list, or of a list parameter; an empty list parameter takes any value",
    "not_in": "none of a list; false where it is absent",
    "matches": "the whole value matches a regular expression (RE2, linear time)",
    "same_as": "the same as another field or tag",
    "after_now": "a date that is still to come",
    "lt": "less than",
    "lte": "at most",
    "gt": "more than",
    "gte": "at least",
    "over": "for how long a metric is watched; needed",
    "by": f"how its points become one number: {', '.join(AGGREGATES)}",
}


_ABOUT = """\
A field is known, absent (a fact) or unknown (not collected, not readable). They are written `kind: vm` and
`accelerators: {count: {gte: 1}}`. Tags stand under `tags:` and `account_tags:`, by key."""


def fields_page() -> str:
    """`docs/fields.md`: every kind, state and field a rule can name."""
    groups = list(dict.fromkeys(name.rpartition(".")[0] for name in FIELDS))
    parts = [
        "# Fields, kinds and states",
        "Written by `python -m finops_guard.docs` from the catalogue (`finops_guard/fields.py`).",
        _ABOUT,
        f"**Kinds**: {_code(KINDS)}; computed: {_code(COMPUTED_KINDS)}.",
        f"**States**: {_code(STATES)}.",
    ]
    for group in groups:
        fields = [field for name, field in FIELDS.items() if name.rpartition(".")[0] == group]
        parts.append(f"## {f'`{group}`' if group else 'Of every resource'}")
        parts.append(_table(("field", "type", "meaning"), [_row(field) for field in fields]))
    return "\n\n".join(parts) + "\n"


def _row(field: Field) -> tuple[str, str, str]:
    kind = field.type + (", a metric" if field.metric else "")
    only = f" Only of {_code(sorted(field.kinds))}." if field.kinds else ""
    choices = f" {_code(field.choices)}." if field.choices and field.name not in ("kind", "state") else ""
    return f"`{field.name}`", kind, f"{field.help}{choices}{only}"


def _code(words: Iterable[str]) -> str:
    return " ".join(f"`{word}`" for word in words)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _operators() -> str:
    takes = {kind: condition_of(Field("x", kind, "", ("a",) if kind == "choice" else ())) for kind in PARAM_TYPES}
    takes |= {"choice": condition_of(Field("x", "choice", "", ("a",))), "tag": condition_of(TAG)}
    takes["metric"] = condition_of(Field("x", "percent", "", metric=True))
    rows = []
    for name, meaning in _OPERATORS.items():
        on = [kind for kind, schema in takes.items() if name in schema["properties"]]
        rows.append((f"`{name}`", meaning, ", ".join(on)))
    return _table(("operator", "holds when the value is", "on"), rows)


def _verbs() -> str:
    rows = [
        (f"`{verb}`", _DOES[verb], _code(keys_of_verb(verb)[1:]), "yes" if verb in DESTRUCTIVE else "")
        for verb in VERBS
    ]
    return _table(("verb", "what it does", "keys beside `do`", "destructive"), rows)


def _literals() -> str:
    rows = [(kind, SHAPES[kind]) for kind in PARAM_TYPES if kind in SHAPES and kind != "text"]
    units = f"Units of time: {_code(DURATION_UNITS)}; of size: {_code(SIZE_UNITS)}."
    words = (
        f"Severities: {_code(SEVERITIES)}. Types of parameters: {_code(PARAM_TYPES)}; `stricter`: {_code(STRICTER)}."
    )
    return f"{_table(('type', 'how it is written'), rows)}\n\n{units}\n\n{words}"


_BLOCKS: dict[str, Callable[[], str]] = {"operators": _operators, "verbs": _verbs, "literals": _literals}


def language_page(text: str) -> str:
    """`docs/language.md` with each table between its marks made anew."""
    for name, make in _BLOCKS.items():
        begin, end = f"<!-- {name}, written by python -m finops_guard.docs -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            msg = f"docs/language.md needs one block {name}"
            raise ValueError(msg)
        text = f"{before}{begin}\n\n{make()}\n\n{end}{after}"
    return text
