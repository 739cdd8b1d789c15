"""What can be said of a condition before any resource is seen: its size, what it reads, what a kind decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from finops_guard.errors import InputError
from finops_guard.fields import FIELDS
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Ref

MAX_NODES = 10_000
MAX_DEPTH = 60


def bounded(*conditions: Condition, of: str) -> None:
    """InputError for conditions that are too many or nested too deep to compile; `of` says whose they are."""
    left: list[tuple[Condition, int]] = [(condition, 1) for condition in conditions]
    nodes = 0
    while left:
        condition, depth = left.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            raise InputError(f"{of} nests conditions deeper than {MAX_DEPTH} levels")
        if nodes > MAX_NODES:
            raise InputError(f"{of} has over {MAX_NODES:,} conditions")
        match condition:
            case All(items) | AnyOf(items):
                left += [(item, depth + 1) for item in items]
            case Not(item):
                left.append((item, depth + 1))


def reads(condition: Condition) -> Iterator[Ref]:
    """What a condition looks at, once for each look."""
    match condition:
        case All(items) | AnyOf(items):
            for item in items:
                yield from reads(item)
        case Not(item):
            yield from reads(item)
        case Compare():
            yield condition.ref
            if isinstance(condition.value, Ref):
                yield condition.value


def absent(ref: object, kind: str) -> bool:
    """Whether things of this kind never have it: a field of other kinds."""
    if not kind or not isinstance(ref, Ref) or ref.space != "field":
        return False
    kinds = FIELDS[ref.name].kinds
    return kinds is not None and kind not in kinds


def fold(condition: Condition, kind: str) -> Condition | bool:
    """The condition as far as the kind (empty: unknown) decides it: tests on it, and on fields that it never has."""
    match condition:
        case Compare():
            return _fold_test(condition, kind) if kind else condition
        case Not(item):
            inner = fold(item, kind)
            return (not inner) if isinstance(inner, bool) else Not(inner)
        case All(items):
            return _fold_items(items, kind, all_of=True)
        case AnyOf(items):
            return _fold_items(items, kind, all_of=False)


def _fold_test(test: Compare, kind: str) -> Condition | bool:
    if absent(test.ref, kind):
        return test.op == "exists" and test.value is False
    if test.op == "same_as" and absent(test.value, kind) and test.ref.space == "field" and test.ref.name == "kind":
        return False
    if test.ref != Ref("field", "kind"):
        return test
    match test.op, test.value:
        case "eq", wanted:
            return kind == wanted
        case "in", tuple(among):
            return not among or kind in among
        case "not_in", tuple(among):
            return kind not in among
        case "exists", wanted:
            return bool(wanted)
    return test


def _fold_items(items: Sequence[Condition], kind: str, *, all_of: bool) -> Condition | bool:
    kept: list[Condition] = []
    for item in items:
        inner = fold(item, kind)
        if isinstance(inner, bool):
            if inner != all_of:
                return inner
        else:
            kept.append(inner)
    if not kept:
        return all_of
    if len(kept) == 1:
        return kept[0]
    return All(tuple(kept)) if all_of else AnyOf(tuple(kept))
