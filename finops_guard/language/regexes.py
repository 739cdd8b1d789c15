"""Regular expressions that run in linear time: tag values are written by strangers.

Patterns are anchored and accepted only where Python's `re` (ASCII) and RE2 mean the same. A flat pattern with at most
two variable repeats runs on `re` (at most quadratic in 256 characters); all else runs on RE2. A value of over 256
characters (the longest tag value of AWS and Azure) matches nothing.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

sre: Any = importlib.import_module("re._constants")  # the standard library's own parser, which has no stubs
sre_parse: Any = importlib.import_module("re._parser")

LONGEST = 256
_MAX_REPEAT = 1000
_MAX_PATTERN = 1000
_DEEPEST = 50
_SINGLE = (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)
_LOOK, _BACK, _IF, _ATOMIC, _GREEDY, _FLAGS = (
    "look-around", "a backreference", "a conditional group", "an atomic group", "a possessive repeat", "inline flags",
)  # fmt: skip
_REFUSED = {
    sre.ASSERT: _LOOK,
    sre.ASSERT_NOT: _LOOK,
    sre.GROUPREF: _BACK,
    sre.GROUPREF_EXISTS: _IF,
    sre.ATOMIC_GROUP: _ATOMIC,
    sre.POSSESSIVE_REPEAT: _GREEDY,
}
_REPEAT = f"a repeat above {_MAX_REPEAT}"
_END = "$ before the end"
_WRITTEN = {
    _LOOK: r"\(\?<?[=!]",
    _BACK: r"\(\?P=",
    _IF: r"\(\?\(",
    _ATOMIC: r"\(\?>",
    _GREEDY: r"(?<=[*+?}])\+",
    _FLAGS: r"\(\?[a-zA-Z-]+[:)]",
    _REPEAT: r"(?<=\{)[0-9]*,?[0-9]{4,}(?=[0-9,]*\})",
    _END: r"\$(?!$)",
}
"""How what we refuse is written, to say where."""
_BY_SIGHT = (
    (re.compile(r"\(\?#"), "a comment (?#…) is not supported"),
    (re.compile(r"\[\[:"), "a POSIX class [[:…:]] is not supported"),
    (re.compile(r"\{,"), "{,n} is not supported; write {0,n}"),
    (re.compile(r"\{(?:[0-9]*,)?0[0-9]"), "a repeat that starts with 0 is not supported"),
)
"""What `re` takes and means otherwise than RE2."""


class PatternError(ValueError):
    """A pattern we refuse; `offset` is where in the pattern, from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def check(pattern: str) -> None:
    """Raise PatternError unless the pattern is in the language both engines share."""
    if len(pattern) > _MAX_PATTERN:
        raise PatternError(f"a pattern of over {_MAX_PATTERN} characters", _MAX_PATTERN)
    plain = _unescaped(pattern)
    for written, message in _BY_SIGHT:
        if found := written.search(plain):
            raise PatternError(message, found.start())
    if found := re.search(r"(?<!\\)(?:\\\\)*\\([0-9sSZ])", pattern):
        better = r"write [ \t]" if found[1] in "sS" else "remove it"
        raise PatternError(rf"\{found[1]} is not supported; {better}", found.end() - 2)
    _nesting(pattern)
    parsed = _parsed(pattern)
    if parsed.state.flags & ~re.ASCII:
        raise _refusal(_FLAGS, pattern)
    _walk(parsed, pattern)
    _ends(parsed, pattern)
    _re2_compiled(pattern)


def _unescaped(pattern: str) -> str:
    """The pattern with escapes blanked out, as long as before."""
    return re.sub(r"\\.", "__", pattern, flags=re.DOTALL)


def _unclassed(pattern: str) -> str:
    """The same with character classes blanked out too."""
    return re.sub(r"\[\^?\]?[^\]]*\]", lambda found: "_" * len(found[0]), _unescaped(pattern))


def _nesting(pattern: str) -> None:
    depth = 0
    for offset, char in enumerate(_unclassed(pattern)):
        depth += (char == "(") - (char == ")")
        if depth > _DEEPEST:
            raise PatternError(f"groups nested deeper than {_DEEPEST}", offset)


