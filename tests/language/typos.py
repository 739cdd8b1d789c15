"""One-edit typos of a document: where a word of ours stands, spelt wrongly in each of the four ways."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from finops_guard.language.document import Document

LETTERS = "abcdefghijklmnopqrstuvwxyz"
EDITS = ("added", "left out", "replaced", "swapped")
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Word:
    """A word of ours in a document: a key, or a value that is a choice, a boolean or a `$parameter`."""

    text: str
    line: int
    column: int
    key: bool
    path: Place

    @property
    def core(self) -> str:
        """What is misspelt: without the dollar of a parameter."""
        return self.text.removeprefix("$")


def words(document: Document) -> Iterator[Word]:
    """Every key and every plain scalar of a document, with where it stands."""
    yield from _words(document._root, ())


def _words(node: Any, path: Place) -> Iterator[Word]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield _word(key, (*path, key.value), key=True)
            yield from _words(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield from _words(value, (*path, i))
    elif node.style is None:
        yield _word(node, path, key=False)


def _word(node: Any, path: Place, *, key: bool) -> Word:
    return Word(node.value, node.start_mark.line, node.start_mark.column, key, path)


def typos(word: str, rng: random.Random, each: int = 1) -> Iterator[tuple[str, str]]:
    """(edit, misspelling): `each` of every kind of edit, none of them the word itself."""
    for edit in EDITS:
        made: set[str] = set()
        for _ in range(40):
            if len(made) == each:
                break
            wrong = _misspelt(word, edit, rng)
            if wrong and wrong != word and wrong not in made:
                made.add(wrong)
                yield edit, wrong


def _misspelt(word: str, edit: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    match edit:
        case "added":
            at = rng.randrange(len(word) + 1)
            return word[:at] + rng.choice(LETTERS) + word[at:]
        case "left out":
            return word[:at] + word[at + 1 :]
        case "replaced":
            return word[:at] + rng.choice(LETTERS) + word[at + 1 :]
        case _:
            return word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


def with_typo(text: str, word: Word, wrong: str) -> str:
    """The document with one word of it misspelt."""
    lines = text.split("\n")
    line = lines[word.line]
    assert line[word.column :].startswith(word.text), (line, word)
    wrong = f"${wrong}" if word.text.startswith("$") else wrong
    lines[word.line] = line[: word.column] + wrong + line[word.column + len(word.text) :]
    return "\n".join(lines)


def one_edit(a: str, b: str) -> bool:
    """Whether two words are one edit apart; by trying each edit, not by comparing."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    cut = {a[:i] + a[i + 1 :] for i in range(len(a))}
    swapped = {a[:i] + a[i : i + 2][::-1] + a[i + 2 :] for i in range(len(a) - 1)}
    if b in cut or b in swapped or a in {b[:i] + b[i + 1 :] for i in range(len(b))}:
        return True
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1


def known_here(schema: Any, data: Any, word: Word) -> set[str] | None:
    """The words the schema takes where this one stands; None where the writer is free to choose."""
    if word.key:
        named = set(_properties(_schema_at(schema, word.path[:-1])))
        return named if word.text in named else None
    node = _schema_at(schema, word.path)
    if word.text.startswith("$") and not word.text.startswith(("$$", "$env.")):
        return {f"${name}" for name in data.get("params", ())}
    choices = {c for part in (node, node.get("then", {}), node.get("else", {})) for c in part.get("enum", ())}
    choices |= set(node.get("examples", ()))
    if "boolean" in node.get("type", ()):
        choices |= {"true", "false"}
    return choices if word.text in choices else None


def _properties(node: dict[str, Any]) -> dict[str, Any]:
    """The keys a schema knows; of a step, those of every verb."""
    parts = [node, *(part.get("else", {}) for part in node.get("allOf", ()))]
    return {key: value for part in parts for key, value in part.get("properties", {}).items()}


def _schema_at(schema: Any, path: Place) -> dict[str, Any]:
    node = schema
    for step in path:
        if isinstance(step, int):
            node = node.get("items", {})
        else:
            node = _properties(node).get(step) or node.get("additionalProperties") or {}
        while target := node.get("$ref") or node.get("then", {}).get("$ref"):
            node = schema["$defs"][target.rpartition("/")[2]]
    return dict(node)
