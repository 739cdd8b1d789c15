"""Functions that make one type of another, choose among values, or mark them."""

from __future__ import annotations

from collections.abc import Callable

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.functions.arguments import a_map, hidden
from finops_guard.sources.iac._hcl.types import as_list, as_map, as_set, convert, type_of
from finops_guard.sources.iac._hcl.unification import unify
from finops_guard.sources.iac._hcl.values import Sensitive, Typed, Val, WrongError, boolean, number, text, typed


def _converting(make: Callable[[Val], Val], of: object = "any") -> Callable[[Val], Val]:
    def converted(value: Val) -> Val:
        unknown = hidden(value)
        if unknown is not None:
            return typed(unknown, of)
        return None if value is None else make(value)

    return converted


def _coalesce(*values: Val) -> Val:
    """The first that is neither null nor empty, as the one type of all; unknown from the first unknown on."""
    for value in values:
        if (unknown := hidden(value)) is not None:
            return unknown
        if value is not None and value != "":
            of = unify([type_of(each) for each in values])
            if of is None:
                raise WrongError("no type in common")
            return convert(value, of)
    raise WrongError("all of it is empty")


def _coalescelist(*values: Val) -> Val:
    for value in values:
        if (unknown := hidden(value)) is not None:
            return unknown
        if value:
            return value
    raise WrongError("all of it is empty")


def _sensitive(value: Val) -> Val:
    return value if isinstance(value, Unknown) else Sensitive("it is sensitive, so never shown", type_of(value), value)


def _nonsensitive(value: Val) -> Val:
    return value.value if isinstance(value, Sensitive) else value


def _is_sensitive(value: Val) -> Val:
    """A value that we know is never a secret; of what cannot be told, neither can this."""
    return Typed(value.reason, "bool") if isinstance(value, Unknown) else False


_KNOWN_IN_PART: dict[str, Callable[..., Val]] = {
    "coalesce": _coalesce,
    "coalescelist": _coalescelist,
    "issensitive": _is_sensitive,
    "nonsensitive": _nonsensitive,
    "sensitive": _sensitive,
    "tobool": _converting(boolean, "bool"),
    "tolist": _converting(lambda value: as_list(value, ("list", "any"))),
    "tomap": _converting(lambda value: as_map(a_map(value))),
    "tonumber": _converting(number, "number"),
    "toset": _converting(as_set),
    "tostring": _converting(text, "string"),
}
PARTIAL = frozenset(_KNOWN_IN_PART)
FUNCTIONS = _KNOWN_IN_PART
