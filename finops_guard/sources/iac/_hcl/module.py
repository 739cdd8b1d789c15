"""A module as it is called: its variables, locals, resources and outputs, each worked out once, when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl import files
from finops_guard.sources.iac._hcl.attributes import told
from finops_guard.sources.iac._hcl.constraints import constraint
from finops_guard.sources.iac._hcl.expansion import Instance, instances, spread
from finops_guard.sources.iac._hcl.scope import Scope
from finops_guard.sources.iac._hcl.types import convert
from finops_guard.sources.iac._hcl.values import Lazy, Typed, Val, WrongError

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.config import Config
    from finops_guard.sources.iac._hcl.syntax import Attribute, Block
    from finops_guard.sources.iac._hcl.workspace import Workspace

Key = tuple[str, ...]
_TYPES = dict.fromkeys(("id", "arn", "name", "self_link"), "string")
"""Attributes that have one type, whatever the resource."""


_LATER = {"data": "is read by the provider when it plans", "ephemeral": "is there only while Terraform runs"}


@dataclass(frozen=True, slots=True)
class Call:
    """A module block as one instance: where it is called, by which block, with which names."""

    caller: Module
    block: Block
    instance: Instance


@dataclass(frozen=True, slots=True, eq=False)
class Computed(Typed):
    """What only the provider knows of a resource; `owner` is that resource."""

    owner: Declared | None = None


class Module:
    """One instance of a module. `path` is its address without the root's, `call` None for the root itself."""

    def __init__(self, workspace: Workspace, config: Config, path: str, call: Call | None) -> None:
        self.workspace, self.config, self.path, self.call_ = workspace, config, path, call
        self.scope = Scope(self, {})
        self.doubt: str | None = None
        if call is not None:
            self.doubt = call.caller.doubt or call.instance.doubt
        self._known: dict[Key, Val] = {}
        self._instances: dict[tuple[str, str], list[Declared] | Unknown] = {}
        self._children: dict[str, list[Module] | Unknown] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the calls that lead here."""
        return () if self.call_ is None else (*self.call_.caller.names, self.call_.block.labels[0])

    def address(self, rest: str) -> str:
        """An address in this module."""
        return f"{self.path}.{rest}" if self.path else rest

    def call(self, name: str, values: list[Val]) -> Val:
        """What a function gives here; functions of files read below the folder that the workspace is confined to."""
        return files.call(name, values, self)

    def look(self, root: str, steps: tuple[str, ...]) -> tuple[Val, int]:
        """The value of a reference, and how many of its steps it took."""
        if not steps:
            if (root, "") in self.config.resources or root in {"each", "count", "self"}:
                return Unknown(f"{root} as a whole"), 0
            return Unknown(f"nothing is called {root}"), 0
        name = steps[0]
        if root == "var":
            return self._once(("var", name), lambda: self._variable(name)), 1
        if root == "local":
            return self._once(("local", name), lambda: self._local(name)), 1
        if root == "module":
            return self._once(("module", name), lambda: self._module(name)), 1
        if root in _LATER:
            what = ".".join((root, *steps[:2]))
            return Unknown(f"{what} {_LATER[root]}"), min(2, len(steps))
        if root in {"path", "terraform"}:
            return self._place(root, name), 1
        if root in {"each", "count", "self"}:
            return Unknown(f"{root}.{name} is known only in an instance"), 1
        return self._once((root, name), lambda: self._resource(root, name)), 1

    def _once(self, key: Key, work_out: Callable[[], Val]) -> Val:
        """A value that is worked out once; one that needs itself is unknown."""
        if key in self._known:
            return self._known[key]
        self._known[key] = Unknown(f"{'.'.join(key)} refers to itself")
        try:
            value = work_out()
        except BaseException:
            del self._known[key]
            raise
        self._known[key] = value
        return value

    def _variable(self, name: str) -> Val:
        block = self.config.variables.get(name)
        if block is None:
            return self._undeclared(f"variable {name}")
        attributes = block.body.attributes
        default = attributes.get("default")
        for mark in ("sensitive", "ephemeral"):
            if self._is(attributes.get(mark), value=True):
                return Unknown(f"variable {name} is {mark}, so never shown")
        value: Val = Unknown(f"variable {name} has no value")
        given = self._argument(name)
        if given is not None:
            value = given[0]
            if value is None and default is not None and self._is(attributes.get("nullable"), value=False):
                value = told(default, self.scope)
        elif default is not None:
            value = told(default, self.scope)
        of = attributes.get("type")
        type_ = None if of is None else constraint(of)
        if of is not None and type_ is None:
            return Unknown(f"the type of variable {name} is not one that we read")
        try:
            return value if type_ is None else convert(value, type_)
        except WrongError as wrong:
            return Unknown(f"variable {name}: {wrong}")

    def _argument(self, name: str) -> tuple[Val] | None:
        """What a variable is given, by the call or from outside; None where it is not."""
        if self.call_ is None:
            outside = self.workspace.outside
            if outside.mistakes and name not in outside.certain:
                return (Unknown(f"variable {name} may be set where it cannot be read: {outside.mistakes[0]}"),)
            return (outside.values[name],) if name in outside.values else None
        attribute = self.call_.block.body.attributes.get(name)
        if attribute is None:
            return None
        caller = self.call_.caller
        return (told(attribute, caller.scope.within(self.call_.instance.names)),)

    def _is(self, attribute: Attribute | None, *, value: bool) -> bool:
        return attribute is not None and told(attribute, self.scope) is value

    def _local(self, name: str) -> Val:
        attribute = self.config.locals.get(name)
        if attribute is None:
            return self._undeclared(f"local {name}")
        return told(attribute, self.scope)

    def _undeclared(self, what: str) -> Unknown:
        reason = self.config.incomplete
        return Unknown(f"{what} is not declared" + (f" in what could be read: {reason}" if reason else ""))

    def _module(self, name: str) -> Val:
        children = self.children(name)
        if isinstance(children, Unknown):
            return children
        block = self.config.calls[name]
        made = [(each.call_.instance, each.lazy()) for each in children if each.call_ is not None]
        return spread(block, made)

    def lazy(self) -> Lazy:
        """This module as a value: its outputs."""
        return Lazy(self._output, f"{self.path} as a whole")

    def _output(self, name: str) -> Val:
        block = self.config.outputs.get(name)
        value = None if block is None else block.body.attributes.get("value")
        if value is None:
            return self._undeclared(f"output {name} of {self.path}")
        return self._once(("output", name), lambda: told(value, self.scope))

    def children(self, name: str) -> list[Module] | Unknown:
        """The instances of a module that is called here; Unknown where its source is not there."""
        if name not in self._children:
            block = self.config.calls.get(name)
            self._children[name] = Unknown(f"module {name} refers to itself")
            self._children[name] = self._undeclared(f"module {name}") if block is None else self._called(name, block)
        return self._children[name]

    def _called(self, name: str, block: Block) -> list[Module] | Unknown:
        config = self.workspace.called(self, block)
        if isinstance(config, Unknown):
            return config
        found = instances(block, self.scope)
        return [
            Module(self.workspace, config, self.address(f"module.{name}{each.key}"), Call(self, block, each))
            for each in found
        ]

    def _resource(self, type_: str, name: str) -> Val:
        declared = self.declared(type_, name)
        if isinstance(declared, Unknown):
            return declared
        made = [(each.instance, each.lazy()) for each in declared]
        return spread(self.config.resources[type_, name], made)

    def declared(self, type_: str, name: str) -> list[Declared] | Unknown:
        """The instances of a resource; Unknown for one that is not declared."""
        key = (type_, name)
        if key not in self._instances:
            block = self.config.resources.get(key)
            if block is None:
                return self._undeclared(f"{type_}.{name}")
            self._instances[key] = Unknown(f"how many {type_}.{name} there are depends on themselves")
            self._instances[key] = [Declared(self, block, each) for each in instances(block, self.scope)]
        return self._instances[key]

    def _place(self, root: str, name: str) -> Val:
        if root == "path" and name == "module":
            return self.workspace.relative(self.config.folder)
        if root == "path" and name == "root":
            return "."
        if root == "terraform" and name == "workspace":
            return self.workspace.name
        return Unknown(f"{root}.{name} depends on where it runs")


class Declared:
    """One instance of a resource block."""

    __slots__ = ("_known", "block", "instance", "module", "scope")

    def __init__(self, module: Module, block: Block, instance: Instance) -> None:
        self.module, self.block, self.instance = module, block, instance
        self.scope = module.scope.within(instance.names) if instance.names else module.scope
        self._known: dict[str, Val] = {}

    @property
    def address(self) -> str:
        """As a plan writes it."""
        type_, name = self.block.labels
        return self.module.address(f"{type_}.{name}{self.instance.key}")

    @property
    def doubt(self) -> str | None:
        """Why it may not be there, or be there more than once."""
        return self.module.doubt or self.instance.doubt

    def get(self, name: str) -> Val:
        """An argument, or the nested blocks of a name; None where it has neither."""
        if name not in self._known:
            self._known[name] = Unknown(f"{self.address}.{name} refers to itself")
            from finops_guard.sources.iac._hcl.blocks import nested

            attribute = self.block.body.attributes.get(name)
            if attribute is not None:
                self._known[name] = told(attribute, self.scope)
            else:
                try:
                    self._known[name] = nested(self.block.body, name, self.scope)
                except RecursionError:
                    self._known[name] = Unknown(f"{name} nests too deeply")
        return self._known[name]

    def lazy(self) -> Lazy:
        """This resource as a value for others: what is not an argument, only the provider knows."""
        return Lazy(self._attribute, f"{self.address} as a whole")

    def _attribute(self, name: str) -> Val:
        value = self.get(name)
        if value is None:
            return Computed(f"{self.address}.{name} is known after apply", _TYPES.get(name, "any"), self)
        if name in {"tags", "labels"}:
            try:
                return convert(value, ("map", "string"))
            except WrongError as wrong:
                return Unknown(str(wrong))
        return value
