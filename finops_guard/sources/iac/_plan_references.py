"""Which resource of a plan another one refers to: launch templates, configurations of endpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from finops_guard.model import Unknown
from finops_guard.sources.iac import _plan_config
from finops_guard.sources.iac._plan_config import Config, below, cause, expressions
from finops_guard.sources.iac._plan_values import Values
from finops_guard.sources.iac._types import IacType, Path

Change = Mapping[str, object]
steps = lru_cache(maxsize=10_000)(_plan_config.steps)


class References:
    """The changes of a plan by block and by instance."""

    def __init__(self, config: Config, changes: object) -> None:
        self._config = config
        self._blocks: dict[tuple[tuple[str, ...], str, str], dict[tuple[str, object], Change]] = defaultdict(dict)
        for change in changes if isinstance(changes, list) else ():
            if isinstance(change, dict) and not change.get("deposed"):
                module, index = str(change.get("module_address") or ""), change.get("index")
                instance = (module, index if isinstance(index, str | int) else None)
                self._blocks[steps(module), str(change.get("type")), str(change.get("name"))][instance] = change

    def referred(self, raw: Change, row: IacType, side: Values, block: Mapping[str, object]) -> Values | Unknown | None:
        """What a resource's `via` leads to; Unknown where it leads out of the plan, None where it refers to nothing."""
        for path in row.via:
            found = self.change(raw, path, side, block)
            if found is not None:
                return found if isinstance(found, Unknown) else after(found)
        return None

    def change(self, raw: Change, path: Path, side: Values, block: Mapping[str, object]) -> Change | Unknown | None:
        """The change of what an attribute refers to, in the same way."""
        expression = below(expressions(block), path)
        if side.look(path) is None and expression is None:
            return None
        module = str(raw.get("module_address") or "")
        target = self._config.referred(steps(module), expression)
        if target is None:
            what = cause(expression)
            return Unknown(f"its {path[0]} is not in the plan" + (f" ({what})" if what else ""))
        return self._instance(module, raw.get("index"), target)

    def _instance(self, module: str, index: object, target: tuple[tuple[str, ...], str, str]) -> Change | Unknown:
        """The one instance of a block; of several, that of the same module and key."""
        path, type_, name = target
        instances = self._blocks.get(target, {})
        if len(instances) == 1:
            return next(iter(instances.values()))
        at = _address(module, path)
        key = index if isinstance(index, str | int) else None
        found = instances.get((at, key)) or instances.get((at, None))
        return found or Unknown(f"which {type_}.{name} it refers to, the plan does not say")


def after(raw: Change) -> Values:
    """What a change leaves."""
    change = raw.get("change")
    told = change if isinstance(change, dict) else {}
    return Values(told.get("after"), told.get("after_unknown"), told.get("after_sensitive"))


def _address(module: str, path: tuple[str, ...]) -> str:
    """The address of the module instance at a path, seen from another: the same instances as far as they go."""
    own = steps(module)
    shared = 0
    while shared < min(len(own), len(path)) and own[shared] == path[shared]:
        shared += 1
    instances = _plan_config.instances(module)[:shared]
    return ".".join((*instances, *(f"module.{name}" for name in path[shared:])))
