"""Templates: quoted ones, heredocs and what is in a template file; literal text, `${…}` and `%{…}`.

White space as the HCL parser treats it: literal text is one token a line, a strip mark (`~`) takes from the token
beside it, and `<<-` takes the least indentation from what begins a line after that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.graphemes import composed
from finops_guard.sources.iac._hcl.values import (
    OpenMap,
    Set,
    Typed,
    Val,
    WrongError,
    boolean,
    bounded,
    called,
    in_order,
    text,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from finops_guard.sources.iac._hcl.scope import Scope

Run: TypeAlias = "Callable[[Scope], Val]"
Compile: TypeAlias = "Callable[[Node, bytes], Run]"
Part: TypeAlias = Any
"""A token: a str, ("say", run), ("if", run), ("else",), ("endif",), ("for", run, names), ("endfor",), "~" as ("~<",) or
("~>",). Folded: a str, ("say", run), ("if", run, parts, parts), ("for", run, names, parts)."""

_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_BEFORE, _AFTER = ("~<",), ("~>",)
_INTRO = {"template_if_intro": "if", "template_for_start": "for"}
_PLAIN = {"template_else_intro": "else", "template_if_end": "endif", "template_for_end": "endfor"}


def unescaped(raw: str) -> str:
    """The text of a literal between quotes."""
    return _ESCAPE.sub(_character, raw) if "\\" in raw else raw


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return _ESCAPED[match[1]]
    code = int(match[2] or match[3], 16)
    return chr(code) if code < 0x110000 else "\ufffd"  # noqa: PLR2004 - the end of Unicode


def literal(raw: str, *, quoted: bool) -> str:
    """Literal text of a template; `$${` and `%%{` stand for what has one sign less."""
    plain = raw.replace("$${", "${").replace("%%{", "%{")
    return composed(unescaped(plain) if quoted else plain)


def quoted(node: Node, data: bytes, compile_: Compile) -> Run:
    """What stands between two quotes; one interpolation alone keeps the type of its value."""
    if _mistaken(node.children[1:-1], data):
        return _unread
    start, end = node.children[0].end_byte, node.children[-1].start_byte
    return _joined([*_tokens(node.children[1:-1], data, start, end, compile_, lines=False)])


def heredoc(node: Node, data: bytes, compile_: Compile, *, wrapped: bool = False) -> Run:
    """A heredoc; `wrapped`: a whole template that was put into one, whose last line break is not its own."""
    if _mistaken(node.children[2:-1], data):
        return _unread
    start = data.index(b"\n", node.children[1].end_byte) + 1
    end = data.rindex(b"\n", 0, node.children[-1].start_byte) + (not wrapped)
    tokens = [*_tokens(node.children[2:-1], data, start, max(start, end), compile_, lines=True)]
    if data[node.start_byte : node.start_byte + 3] == b"<<-":
        tokens = _dedented(_stripped(tokens))
    return _joined(tokens, alone=wrapped)


def _mistaken(nodes: list[Node], data: bytes) -> bool:
    """Whether the grammar takes for a sequence what is text: `$$${` is a `$`, and an escaped `${`."""
    return any(
        data[node.start_byte - 2 : node.start_byte] == 2 * data[node.start_byte : node.start_byte + 1]
        for node in _flat(nodes)
    )


def _unread(_scope: Scope) -> Val:
    return Typed("a template with signs that we do not read", "string")


def _tokens(nodes: list[Node], data: bytes, start: int, end: int, compile_: Compile, *, lines: bool) -> Iterator[Part]:
    """Literal text is what stands between the other nodes: the grammar skips white space at a line's begin."""
    at = start
    for node in _flat(nodes):
        raw = data[at : node.start_byte].decode()
        yield from _literals(raw, lines=lines)
        opening, *_ = inside = node.children
        strips = [child for child in inside if child.type == "strip_marker"]
        if strips and strips[0].start_byte == opening.end_byte:
            yield _BEFORE
        expression = next((child for child in inside if child.type == "expression"), None)
        if node.type in _PLAIN:
            yield (_PLAIN[node.type],)
        else:
            run: Run = _nothing if expression is None else compile_(expression, data)
            names = tuple(
                data[child.start_byte : child.end_byte].decode() for child in inside if child.type == "identifier"
            )
            yield (_INTRO[node.type], run, names) if node.type in _INTRO else ("say", run)
        if strips and strips[-1].end_byte == inside[-1].start_byte and strips[-1].start_byte != opening.end_byte:
            yield _AFTER
        at = node.end_byte
    yield from _literals(data[at:end].decode(), lines=lines)


