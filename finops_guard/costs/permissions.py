"""What whoever reads costs and counts over an API needs; each module says it of itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from finops_guard.costs import counts, live, prices_now


def of(source: str) -> tuple[str, ...]:
    """What a billing API of the policy (its `from`) needs; empty for files."""
    name = f"{live.__name__}.{source.replace('-', '_')}"
    return _needed(name) if name in _modules(live) else ()


def on_aws() -> list[str]:
    """The IAM actions of all of them, sorted."""
    everything = {action for name in (*_modules(live), *_modules(counts)) for action in _needed(name)}
    return sorted(action for action in {*everything, *prices_now.PERMISSIONS} if ":" in action)


def _modules(package: ModuleType) -> Iterator[str]:
    names = (each.name for each in pkgutil.iter_modules(package.__path__))
    return (f"{package.__name__}.{name}" for name in names if not name.startswith("_"))


def _needed(module: str) -> tuple[str, ...]:
    return tuple(getattr(importlib.import_module(module), "PERMISSIONS", ()))
