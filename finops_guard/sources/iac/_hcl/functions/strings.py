"""Functions of strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.functions.formatting import format_, formatlist
from finops_guard.sources.iac._hcl.graphemes import characters
from finops_guard.sources.iac._hcl.values import List, Val, WrongError, number, text

_NOT_OURS = Unknown("graphemes that we do not tell apart")
_SPACE = " \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_SPACE += "\u2028\u2029\u202f\u205f\u3000"
_KEPT = frozenset("ßŉǰﬀﬁﬂﬃﬄﬅﬆ")
"""Letters without an upper case of one character, as far as people write them."""
_REFERENCE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))?", re.ASCII)
_LONGEST = 1_000_000
"""Characters of an indentation; beyond it a document costs more than it says."""


def _s(value: Val) -> str:
    said = text(value)
    if isinstance(said, Unknown):
        raise TypeError
    return said


def _n(value: Val) -> int:
    found = number(value)
    if not isinstance(found, int):
        raise WrongError("not a whole number")
    return found


def _list(value: Val) -> list[Val]:
    if not isinstance(value, list):
        raise WrongError("not a list")
    return value


def _upper(value: Val) -> Val:
    return _cased(_s(value), str.upper)


def _lower(value: Val) -> Val:
    return _cased(_s(value).replace("İ", "i"), str.lower)


def _cased(said: str, case: Callable[[str], str]) -> Val:
    """Each character in another case, as one character."""
    if said.isascii():
        return case(said)
    made = [case(char) if char not in _KEPT else char for char in said]
    return "".join(made) if all(len(each) == 1 for each in made) else Unknown("letters of which the case is several")


def _title(value: Val) -> Val:
    """The first letter of each word; a word ends at white space and at ASCII that is no letter, digit or `_`."""
    out, begins = [], True
    for char in _s(value):
        out.append(char.title() if begins and len(char.title()) == 1 else char)
        begins = not (char == "_" or char.isalnum()) if char.isascii() else char in _SPACE
    return "".join(out)


def _join(separator: Val, *lists: Val) -> str:
    return _s(separator).join(_s(item) for items in lists for item in _list(items))


def _split(separator: Val, value: Val) -> List:
    by, said = _s(separator), _s(value)
    if not said:
        return List([""] if by else [], "string")
    if by:
        return List(said.split(by), "string")
    return List(list(said), "string")


def _replace(value: Val, old: Val, new: Val) -> Val:
    said, what, by = _s(value), _s(old), _s(new)
    if len(what) > 1 and what.startswith("/") and what.endswith("/"):
        return _replaced(_pattern(what[1:-1]), said, by)
    return said.replace(what, by)


def _replaced(pattern: re.Pattern[str], said: str, by: str) -> str:
    """As Go replaces: `$name` is the longest name."""
    out: list[str] = []
    at = 0
    for found in _matches(pattern, said):
        out += [said[at : found.start()], _REFERENCE.sub(lambda part, found=found: _group(part, found), by)]  # type: ignore[misc] # of this match
        at = found.end()
    return "".join([*out, said[at:]])


def _matches(pattern: re.Pattern[str], said: str) -> Iterator[re.Match[str]]:
    """As Go finds them: an empty match right behind another match is none."""
    end = -1
    for found in pattern.finditer(said):
        if found.start() == found.end() == end:
            continue
        end = found.end()
        yield found


def _group(part: re.Match[str], found: re.Match[str]) -> str:
    """What a reference in a replacement stands for: a group, or nothing where there is none of that name."""
    if part[0] in {"$", "$$"}:
        return "$"
    name = str(part[1] or part[2])
    try:
        return found.group(int(name) if name.isdecimal() else name) or ""
    except (IndexError, KeyError):
        return ""


def _pattern(pattern: str) -> re.Pattern[str]:
    import re2  # the same engine as Terraform's, linear in the text

    try:
        compiled: re.Pattern[str] = re2.compile(pattern)
    except re2.error:
        raise WrongError("not a regular expression") from None
    return compiled


def _regex(pattern: Val, value: Val) -> Val:
    compiled = _pattern(_s(pattern))
    found = compiled.search(_s(value))
    if found is None:
        raise WrongError("the regular expression does not match")
    return _groups(compiled, found)


def _groups(compiled: re.Pattern[str], found: re.Match[str]) -> Val:
    if compiled.groupindex:
        return dict(sorted(found.groupdict().items()))
    return list(found.groups()) if compiled.groups else found[0]


def _regexall(pattern: Val, value: Val) -> Val:
    compiled = _pattern(_s(pattern))
    return List([_groups(compiled, found) for found in _matches(compiled, _s(value))])


def _substr(value: Val, offset: Val, length: Val) -> Val:
    """A part of a text; from its end, a length of nothing is all the rest (measured: terraform 1.11)."""
    said, start, count = characters(_s(value)), _n(offset), _n(length)
    if said is None:
        return _NOT_OURS
    if start < 0:
        start, count = max(0, len(said) + start), count or -1
    return "".join(said[start:] if count < 0 else said[start : start + count])


def _strrev(value: Val) -> Val:
    said = characters(_s(value))
    return _NOT_OURS if said is None else "".join(reversed(said))


def _indent(width: Val, value: Val) -> str:
    return _s(value).replace("\n", "\n" + " " * min(_n(width), _LONGEST))


FUNCTIONS = {
    "chomp": lambda value: _s(value).rstrip("\r\n"),
    "endswith": lambda value, end: _s(value).endswith(_s(end)),
    "format": format_,
    "formatlist": formatlist,
    "indent": _indent,
    "join": _join,
    "lower": _lower,
    "regex": _regex,
    "regexall": _regexall,
    "replace": _replace,
    "split": _split,
    "startswith": lambda value, start: _s(value).startswith(_s(start)),
    "strcontains": lambda value, part: _s(part) in _s(value),
    "strrev": _strrev,
    "substr": _substr,
    "title": _title,
    "trim": lambda value, chars: _s(value).strip(_s(chars)) if chars else _s(value),
    "trimprefix": lambda value, start: _s(value).removeprefix(_s(start)),
    "trimspace": lambda value: _s(value).strip(_SPACE),
    "trimsuffix": lambda value, end: _s(value).removesuffix(_s(end)),
    "upper": _upper,
}
