"""ARM's functions that take lambdas (Microsoft Learn, "Lambda functions")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from finops_guard.model import Unknown
from finops_guard.sources.iac._arm.expressions import Call, Tree
from finops_guard.sources.iac._arm.operands import CannotTell, text_of
from finops_guard.sources.iac._arm.scope import Scope, Special, truth
from finops_guard.sources.iac._either import Open


@dataclass(frozen=True, slots=True)
class _Lambda:
    names: tuple[str, ...]
    body: Tree
    scope: Scope

    @staticmethod
    def of(tree: Call, scope: Scope) -> _Lambda:
        *names, body = tree.arguments
        return _Lambda(tuple(text_of(scope.value(each)) for each in names), body, scope)

    def __call__(self, *values: object) -> object:
        local = {**self.scope.local, **dict(zip(self.names, values, strict=False))}
        return replace(self.scope, local=local).value(self.body)


def _over(arguments: Sequence[Tree], scope: Scope) -> tuple[object, list[_Lambda]]:
    """What a function goes over and its lambdas."""
    over = scope.value(arguments[0]) if arguments else None
    if isinstance(over, Unknown):
        raise CannotTell(over.reason)
    if isinstance(over, Open):
        raise CannotTell(over.because)
    lambdas = [each for each in arguments[1:] if isinstance(each, Call) and each.name == "lambda" and each.arguments]
    if not lambdas:
        raise CannotTell("a function of lambdas without one")
    return over, [_Lambda.of(each, scope) for each in lambdas]


def _over_list(arguments: Sequence[Tree], scope: Scope) -> tuple[list[object], list[_Lambda]]:
    over, lambdas = _over(arguments, scope)
    if not isinstance(over, list):
        raise CannotTell("a function of lambdas over what it does not take")
    return over, lambdas


def _mapped(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over_list(arguments, scope)
    return [each(item, at) for at, item in enumerate(over)]


def _filtered(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over_list(arguments, scope)
    found = []
    for at, item in enumerate(over):
        wanted = truth(each(item, at))
        if isinstance(wanted, Unknown):
            return wanted
        if wanted:
            found.append(item)
    return found


def _reduced(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over_list(arguments, scope)
    found = scope.value(arguments[1])
    for at, item in enumerate(over):
        found = each(found, item, at)
    return found


def _to_object(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [key, *value] = _over_list(arguments, scope)
    found: dict[str, object] = {}
    because = None
    for item in over:
        name = key(item)
        if isinstance(name, Unknown):
            because = name.reason
        else:
            found[text_of(name)] = value[0](item) if value else item
    return found if because is None else Open(found, because)


def _grouped(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [key, *value] = _over_list(arguments, scope)
    found: dict[str, list[object]] = {}
    for item in over:
        name = key(item)
        if isinstance(name, Unknown):
            raise CannotTell(name.reason)
        found.setdefault(text_of(name), []).append(value[0](item) if value else item)
    return found


def _mapped_values(arguments: Sequence[Tree], scope: Scope) -> object:
    over, [each, *_] = _over(arguments, scope)
    if not isinstance(over, dict):
        raise CannotTell("a function of lambdas over what it does not take")
    return {str(key): each(value) for key, value in over.items()}


def _local(arguments: Sequence[Tree], scope: Scope) -> object:
    name = scope.value(arguments[0]) if arguments else None
    if isinstance(name, Unknown):
        return name
    return scope.local.get(str(name), Unknown(f"there is no lambda variable {name}"[:200]))


LAMBDAS: Mapping[str, Special] = {
    "filter": _filtered,
    "groupby": _grouped,
    "lambdavariables": _local,
    "map": _mapped,
    "mapvalues": _mapped_values,
    "reduce": _reduced,
    "toobject": _to_object,
}
