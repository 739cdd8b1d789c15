"""What the configuration in a plan says: which provider a resource uses, and which resource it refers to.

An expression is `{"constant_value": …}` or `{"references": […]}`: never what is done with the references.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from finops_guard.model import Unknown
from finops_guard.sources.iac._tags import NONE, Labels, of_map

_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]]*)\]")
_CALL = re.compile(r"module\.[^.\[]+(?:\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]]*)\])?")
_REGION = re.compile(r"[a-z]{2,12}(-[a-z]{2,12}){0,3}(\d{1,2}|-\d{1,2})?(-[a-z])?")
"""How regions and zones look: what a variable holds may be anything that is made into one."""
_NAMED = 3
_DEEP = 16  # modules within modules; a reference that goes in circles ends there

Expressions = Mapping[str, object]


def steps(address: str) -> tuple[str, ...]:
    """`module.a["x"].module.b` as its names without instance keys: `("a", "b")`."""
    parts = _INDEX.sub("", address).split(".")
    return tuple(parts[1::2]) if address else ()


def instances(address: str) -> tuple[str, ...]:
    """`module.a["x"].module.b` as its parts with their keys: `('module.a["x"]', "module.b")`."""
    return tuple(_CALL.findall(address))


def expressions(block: Mapping[str, object]) -> Expressions:
    """The expressions of a block's attributes."""
    return _map(block.get("expressions"))


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of a plan, by module path."""

    plan: Mapping[str, object]
    _modules: dict[tuple[str, ...], Mapping[str, object]] = field(default_factory=dict)
    _blocks: dict[tuple[str, ...], Mapping[tuple[str, str], Mapping[str, object]]] = field(default_factory=dict)
    _providers: dict[str, Mapping[str, object]] = field(default_factory=dict)

    def module(self, path: tuple[str, ...]) -> Mapping[str, object]:
        """A module's own configuration; empty where there is none."""
        if path not in self._modules:
            if not path:
                root = _map(self.plan.get("configuration")).get("root_module")
                self._modules[path] = _map(root)
            else:
                call = _map(_map(self.module(path[:-1]).get("module_calls")).get(path[-1]))
                self._modules[path] = _map(call.get("module"))
        return self._modules[path]

    def source(self, path: tuple[str, ...]) -> str | None:
        """Where a module comes from, as its call says."""
        call = _map(_map(self.module(path[:-1]).get("module_calls")).get(path[-1]))
        source = call.get("source")
        return source if isinstance(source, str) else None

    def block(self, path: tuple[str, ...], type_: str, name: str) -> Mapping[str, object]:
        """The block of a resource; empty where the plan has none."""
        if path not in self._blocks:
            listed = self.module(path).get("resources")
            blocks = (_map(each) for each in (listed if isinstance(listed, list) else ()))
            managed = (each for each in blocks if each.get("mode") != "data")
            self._blocks[path] = {(str(each.get("type")), str(each.get("name"))): each for each in managed}
        return self._blocks[path].get((type_, name), {})

    def provider(self, block: Mapping[str, object], path: tuple[str, ...]) -> Mapping[str, object]:
        """The expressions of the provider configuration that a block uses; empty where the plan has none.

        A key is `aws`, `aws.alias` or `module.a:aws`; a module without a configuration of its own has its parent's.
        """
        key = block.get("provider_config_key")
        if not isinstance(key, str):
            return {}
        at = "/".join((key, *path))
        if at not in self._providers:
            configs = _map(_map(self.plan.get("configuration")).get("provider_config"))
            local = key.rpartition(":")[2]
            prefixes = ["module." + ".module.".join(path[:n]) + ":" for n in range(len(path), 0, -1)]
            keys = (key, *(prefix + local for prefix in prefixes), local)
            found = next((_map(configs[each]) for each in keys if each in configs), {})
            self._providers[at] = _map(found.get("expressions"))
        return self._providers[at]

    def region(self, provider: Mapping[str, object]) -> object:
        """The region of a provider configuration, None where it does not say."""
        for name in ("region", "zone"):
            expression = _map(provider.get(name))
            if "constant_value" in expression:
                return expression["constant_value"]
            value = self._variable(expression)
            if isinstance(value, str) and _REGION.fullmatch(value):
                return value
            if expression.get("references"):
                return Unknown(f"the provider's {name} comes from {_first(expression)}, and the plan does not have it")
        return None

    def default_tags(self, provider: Mapping[str, object], block: str = "default_tags") -> Labels:
        """`default_tags { tags }` (or Google's `default_labels`) of a provider configuration."""
        raw = provider.get(block)
        if raw is None:
            return NONE
        if block == "default_tags":
            raw = _map(raw[0] if isinstance(raw, list) and raw else raw).get("tags")
            if raw is None:
                return NONE
        expression = _map(raw)
        if "constant_value" in expression:
            return of_map(expression["constant_value"])
        return Labels({}, f"the provider's {block} come from {_first(expression) or 'an expression'}")

    def referred(
        self, path: tuple[str, ...], expression: object, deep: int = 0
    ) -> tuple[tuple[str, ...], str, str] | None:
        """The resource that an expression refers to, as module path, type and name; through outputs and arguments."""
        references = _map(expression).get("references")
        if not isinstance(references, list) or deep > _DEEP:
            return None
        for reference in references:
            found = self._reference(path, _INDEX.sub("", str(reference)).split("."), deep)
            if found is not None:
                return found
        return None

    def _reference(self, path: tuple[str, ...], parts: list[str], deep: int) -> tuple[tuple[str, ...], str, str] | None:
        match parts:
            case ["module", called, output, *_]:
                outputs = _map(self.module((*path, called)).get("outputs"))
                return self.referred((*path, called), _map(outputs.get(output)).get("expression"), deep + 1)
            case ["var", name, *_] if path:
                call = _map(_map(self.module(path[:-1]).get("module_calls")).get(path[-1]))
                return self.referred(path[:-1], _map(call.get("expressions")).get(name), deep + 1)
            case [type_, name, *_] if self.block(path, type_, name):
                return path, type_, name
        return None

    def _variable(self, expression: Mapping[str, object]) -> object:
        references = expression.get("references")
        if isinstance(references, list) and len(references) == 1 and str(references[0]).startswith("var."):
            return _map(_map(self.plan.get("variables")).get(str(references[0])[4:])).get("value")
        return None


def below(block: Expressions, path: tuple[str | int, ...]) -> object:
    """The expression of an attribute in nested blocks."""
    found: object = block
    for step in path:
        if isinstance(found, list):
            index = step if isinstance(step, int) else 0
            found = found[index] if index < len(found) else None
            if isinstance(step, int):
                continue
        if isinstance(step, str):
            found = _map(found).get(step)
    return found


def cause(expression: object) -> str:
    """What a value that is not known comes from, as far as the plan says; empty where it does not."""
    references = _map(expression).get("references")
    told = [str(each) for each in references] if isinstance(references, list) else []
    whole = [
        each for each in told if not any(other != each and other.startswith((f"{each}.", f"{each}[")) for other in told)
    ]
    return ", ".join(whole[:_NAMED]) + (", …" if len(whole) > _NAMED else "")


def _first(expression: Mapping[str, object]) -> str:
    references = expression.get("references")
    return str(references[0]) if isinstance(references, list) and references else ""


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
