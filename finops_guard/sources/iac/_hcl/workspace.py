"""A root module and what it may read: folders of modules, variable files; nothing outside its repository."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac._given import NOTHING, Given, Taken
from finops_guard.sources.iac._hcl import outside
from finops_guard.sources.iac._hcl.attributes import told
from finops_guard.sources.iac._hcl.config import Config, load, sources_in
from finops_guard.sources.iac._hcl.links import repository
from finops_guard.sources.iac._hcl.module import Module
from finops_guard.sources.iac._hcl.outside import Outside
from finops_guard.sources.iac._hcl.values import Val

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.syntax import Block, Mistake

_DEEPEST = 64
_LOCKED = re.compile(r'provider "[^"/]+/([^"]+)" \{\s+version\s*=\s*"(\d+)\.(\d+)\.(\d+)')
_LOCAL = ("./", "../")


class Workspace:
    """A root folder. `mistakes` are the files that could not be read, `opaque` the modules that are not on disk.

    `unused`: what files that were given have for variables that the root does not have.
    """

    def __init__(
        self, root: Path, environ: Mapping[str, str], given: Given = NOTHING, taken: Taken | None = None
    ) -> None:
        self.root = root
        self.mistakes: list[Mistake] = []
        self.opaque: dict[str, str] = {}
        self._bounds = repository(root)
        self._configs: dict[Path, Config] = {}
        self._environ, self._given, self._taken = environ, given, taken or Taken()
        self._fetched: Mapping[str, str] | None = None
        self._locked: dict[str, tuple[int, int, int]] | None = None
        self.outside = Outside()
        self.unused: list[tuple[Path, str]] = []

    def module(self) -> Module:
        """The root module, its variables given as Terraform would find them. InputError for what is given wrongly."""
        config = self._config(self.root)
        self.outside = outside.found(self.root, self.shown(self.root), config.variables, self._environ)
        self.mistakes += self.outside.mistakes
        self.unused = list(outside.give(self.outside, self._given, self._taken, config.variables))
        return Module(self, config, "", None)

    def has_read(self, folder: Path) -> bool:
        """Whether a folder is the root or one of the modules that were called so far."""
        return folder.resolve() in self._configs

    @property
    def name(self) -> Val:
        """The name of the Terraform workspace; unknown where nobody initialised it here."""
        if chosen := self._environ.get("TF_WORKSPACE"):
            return chosen
        state = self.root / ".terraform"
        try:
            return (state / "environment").read_text("utf-8").strip() or "default"
        except (OSError, ValueError):
            return "default" if state.is_dir() else Unknown("which workspace it is, is chosen when it runs")

    def locked(self, provider: str) -> tuple[int, ...] | None:
        """The version of a provider in the lock file, None where that does not say."""
        if self._locked is None:
            try:
                text = (self.root / ".terraform.lock.hcl").read_text("utf-8")
            except (OSError, ValueError):
                text = ""
            self._locked = {
                name: (int(first), int(second), int(third)) for name, first, second, third in _LOCKED.findall(text)
            }
        return self._locked.get(provider)

    def relative(self, folder: Path) -> str:
        """A folder as Terraform calls it: relative to the root."""
        return Path(os.path.relpath(folder, self.root)).as_posix()

    def shown(self, folder: Path) -> str:
        """A folder for people, before the name of a file."""
        return f"{os.path.normpath(folder)}/" if folder != Path() else ""

    def confined(self, path: Path) -> Path | Unknown:
        """A path that may be read; links are followed before that is decided."""
        try:
            found = path.resolve()
        except (OSError, RuntimeError, ValueError):
            return Unknown(f"{path.name} cannot be reached")
        if not found.is_relative_to(self._bounds):
            return Unknown(f"{path.name} lies outside the repository, and nothing there is read")
        return path

    def called(self, caller: Module, block: Block) -> Config | Unknown:
        """The configuration of a module that is called; Unknown with the reason where it is not on disk."""
        name = block.labels[0]
        attribute = block.body.attributes.get("source")
        source = None if attribute is None else told(attribute, caller.scope)
        found = self._folder(caller, name, source)
        if not isinstance(found, Unknown):
            ancestors = _ancestors(caller)
            if found.resolve() in ancestors or len(ancestors) > _DEEPEST:
                found = Unknown(f"module {name} calls itself")
        if isinstance(found, Unknown):
            self.opaque[caller.address(f"module.{name}")] = found.reason
            return found
        return self._config(found)

    def _folder(self, caller: Module, name: str, source: Val) -> Path | Unknown:
        if not isinstance(source, str):
            return source if isinstance(source, Unknown) else Unknown(f"module {name} has no source")
        if source.startswith(_LOCAL) or source in {".", ".."}:
            path = self.confined(caller.config.folder / source)
        else:
            if self._fetched is None:
                self._fetched = fetched(self.root)
            listed = self._fetched.get(".".join((*caller.names, name)))
            path = Unknown("it was not downloaded") if listed is None else self.confined(self.root / listed)
        if isinstance(path, Unknown):
            return Unknown(f"module {name} ({source}) is not here: {path.reason}")
        try:
            if not sources_in(path):
                return Unknown(f"module {name} ({source}) is not here: no Terraform source in it")
        except OSError:
            return Unknown(f"module {name} ({source}) is not here: there is no such folder")
        return Path(os.path.normpath(path))

    def _config(self, folder: Path) -> Config:
        key = folder.resolve()
        if key not in self._configs:
            config = self._configs[key] = load(folder, self.shown(folder))
            self.mistakes += config.mistakes
        return self._configs[key]


def _ancestors(module: Module) -> set[Path]:
    found = {module.config.folder.resolve()}
    while module.call_ is not None:
        module = module.call_.caller
        found.add(module.config.folder.resolve())
    return found


def fetched(root: Path) -> Mapping[str, str]:
    """Where `terraform init` put modules, by the names of the calls that lead to them."""
    try:
        listed = json.loads((root / ".terraform" / "modules" / "modules.json").read_bytes())["Modules"]
        return {str(each["Key"]): str(each["Dir"]) for each in listed if each["Key"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
