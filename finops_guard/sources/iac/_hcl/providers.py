"""Which provider configuration a resource uses, and what that writes on it.

By Terraform's own rules: a configuration belongs to a module and an alias; a call hands on what `providers` names, and
without it the caller's un-aliased one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.attributes import told
from finops_guard.sources.iac._hcl.blocks import has, nested
from finops_guard.sources.iac._hcl.config import literal
from finops_guard.sources.iac._hcl.values import OpenMap, Val

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.module import Module
    from finops_guard.sources.iac._hcl.syntax import Attribute, Block

_PART = re.compile(r"(>=|<=|!=|~>|>|<|=)?\s*v?(\d+(?:\.\d+)*)")
_ENTRY = re.compile(r"[\"']?([\w-]+(?:\.[\w-]+)?)[\"']?\s*[=:]\s*[\"']?([\w-]+(?:\.[\w-]+)?)")


@dataclass(frozen=True, slots=True)
class Provider:
    """A configuration: the block, and the module whose names it uses."""

    module: Module
    block: Block

    def get(self, name: str) -> Val:
        """An argument, or nested blocks; None where it has neither."""
        attribute = self.block.body.attributes.get(name)
        if attribute is not None:
            return told(attribute, self.module.scope)
        return nested(self.block.body, name, self.module.scope)

    def has(self, name: str) -> bool:
        """Whether it says anything of that."""
        return has(self.block.body, name)


def provider_of(module: Module, type_: str, named: Attribute | None) -> Provider | Unknown | None:
    """The configuration that a resource uses; None where there is no block of it, Unknown where it cannot be told."""
    local, _, alias = _written(named).partition(".") if named is not None else (type_.partition("_")[0], "", "")
    return resolve(module, local, alias or None)


def resolve(module: Module, local: str, alias: str | None) -> Provider | Unknown | None:
    """A configuration by the name that a module has for it."""
    here: Module | None = module
    while here is not None:
        own = here.config.providers.get((local, alias))
        if own is not None:
            return Provider(here, own)
        if here.config.incomplete is not None:
            return Unknown(f"a provider may be configured in a file that could not be read: {here.config.incomplete}")
        call = here.call_
        handed = {} if call is None else _handed(call.block)
        wanted = local if alias is None else f"{local}.{alias}"
        if wanted in handed:
            local, _, given = handed[wanted].partition(".")
            alias = given or None
        elif alias is not None:
            return Unknown(f"no configuration {wanted} is handed to {here.path or 'the root module'}")
        here = None if call is None else call.caller
    return None


def _handed(block: Block) -> dict[str, str]:
    """What a call's `providers` says: the name inside, and the caller's."""
    attribute = block.body.attributes.get("providers")
    if attribute is None:
        return {}
    if isinstance(attribute.node, dict):
        return {str(key): str(value).removeprefix("${").removesuffix("}") for key, value in attribute.node.items()}
    node, data = attribute.node
    found: dict[str, str] = {}
    stack = [node]
    while stack:
        each = stack.pop()
        if each.type == "object_elem":
            match = _ENTRY.match(data[each.start_byte : each.end_byte].decode())
            if match:
                found[match[1]] = match[2]
        else:
            stack.extend(each.children)
    return found


def _written(attribute: Attribute) -> str:
    return literal(attribute).strip().strip('"').removeprefix("${").removesuffix("}").strip()


def default_tags(provider: Provider | Unknown | None) -> Val:
    """`default_tags { tags }` of an AWS configuration as a map."""
    if provider is None or isinstance(provider, Unknown):
        return provider
    blocks = provider.get("default_tags")
    if not isinstance(blocks, list):
        return blocks
    first = blocks[0] if blocks else None
    return first.get("tags") if isinstance(first, (dict, OpenMap)) else first


def allows(module: Module, local: str, version: tuple[int, ...]) -> bool:
    """Whether the provider is of a version or above: the locked one, else the newest that all constraints allow."""
    locked = module.workspace.locked(f"hashicorp/{local}")
    if locked is not None:
        return locked >= _padded(version)
    here: Module | None = module
    while here is not None:
        required = here.config.versions.get(local)
        if required is not None:
            value = told(required, here.scope)
            said = value.get("version") if isinstance(value, dict) else value
            if isinstance(said, str) and not _allows(said, version):
                return False
        here = None if here.call_ is None else here.call_.caller
    return True


def _allows(constraint: str, version: tuple[int, ...]) -> bool:
    """Whether the upper ends of a constraint leave room for a version or one above it."""
    for operator, digits in _PART.findall(constraint):
        parts = tuple(map(int, digits.split(".")))
        if operator in {"", "="} and _padded(parts) < _padded(version):
            return False
        if operator == "<" and _padded(parts) <= _padded(version):
            return False
        if operator == "<=" and _padded(parts) < _padded(version):
            return False
        if operator == "~>":
            above = (*parts[:-2], parts[-2] + 1) if len(parts) > 1 else (10**6,)
            if _padded(above) <= _padded(version):
                return False
    return True


def _padded(parts: tuple[int, ...]) -> tuple[int, ...]:
    return (*parts, 0, 0, 0)[:3]
