"""Which format a file's columns are. The folder of formats is the list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from types import ModuleType

from finops_guard.costs import formats
from finops_guard.costs.formats._plan import Plan, RefusedError

_SHOWN = 6
_LONGEST = 60


def recognised(names: Sequence[str]) -> tuple[str, ModuleType]:
    """The format's name and module; RefusedError where no format has such columns."""
    for module in _modules():
        name = module.detect(names)
        if name is not None:
            return name, module
    shown = ", ".join(short(name) for name in names[:_SHOWN])
    raise RefusedError(f"is no cost data we know, by its columns ({shown}{', …' if len(names) > _SHOWN else ''})")


def planned(module: ModuleType, names: Sequence[str], currency: str | None) -> Plan:
    """How the columns become ours; RefusedError where one is missing that no row can do without."""
    plan: Plan = module.plan(names)
    if "currency" not in plan.cells and currency is None:
        raise RefusedError(
            "has no BillingCurrency: give one, --default-currency of costs or `currency` beside its path in a policy"
        )
    return plan


def short(text: str | None) -> str:
    """A stranger's text in a message: one line, not long."""
    said = repr(text or "")
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…'"


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(each.name for each in pkgutil.iter_modules(formats.__path__) if not each.name.startswith("_"))
    return tuple(importlib.import_module(f"{formats.__name__}.{name}") for name in names)
