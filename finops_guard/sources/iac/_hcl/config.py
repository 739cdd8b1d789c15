"""A folder of sources as one module's configuration: what it declares, by name; override files merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from finops_guard.sources.iac._hcl import json_syntax, syntax
from finops_guard.sources.iac._hcl.links import STRAYS, strays
from finops_guard.sources.iac._hcl.syntax import Attribute, Block, Body, Mistake, Source

SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")


@dataclass(slots=True)
class Config:
    """What the files of a folder declare. `mistakes`: files that could not be read, so that more may be declared."""

    folder: Path
    resources: dict[tuple[str, str], Block] = field(default_factory=dict)
    calls: dict[str, Block] = field(default_factory=dict)
    variables: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, Attribute] = field(default_factory=dict)
    providers: dict[tuple[str, str | None], Block] = field(default_factory=dict)
    versions: dict[str, Attribute] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def incomplete(self) -> str | None:
        """Why more may be declared than is here."""
        return f"{self.mistakes[0]}" if self.mistakes else None


def sources_in(folder: Path) -> list[Path]:
    """The files of a module by name, overrides last; of two with one stem the OpenTofu one, as OpenTofu chooses."""
    names = {
        path.name: path for path in folder.iterdir() if path.name.endswith(SUFFIXES) and not path.name.startswith(".")
    }
    kept = [path for name, path in sorted(names.items()) if _instead(name) not in names]
    return sorted((path for path in kept if path.is_file()), key=_overrides)


def _instead(name: str) -> str | None:
    """The name that OpenTofu reads instead of a file, if it is there."""
    suffix = next((each for each in (".tf", ".tf.json") if name.endswith(each)), None)
    return None if suffix is None else name.removesuffix(suffix) + suffix.replace(".tf", ".tofu")


def _overrides(path: Path) -> bool:
    """Whether a file changes what others declare: `override`, or a name that ends in `_override`."""
    suffix = max((each for each in SUFFIXES if path.name.endswith(each)), key=len)
    stem = path.name.removesuffix(suffix)
    return stem == "override" or stem.endswith("_override")


def load(folder: Path, shown: str) -> Config:
    """A folder's configuration; `shown` is how the folder is called in messages, with its slash."""
    config = Config(folder)
    for path in sources_in(folder):
        reader = json_syntax.read if path.name.endswith(".json") else syntax.read
        name = shown + path.name
        source = Source(name, b"", Body(), Mistake(name, 1, 1, STRAYS)) if strays(path) else reader(path, name)
        if source.mistake is not None:
            config.mistakes.append(source.mistake)
        for block in source.body.blocks:
            _declare(config, block, overrides=_overrides(path))
    return config


def _declare(config: Config, block: Block, *, overrides: bool) -> None:
    match block.type, block.labels:
        case "resource", (type_, name):
            _put(config.resources, (type_, name), block, overrides=overrides)
        case "module", (name,):
            _put(config.calls, name, block, overrides=overrides)
        case "variable", (name,):
            _put(config.variables, name, block, overrides=overrides)
        case "output", (name,):
            _put(config.outputs, name, block, overrides=overrides)
        case "locals", ():
            config.locals.update(block.body.attributes)
        case "provider", (name,):
            alias = block.body.attributes.get("alias")
            _put(config.providers, (name, None if alias is None else _word(alias)), block, overrides=overrides)
        case "terraform", ():
            for required in block.body.named("required_providers"):
                config.versions.update(required.body.attributes)


def _put(kept: dict, key: object, block: Block, *, overrides: bool) -> None:  # type: ignore[type-arg] # of any key
    """A block, or in an override file what it changes of one: its arguments, and its nested blocks type by type."""
    base = kept.get(key)
    if base is None or not overrides:
        kept.setdefault(key, block)
        return
    base.body.attributes.update(block.body.attributes)
    replaced = {_kind(each) for each in block.body.blocks}
    base.body.blocks = [each for each in base.body.blocks if _kind(each) not in replaced] + block.body.blocks


def _kind(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def _word(attribute: Attribute) -> str:
    """A literal string, as an alias is one."""
    return literal(attribute).strip('"')


def literal(attribute: Attribute) -> str:
    """The text of an expression as it is written."""
    if not isinstance(attribute.node, tuple):
        return str(attribute.node)
    node, data = attribute.node
    return str(data[node.start_byte : node.end_byte].decode())
