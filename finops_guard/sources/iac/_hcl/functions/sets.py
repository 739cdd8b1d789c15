"""Functions of sets, and products of lists."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.functions.arguments import a_list, of_one_type
from finops_guard.sources.iac._hcl.types import as_set, type_of
from finops_guard.sources.iac._hcl.unification import unify
from finops_guard.sources.iac._hcl.values import LARGEST, List, Set, Val, WrongError


def _setproduct(*values: Val) -> Val:
    if any(isinstance(value, Set) for value in values):
        return Unknown("the order of a product of sets")
    if len(values) <= 1:
        raise WrongError("at least two sets are needed")
    lists = [of_one_type(value) for value in values]
    if prod(map(len, lists)) > LARGEST:
        return Unknown("it grows beyond what we evaluate")
    return List([list(row) for row in product(*lists)], ("tuple", tuple(each.of for each in lists)))


def _combined(keep: Callable[[Val, list[Set]], bool], *, every: bool) -> Callable[..., Val]:
    """A set of those elements of the first set (or of every set) that are to be kept; all sets as of one type."""

    def made(*values: Val) -> Val:
        types = [type_of(item) for value in values for item in a_list(value)]
        types += [value.of for value in values if isinstance(value, List)]
        of = unify(types)
        if of is None:
            raise WrongError("no type in common")
        sets = [as_set(value, of) for value in values]
        if (unknown := next((each for each in sets if isinstance(each, Unknown)), None)) is not None:
            return unknown
        taken = [item for each in (sets if every else sets[:1]) for item in each]
        return as_set([item for item in taken if keep(item, sets)], of)

    return made


FUNCTIONS: dict[str, Callable[..., Val]] = {
    "setintersection": _combined(lambda item, sets: all(item in each for each in sets), every=False),
    "setproduct": _setproduct,
    "setsubtract": _combined(lambda item, sets: not any(item in each for each in sets[1:]), every=False),
    "setunion": _combined(lambda _item, _sets: True, every=True),
}
