"""Regular expressions that run in linear time: tag values are written by strangers.

Patterns are anchored and accepted only where Python's `re` (ASCII) and RE2 mean the same. A flat pattern with at most two
variable repeats runs on `re` (at most quadratic in 256 characters); everything else runs on RE2. A value of over 256
characters (the longest tag value of AWS and Azure) matches nothing.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from re import _constants as sre
from re import _parser as sre_parse
from typing import Any

LONGEST = 256
_MAX_REPEAT = 1000
_MAX_PATTERN = 1000
_SINGLE = (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)
_REFUSED = {
    sre.ASSERT: "look-around",
    sre.ASSERT_NOT: "look-around",
    sre.GROUPREF: "a backreference",
    sre.GROUPREF_EXISTS: "a conditional group",
    sre.ATOMIC_GROUP: "an atomic group",
    sre.POSSESSIVE_REPEAT: "a possessive repeat",
}
_TEXTUAL = (
    (r"(?#", "a comment (?#…)"),
    (r"[[:", "a POSIX class [[:…:]]"),
    ("{,", "{,n}; write {0,n}"),
)


class PatternError(ValueError):
    """A pattern we refuse; `offset` is where in the pattern, from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def check(pattern: str) -> None:
    """Raise PatternError unless the pattern is in the language both engines share."""
    if len(pattern) > _MAX_PATTERN:
        raise PatternError(f"a pattern of over {_MAX_PATTERN} characters")
    plain = re.sub(r"\\.", "\\\\\\\\", pattern, flags=re.DOTALL)
    for text, name in _TEXTUAL:
        if text in plain:
            raise PatternError(f"{name} is not supported", plain.index(text))
    if found := re.search(r"(?<!\\)(?:\\\\)*\\([0-9sSZ])", pattern):
        better = r"write [ \t]" if found[1] in "sS" else "remove it"
        raise PatternError(rf"\{found[1]} is not supported; {better}", found.end() - 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            parsed = sre_parse.parse(pattern, re.ASCII)
        except re.error as error:
            raise PatternError(error.msg, error.pos or 0) from None
        except (Warning, OverflowError, RecursionError) as error:
            raise PatternError(str(error).split(" at position")[0].lower()) from None
    if parsed.state.flags & ~re.ASCII:
        raise PatternError("inline flags are not supported")
    _walk(parsed)
    _re2_compiled(pattern)


def _walk(items: Iterable[Any]) -> None:
    for operator, argument in items:
        if operator in _REFUSED:
            raise PatternError(f"{_REFUSED[operator]} is not supported")
        if operator in _REPEATS:
            low, high, body = argument
            if low > _MAX_REPEAT or (high is not sre.MAXREPEAT and high > _MAX_REPEAT):
                raise PatternError(f"a repeat above {_MAX_REPEAT} is not supported")
            _walk(body)
        elif operator is sre.BRANCH:
            for branch in argument[1]:
                _walk(branch)
        elif operator is sre.SUBPATTERN:
            _group, add, remove, body = argument
            if add or remove:
                raise PatternError("inline flags are not supported")
            _walk(body)


@cache
def _re2_compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise PatternError(str(error.args[0] if error.args else error).strip("b'\"")) from None


def _flat(pattern: str) -> bool:
    """Whether `re` runs it in at most quadratic time: one sequence (or one top-level choice of such) of single characters."""
    items = list(sre_parse.parse(pattern, re.ASCII))
    if len(items) == 1 and items[0][0] is sre.SUBPATTERN:
        items = list(items[0][1][3])
    branches = items[0][1][1] if len(items) == 1 and items[0][0] is sre.BRANCH else [items]
    return all(_flat_sequence(branch) for branch in branches)


def _flat_sequence(items: Iterable[Any]) -> bool:
    variable = 0
    for operator, argument in items:
        if operator in _REPEATS:
            low, high, body = argument
            if len(body) != 1 or body[0][0] not in _SINGLE:
                return False
            variable += low != high
        elif operator not in _SINGLE:
            return False
    return variable <= 2  # noqa: PLR2004 - more would be cubic


def matcher(pattern: str) -> Callable[[str], object]:
    """A function that says whether a value matches the whole (checked) pattern."""
    return re.compile(pattern, re.ASCII).fullmatch if _flat(pattern) else _re2_compiled(pattern).fullmatch  # type: ignore[no-any-return] # re2 has no types


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
        try:
            result = self._fullmatch(value) is not None
        except UnicodeEncodeError:  # a lone surrogate, which no pattern we accept can name
            result = False
        self[value] = result
        if result:
            self.good.add(value)
        return result
