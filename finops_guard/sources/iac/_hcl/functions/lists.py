"""Functions of lists. Those in `PARTIAL` say what they can of what is known in part."""

from __future__ import annotations

from collections.abc import Callable

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.functions.arguments import a_list, hidden, in_sequence, of_one_type
from finops_guard.sources.iac._hcl.graphemes import characters
from finops_guard.sources.iac._hcl.operators import equal
from finops_guard.sources.iac._hcl.types import as_list, type_of
from finops_guard.sources.iac._hcl.unification import unify
from finops_guard.sources.iac._hcl.values import (
    List,
    OpenMap,
    Val,
    WrongError,
    boolean,
    number,
    text,
    typed,
    unknown_in,
)


def _concat(*values: Val) -> Val:
    for value in values:
        if (unknown := hidden(value)) is not None:
            return unknown
    items = [item for value in values for item in in_sequence(value)]
    if not all(isinstance(value, List) for value in values):
        return items
    of = unify([value.of for value in values])
    return Unknown("lists of different types") if of is None else as_list(items, ("list", of))


def _length(value: Val) -> Val:
    if (unknown := hidden(value)) is not None:
        return unknown
    if isinstance(value, OpenMap):
        return Unknown(value.reason)
    if isinstance(value, str):
        whole = characters(value)
        return Unknown("graphemes that we do not tell apart") if whole is None else len(whole)
    if not isinstance(value, (list, dict)):
        raise WrongError("it has no length")
    return len(value)


def _element(value: Val, index: Val) -> Val:
    if (unknown := hidden(value) or hidden(index)) is not None:
        return unknown
    items, at = in_sequence(value), number(index)
    if isinstance(at, Unknown):
        return at
    if not items or not isinstance(at, int) or at < 0:
        raise WrongError("there is no such element")
    return items[at % len(items)]


def _contains(value: Val, item: Val) -> Val:
    if (unknown := hidden(value) or unknown_in(item)) is not None:
        return unknown
    doubt: Unknown | None = None
    for each in a_list(value):
        same = equal(each, item)
        if same is True:
            return True
        doubt = same if isinstance(same, Unknown) else doubt
    return False if doubt is None else doubt


def _flatten(value: Val) -> Val:
    if (unknown := hidden(value)) is not None:
        return unknown
    out: list[Val] = []
    for item in a_list(value):
        if (unknown := hidden(item)) is not None:
            return unknown
        inner = _flatten(item) if isinstance(item, list) else [item]
        if isinstance(inner, Unknown):
            return inner
        out += inner
    return out


def _one(value: Val) -> Val:
    if (unknown := hidden(value)) is not None:
        return unknown
    if value is None or len(a_list(value)) > 1:
        raise WrongError("more than one")
    return value[0] if value else None


def _distinct(value: Val) -> Val:
    items = of_one_type(value)
    out: list[Val] = []
    for item in items:
        if not any(equal(item, known) is True for known in out):
            out.append(item)
    return List(out, items.of)


def _compact(value: Val) -> Val:
    return List([text(item) for item in a_list(value) if item is not None and item != ""], "string")


def _sort(value: Val) -> Val:
    return List(sorted(str(text(item)) for item in a_list(value)), "string")


def _slice(value: Val, start: Val, end: Val) -> Val:
    low, high = number(start), number(end)
    if not (isinstance(low, int) and isinstance(high, int) and 0 <= low <= high <= len(in_sequence(value))):
        raise WrongError("no such part of the list")
    return List(value[low:high], value.of) if isinstance(value, List) else value[low:high]


def _reverse(value: Val) -> Val:
    if (unknown := hidden(value)) is not None:
        return unknown
    items = list(reversed(a_list(value)))
    return List(items, value.of) if isinstance(value, List) else items


def _index(value: Val, item: Val) -> Val:
    for at, each in enumerate(in_sequence(value)):
        if equal(each, item) is True:
            return at
    raise WrongError("it is not in the list")


def _chunks(value: Val, size: Val) -> Val:
    """Lists of `size` elements; of size 0 there is one with all of them (measured: terraform 1.11)."""
    items, step = of_one_type(value), number(size)
    if not isinstance(step, int) or step < 0:
        raise WrongError("not a size")
    starts = range(0, len(items), step or len(items) or 1)
    return List([List(items[at : at + step] if step else items, items.of) for at in starts], ("list", items.of))


def _every(value: Val) -> Val:
    return all(item is not None and boolean(item) is True for item in a_list(value))


def _some(value: Val) -> Val:
    return any(item is not None and boolean(item) is True for item in a_list(value))


def _matchkeys(values: Val, keys: Val, wanted: Val) -> Val:
    """Those values whose key is among the wanted; keys and what is wanted are of one type."""
    items, names = of_one_type(values), a_list(keys)
    if len(items) != len(names):
        raise WrongError("as many values as keys are needed")
    of = unify([*map(type_of, names), *map(type_of, a_list(wanted))])
    if of is None:
        raise WrongError("no type in common")
    names, among = as_list(names, ("list", of)), as_list(wanted, ("list", of))
    kept = [item for item, key in zip(items, names, strict=True) if any(equal(key, each) is True for each in among)]
    return List(kept, items.of)


def _giving(of: object, make: Callable[..., Val]) -> Callable[..., Val]:
    """A function whose result has one type, whether it can be told or not."""

    def made(*values: Val) -> Val:
        found = make(*values)
        return typed(found, of) if isinstance(found, Unknown) else found

    return made


_KNOWN_IN_PART: dict[str, Callable[..., Val]] = {
    "concat": _concat,
    "contains": _giving("bool", _contains),
    "element": _element,
    "flatten": _flatten,
    "length": _giving("number", _length),
    "one": _one,
    "reverse": _reverse,
}
PARTIAL = frozenset(_KNOWN_IN_PART)
FUNCTIONS: dict[str, Callable[..., Val]] = {
    **_KNOWN_IN_PART,
    "alltrue": _every,
    "anytrue": _some,
    "chunklist": _chunks,
    "compact": _compact,
    "distinct": _distinct,
    "index": _index,
    "matchkeys": _matchkeys,
    "slice": _slice,
    "sort": _sort,
}
