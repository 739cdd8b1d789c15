"""Functions of strings. What depends on graphemes is unknown for text that is not ASCII."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.functions.encoding import json_text
from finops_guard.sources.iac._hcl.values import List, Val, WrongError, boolean, number, text

_NOT_ASCII = Unknown("graphemes of text that is not ASCII")
_VERB = re.compile(r"%(?:\[(\d+)\])?([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
_INITIAL = re.compile(r"(?<![A-Za-z0-9_])[a-z]")
_SPACE = " \t\n\r\v\f\u0085\u00a0"
_LONGEST = 1_000_000
"""Characters of a padded or repeated string; beyond it a document costs more than it says."""


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


def _upper(value: Val) -> str:
    return "".join(char.upper() if len(char.upper()) == 1 else char for char in _s(value))


def _lower(value: Val) -> str:
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in _s(value))


def _title(value: Val) -> Val:
    said = _s(value)
    return _INITIAL.sub(lambda found: found[0].upper(), said) if said.isascii() else _NOT_ASCII


def _join(separator: Val, *lists: Val) -> str:
    return _s(separator).join(_s(item) for items in lists for item in _list(items))


def _split(separator: Val, value: Val) -> List:
    by, said = _s(separator), _s(value)
    if not said:
        return List([""] if by else [], "string")
    return List(said.split(by) if by else list(said), "string")


def _replace(value: Val, old: Val, new: Val) -> Val:
    said, what, by = _s(value), _s(old), _s(new)
    if len(what) > 1 and what.startswith("/") and what.endswith("/"):
        if "$" in by or "\\" in by:
            return Unknown("a replacement that refers to groups")
        return _pattern(what[1:-1]).sub(by, said)
    return said.replace(what, by)


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
    return List([_groups(compiled, found) for found in compiled.finditer(_s(value))])


def _substr(value: Val, offset: Val, length: Val) -> Val:
    said, start, count = _s(value), _n(offset), _n(length)
    if not said.isascii():
        return _NOT_ASCII
    if start < 0 and count == 0:
        return Unknown("a part of no length from the end")
    start = max(0, len(said) + start) if start < 0 else start
    return said[start:] if count < 0 else said[start : start + count]


def _strrev(value: Val) -> Val:
    said = _s(value)
    return said[::-1] if said.isascii() else _NOT_ASCII


def _indent(width: Val, value: Val) -> str:
    return _s(value).replace("\n", "\n" + " " * min(_n(width), _LONGEST))


def _format(pattern: Val, *values: Val) -> Val:
    """As Go formats, for the verbs that are used: s d v q t f x; another one is unknown."""
    shape, out, at, used = _s(pattern), [], 0, 0
    if None in values:
        return Unknown("a format of null")
    for found in _VERB.finditer(shape):
        between = shape[at : found.start()]
        if "%" in between:
            return Unknown("a format that we do not read")
        out.append(between)
        at = found.end()
        if found[5] == "%":
            out.append("%")
            continue
        used = int(found[1]) if found[1] else used + 1
        if used > len(values):
            raise WrongError("too few values for the format")
        said = _formatted(found, values[used - 1])
        if isinstance(said, Unknown):
            return said
        out.append(said)
    if "%" in shape[at:]:
        return Unknown("a format that we do not read")
    return "".join([*out, shape[at:]])


def _formatted(found: re.Match[str], value: Val) -> str | Unknown:
    flags, width, places, verb = found[2], int(found[3] or 0), found[4], found[5]
    if set(flags) - {"-", "0"} or width > _LONGEST or (places is not None and verb != "f"):
        return Unknown("a format that we do not read")
    said: str
    if verb == "s":
        if value is None:
            return Unknown("a format that we do not read")
        said = json_text(value) if isinstance(value, (list, dict)) else _s(value)
    elif verb == "v":
        said = value if isinstance(value, str) else json_text(value)
    elif verb == "q":
        said = json_text(value if isinstance(value, (list, dict)) else _s(value))
        if not said.isascii() or "\\" in said.replace('\\"', ""):
            return Unknown("a format that we do not read")
    elif verb == "t":
        said = _s(boolean(value))
    elif verb in {"d", "x", "X"}:
        plain = number(value)
        if not isinstance(plain, int):
            return Unknown("a format that we do not read")
        said = format(plain, verb)
    elif verb == "f":
        exact = Decimal(number(value))  # type: ignore[arg-type] # known: unknown arguments never come here
        said = str(exact.quantize(Decimal(1).scaleb(-int(places or 6)), ROUND_HALF_EVEN))
    else:
        return Unknown("a format that we do not read")
    return _padded(said, flags, width)


def _padded(said: str, flags: str, width: int) -> str | Unknown:
    if width and not said.isascii():
        return _NOT_ASCII
    if "-" in flags:
        return said.ljust(width)
    return said.zfill(width) if "0" in flags else said.rjust(width)


def _formatlist(pattern: Val, *values: Val) -> Val:
    lengths = {len(value) for value in values if isinstance(value, list)}
    if len(lengths) > 1:
        raise WrongError("lists of different lengths")
    count = lengths.pop() if lengths else 1
    rows = [[value[index] if isinstance(value, list) else value for value in values] for index in range(count)]
    made = [_format(pattern, *row) for row in rows]
    return next((said for said in made if isinstance(said, Unknown)), List(made, "string"))


FUNCTIONS = {
    "chomp": lambda value: _s(value).rstrip("\r\n"),
    "endswith": lambda value, end: _s(value).endswith(_s(end)),
    "format": _format,
    "formatlist": _formatlist,
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