def _parsed(pattern: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return sre_parse.parse(pattern, re.ASCII)
        except re.error as error:
            raise PatternError(error.msg, error.pos or 0) from None
        except (FutureWarning, DeprecationWarning) as warning:
            said, _, place = str(warning).partition(" at position ")
            raise PatternError(said.lower(), int(place) if place.isdigit() else 0) from None
        except OverflowError:
            raise _refusal(_REPEAT, pattern) from None


def _refusal(name: str, pattern: str) -> PatternError:
    """The error for a construct, at where it is written: outside of classes."""
    found = re.search(_WRITTEN[name], _unclassed(pattern))
    return PatternError(f"{name} is not supported", found.start() if found else 0)


def _walk(items: Iterable[Any], pattern: str) -> None:
    for operator, argument in items:
        if operator in _REFUSED:
            raise _refusal(_REFUSED[operator], pattern)
        for body in _inside(operator, argument, pattern):
            _walk(body, pattern)


def _inside(operator: Any, argument: Any, pattern: str) -> Sequence[Any]:
    """The parts of one item, which itself is allowed."""
    if operator in _REPEATS:
        low, high, body = argument
        if low > _MAX_REPEAT or (high is not sre.MAXREPEAT and high > _MAX_REPEAT):
            raise _refusal(_REPEAT, pattern)
        return (body,)
    if operator is sre.BRANCH:
        return argument[1]  # type: ignore[no-any-return] # the parser has no stubs
    if operator is sre.SUBPATTERN:
        _group, add, remove, body = argument
        if add or remove:
            raise _refusal(_FLAGS, pattern)
        return (body,)
    return ()


def _ends(items: Sequence[Any], pattern: str, *, last: bool = True) -> None:
    """Refuse a `$` that something may follow: `re` lets it stand before a final newline, RE2 does not."""
    for place, (operator, argument) in enumerate(items):
        at_end = last and place == len(items) - 1
        if operator is sre.AT and argument is sre.AT_END and not at_end:
            raise _refusal(_END, pattern)
        for body in _inside(operator, argument, pattern):
            _ends(body, pattern, last=at_end and operator not in _REPEATS)


@cache
def _re2_compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except UnicodeEncodeError as error:
        raise PatternError("half a character (a lone surrogate)", error.start) from None
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternError(said, max(0, pattern.find(said.rpartition(": ")[2]))) from None


def _flat(pattern: str) -> bool:
    """Whether `re` is fast on any value: one sequence of single characters, or one choice of a few such sequences."""
    items = list(sre_parse.parse(pattern, re.ASCII))
    if len(items) == 1 and items[0][0] is sre.SUBPATTERN:
        items = list(items[0][1][3])
    branches = items[0][1][1] if len(items) == 1 and items[0][0] is sre.BRANCH else [items]
    return sum(map(_weight, branches)) <= _HEAVIEST


_LINEAR, _QUADRATIC, _HEAVIEST = 1, 100, 100
"""Steps of `re` on 256 characters, in units of a few hundred."""


def _weight(items: Iterable[Any]) -> int:
    """What a sequence costs `re`: little with one variable repeat, more with two; too much with more, or with a group.

    What follows the second repeat is tried at every one of the 32,000 ways to share 256 characters between the two.
    """
    variable = tail = 0
    for operator, argument in items:
        low = high = 1
        if operator in _REPEATS:
            low, high, body = argument
            if len(body) != 1 or body[0][0] not in _SINGLE:
                return _HEAVIEST + 1
        elif operator not in _SINGLE:
            return _HEAVIEST + 1
        variable += low != high
        tail = 0 if low != high else tail + low
    if variable > 2 or (variable == 2 and tail > 2):  # noqa: PLR2004 - see above
        return _HEAVIEST + 1
    return _QUADRATIC if variable > 1 else _LINEAR


def matcher(pattern: str) -> Callable[[str], object]:
    """A function that says whether a value matches the whole (checked) pattern."""
    return re.compile(pattern, re.ASCII).fullmatch if _flat(pattern) else _re2_compiled(pattern).fullmatch


def _is_text(value: str) -> bool:
    """Whether it is Unicode text: a lone surrogate is none, RE2 cannot take it, and it matches nothing."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Matches(dict[str, bool]):
    """value -> whether it matches a pattern, found out once for each value.

    Tag values repeat over an estate: a look-up takes 30 ns, `re` 100 ns and RE2's Python wrapper over 1,400 ns. `good`
    are the values that match: what compiled rules ask first.
    """

    __slots__ = ("_fullmatch", "good")
    _most = 10_000

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self.good: set[str] = set()
        self._fullmatch = matcher(pattern)

    def __missing__(self, value: str) -> bool:
        if len(value) > LONGEST:
            return False
        if len(self) >= self._most:
            self.clear()
            self.good.clear()
        result = _is_text(value) and self._fullmatch(value) is not None
        self[value] = result
        if result:
            self.good.add(value)
        return result
