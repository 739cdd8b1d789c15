"""Strict YAML: the data of one file, and where each value of it stands.

Only `true`, `false`, `null` and JSON numbers are typed, everything else is text. Duplicate keys, anchors, aliases,
merge keys, tags and several documents in a file are refused. Positions come from the C parser's nodes; they are looked
up only for values that are wrong, so a document without mistakes pays nothing for them.
"""

from __future__ import annotations

import gc
import hashlib
import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.model import Location

Path_: TypeAlias = tuple[str | int, ...]
MAX_BYTES = 20_000_000
MAX_DEPTH = 60
_INDENTED = " " * MAX_DEPTH
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "": None}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Strict(_Loader):  # type: ignore[misc] # yaml's C loader has no stub
    """Every plain scalar stays text here; we type it ourselves."""

    yaml_implicit_resolvers: dict[str, object] = {}  # noqa: RUF012 - the loader's own protocol


class Document:
    """One YAML file: `data` is plain dicts, lists and scalars."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.text = text
        self._problems: list[Diagnostic] = []
        self._seen: set[int] = set()
        self._has_aliases = False
        self._starts: list[int] = []
        self._by_key: dict[int, dict[Any, tuple[Any, Any]]] = {}
        with collector_paused():
            self._root = self._compose()
            self.data: Any = self._build(self._root, 0)
            if self._has_aliases:
                self._refuse_aliases()
        if self._problems:
            raise LanguageError(self._problems)

    @property
    def sha256(self) -> str:
        """Of the text as UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def at(self, path: Sequence[str | int], *, key: bool = False) -> Location:
        """Where the value at a path stands (its key with `key`); the nearest parent when the path is not there."""
        node, _ = self._find(path, key=key)
        line, column = self._place(node.start_mark)
        return Location(self.file, line + 1, column + 1)

    def problem(
        self,
        path: Sequence[str | int],
        message: str,
        hint: str | None = None,
        *,
        key: bool = False,
        warning: bool = False,
    ) -> Diagnostic:
        """A diagnostic at a value, or at its key."""
        node, exact = self._find(path, key=key)
        start, end = node.start_mark, node.end_mark
        scalar = isinstance(node, yaml.ScalarNode) and start.line == end.line and exact
        length = end.column - start.column if scalar else 1
        return self._at_mark(start, message, hint, length, warning=warning)

    def spelt(self, path: Sequence[str | int]) -> str:
        """The value's text as written, for scalars."""
        node, _ = self._find(path, key=False)
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def rename(self, path: Sequence[str | int], key: str, meant: str) -> None:
        """Read a misspelt key as what it means; where it stands stays the same."""
        home: Any = self.data
        for step in path:
            home = home[step]
        entries = [(meant if name == key else name, value) for name, value in home.items()]
        home.clear()
        home.update(entries)
        node, _ = self._find(path, key=False)
        self._pairs(node)[key][0].value = meant
        self._by_key.clear()

    def _find(self, path: Sequence[str | int], *, key: bool) -> tuple[Any, bool]:
        node: Any = self._root
        for depth, step in enumerate(path):
            last = depth == len(path) - 1
            if isinstance(node, yaml.MappingNode):
                pair = self._pairs(node).get(step)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                pair = (node.value[step], node.value[step])
            else:
                pair = None
            if pair is None:
                return node, False
            node = pair[0] if key and last else pair[1]
        return node, True

    def _pairs(self, node: Any) -> dict[Any, tuple[Any, Any]]:
        """A mapping's key and value nodes by key; of a duplicate the first."""
        if id(node) not in self._by_key:
            self._by_key[id(node)] = {key.value: (key, value) for key, value in reversed(node.value)}
        return self._by_key[id(node)]

    def _place(self, mark: Any) -> tuple[int, int]:
        """Line and column of a mark, from 0, as editors count: YAML 1.1 also breaks lines at NEL, LS and PS."""
        if not self._starts:
            ends = (match.end() for match in re.finditer("\n", self.text))
            self._starts = [0, *ends]
        line = bisect_right(self._starts, mark.index) - 1
        return line, mark.index - self._starts[line]

    def _at_mark(
        self, mark: Any, message: str, hint: str | None = None, length: int = 1, *, warning: bool = False
    ) -> Diagnostic:
        line, column = self._place(mark)
        source = self.lines[line].rstrip("\r")
        return Diagnostic(self.file, line + 1, column + 1, message, hint, max(1, length), source, warning)

    def _compose(self) -> Any:
        try:
            self.text.encode()
        except UnicodeEncodeError as error:
            raise LanguageError([self._unreadable(error.start, "half a character (a lone surrogate)")]) from None
        if mark := _too_deep(self.text):
            raise LanguageError([self._at_mark(mark, f"nested deeper than {MAX_DEPTH} levels")])
        loader = _Strict(self.text)
        try:
            node = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise LanguageError([self._syntax(mark, error)]) from None
        except yaml.YAMLError as error:
            position = getattr(error, "position", 0) or 0
            raise LanguageError([self._unreadable(position, "a control character that YAML does not allow")]) from None
        finally:
            loader.dispose()
        if node is None:
            raise LanguageError([Diagnostic(self.file, 1, 1, "the file is empty")])
        return node

    def _syntax(self, mark: Any, error: yaml.MarkedYAMLError) -> Diagnostic:
        if mark is None:
            return Diagnostic(self.file, 1, 1, f"not YAML: {error.problem}")
        source = self.lines[self._place(mark)[0]]
        message, hint = f"not YAML: {error.problem}", None
        if "\t" in source[: len(source) - len(source.lstrip())] or "'\\t'" in str(error.problem):
            hint = "indent with spaces, not tabs"
        elif "but found another document" in str(error.problem):
            message = "several documents in one file; keep one"
        elif "maximum nesting depth" in str(error.problem):
            message = f"nested deeper than {MAX_DEPTH} levels"
        elif "alias" in str(error.problem):
            message = "anchors and aliases (&x, *x) are refused; write the value out"
        elif "mapping values are not allowed" in str(error.problem):
            hint = "is the indentation right, or does a text with ': ' need quotes?"
        elif "start any token" in str(error.problem):
            hint = "quote a text that starts with this character"
        return self._at_mark(mark, message, hint)

    def _unreadable(self, position: int, message: str) -> Diagnostic:
        before = self.text[:position]
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
        return Diagnostic(self.file, line + 1, column + 1, message, None, 1, self.lines[min(line, len(self.lines) - 1)])

    def _build(self, node: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            self._problems.append(self._at_mark(node.start_mark, f"nested deeper than {MAX_DEPTH} levels"))
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if self._aliased(node):
            return None
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rpartition(":")[2] not in ("map", "seq"):
            self._problems.append(self._at_mark(node.start_mark, f"YAML tags ({node.tag}) are refused"))
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._problems.append(self._at_mark(key.start_mark, "a key must be text"))
                continue
            name = key.value
            if self._aliased(key):
                continue
            if name == "<<" and not key.style:
                self._problems.append(self._at_mark(key.start_mark, "merge keys (<<) are refused; write the keys out"))
                continue
            if name in data:
                first = next(k for k, _ in node.value if k.value == name).start_mark
                message = f"duplicate key '{name}'"
                hint = f"first on line {self._place(first)[0] + 1}; remove one"
                self._problems.append(self._at_mark(key.start_mark, message, hint, len(name)))
                continue
            data[name] = self._build(value, depth + 1)
        return data

    def _scalar(self, node: Any) -> Any:
        if self._aliased(node):
            return None
        if node.tag != "tag:yaml.org,2002:str":
            self._problems.append(self._at_mark(node.start_mark, f"YAML tags ({node.tag}) are refused"))
        text: str = node.value
        if node.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if not _NUMBER.fullmatch(text):
            return text
        if len(text) > 40:  # noqa: PLR2004 - no sane number is longer
            self._problems.append(self._at_mark(node.start_mark, "a number of over 40 characters", None, len(text)))
            return None
        if not any(c in text for c in ".eE"):
            return int(text)
        if math.isinf(number := float(text)):
            self._problems.append(self._at_mark(node.start_mark, "a number beyond any sense", None, len(text)))
        return number

    def _aliased(self, node: Any) -> bool:
        """Whether this node was met before: an alias is its anchor's own node, so the alias itself is sought later."""
        if id(node) in self._seen:
            self._has_aliases = True
            return True
        self._seen.add(id(node))
        return False

    def _refuse_aliases(self) -> None:
        for event in yaml.parse(self.text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                message = "anchors and aliases (&x, *x) are refused; write the value out"
                length = len(event.anchor or "") + 1
                self._problems.append(self._at_mark(event.start_mark, message, None, length))


def _too_deep(text: str) -> Any:
    """Where a document nests deeper than composing it, in recursive C, may stand: a cheap look, then an exact one."""
    depth = 0
    for line in text.split("\n"):
        depth += line.count("[") + line.count("{")
        if depth >= MAX_DEPTH or line.startswith(_INDENTED) or line.count("-") + line.count("?") >= MAX_DEPTH // 2:
            return _first_too_deep(text)
        depth -= line.count("]") + line.count("}")
    return None


def _first_too_deep(text: str) -> Any:
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH + 1:
                    return event.start_mark
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        pass  # the composer will meet the same mistake and say where
    return None


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cyclic garbage collection while many small objects without cycles are made: it costs twice the work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read(path: Path, shown: str | None = None) -> Document:
    """Load a file: LanguageError with every mistake, InputError when it cannot be read. `shown`: its name in errors."""
    name = shown or str(path)
    return Document(name, read_text(path, name))


def read_text(path: Path, name: str) -> str:
    """The text of a file, `name` in errors: InputError when it cannot be read, LanguageError when it is not UTF-8."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # a name may lead to a device without an end
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder, not a file") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise InputError(f"{name}: larger than {MAX_BYTES // 1_000_000} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise LanguageError([Diagnostic(name, line, column, "not UTF-8 text")]) from None