def _flat(nodes: list[Node]) -> Iterator[Node]:
    """The nodes that are not literal text, directives taken apart."""
    for node in nodes:
        if node.type in {"template_directive", "template_if", "template_for"}:
            yield from _flat(node.children)
        elif node.type == "template_interpolation" or node.type in _INTRO or node.type in _PLAIN:
            yield node


def _literals(raw: str, *, lines: bool) -> list[Part]:
    if not raw:
        return []
    if not lines:
        return [literal(raw, quoted=True)]
    return [literal(line, quoted=False) for line in raw.splitlines(keepends=True)]


def _nothing(_scope: Scope) -> Val:
    raise WrongError("an interpolation without an expression")


def _stripped(tokens: list[Part]) -> list[Part]:
    """Tokens after their strip marks did what they say to the text beside them."""
    out: list[Part] = []
    cut = False
    for token in tokens:
        if token is _AFTER:
            cut = True
            continue
        if token is _BEFORE:
            if out and isinstance(out[-1], str):
                out[-1] = out[-1].rstrip()
            continue
        out.append(token.lstrip() if cut and isinstance(token, str) else token)
        cut = False
    return out


def _dedented(tokens: list[Part]) -> list[Part]:
    """Without the indentation that all lines share; a blank line neither counts nor changes."""
    least: int | None = None
    fresh, begins = True, []
    for index, token in enumerate(tokens):
        if not isinstance(token, str):
            least = 0 if fresh else least
            fresh = False
            continue
        if fresh and not (token.endswith("\n") and token.isspace()):
            indent = len(token) - len(token.lstrip())
            least = indent if least is None else min(least, indent)
            begins.append(index)
        fresh = token.endswith("\n")
    out = list(tokens)
    for index in begins:
        out[index] = out[index][least or 0 :]
    return out


def _joined(tokens: list[Part], *, alone: bool = True) -> Run:
    """Tokens as one string; unknown where one of them is."""
    parts, _ = _folded([token for token in _stripped(tokens) if token != ""], 0)
    if not parts:
        return lambda _scope: ""
    if len(parts) == 1:
        only = parts[0]
        if isinstance(only, str):
            return lambda _scope: only
        if alone and only[0] == "say":
            run: Run = only[1]
            return run

    def say(scope: Scope) -> Val:
        out: list[str] = []
        unknown = _write(parts, scope, out)
        return bounded(composed("".join(out))) if unknown is None else unknown

    return say


def _folded(tokens: list[Part], at: int) -> tuple[list[Part], int]:
    """Tokens up to the end of their branch, directives as parts with parts inside."""
    parts: list[Part] = []
    while at < len(tokens):
        token = tokens[at]
        word = "" if isinstance(token, str) else token[0]
        if word in {"else", "endif", "endfor"}:
            return parts, at
        at += 1
        if word in {"if", "for"}:
            inside, at = _folded(tokens, at)
            other: list[Part] = []
            if at < len(tokens) and tokens[at][0] == "else":
                other, at = _folded(tokens, at + 1)
            at += 1
            token = ("if", token[1], inside, other) if word == "if" else (*token, inside)
        parts.append(token)
    return parts, at


def _write(parts: list[Part], scope: Scope, out: list[str]) -> Unknown | None:
    for part in parts:
        unknown = None
        if isinstance(part, str):
            out.append(part)
        elif part[0] == "say":
            said = text(part[1](scope))
            if isinstance(said, Unknown):
                return said
            out.append(said)
        elif part[0] == "if":
            holds = boolean(part[1](scope))
            if isinstance(holds, Unknown):
                return holds
            unknown = _write(part[2] if holds else part[3], scope, out)
        else:
            unknown = _loop(part, scope, out)
        if unknown is not None:
            return unknown
    return None


def _loop(part: Part, scope: Scope, out: list[str]) -> Unknown | None:
    _, run, names, inside = part
    over = run(scope)
    if isinstance(over, Unknown):
        return over
    if isinstance(over, OpenMap):
        return Unknown(over.reason)
    for key, value in pairs(over):
        given = {names[-1]: value, **({names[0]: key} if len(names) > 1 else {})}
        if (unknown := _write(inside, scope.within(given), out)) is not None:
            return unknown
    return None


def pairs(over: Val) -> list[tuple[Val, Val]]:
    """What a `for` goes through: keys and values in order; WrongError for what has none."""
    if isinstance(over, Set):
        return [(item, item) for item in over]
    if isinstance(over, list):
        return list(enumerate(over))
    if isinstance(over, dict):
        return list(in_order(over))
    raise WrongError(f"{called(over)} cannot be gone through")
