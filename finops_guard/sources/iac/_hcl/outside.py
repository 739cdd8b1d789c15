"""The values of a root module's variables, as they come from outside it: the later of these wins.

`TF_VAR_name`, `terraform.tfvars`, `terraform.tfvars.json`, `*.auto.tfvars` by name, then `--var-file` and `--var` in
the order in which they were given (hashicorp/terraform: internal/backend/backendrun/unparsed_value.go).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.errors import InputError
from finops_guard.model import Unknown
from finops_guard.sources.iac._given import Given, Taken, is_terraform
from finops_guard.sources.iac._hcl import syntax
from finops_guard.sources.iac._hcl.attributes import from_json, told
from finops_guard.sources.iac._hcl.constraints import constraint
from finops_guard.sources.iac._hcl.graphemes import composed
from finops_guard.sources.iac._hcl.links import STRAYS, strays
from finops_guard.sources.iac._hcl.scope import Scope
from finops_guard.sources.iac._hcl.syntax import Mistake
from finops_guard.sources.iac._hcl.types import convert
from finops_guard.sources.iac._hcl.values import Val, WrongError, parsed, unknown_in

if TYPE_CHECKING:
    from finops_guard.sources.iac._hcl.syntax import Block

_AUTO = (".auto.tfvars", ".auto.tfvars.json")
_PLAIN = frozenset(("string", "number", "bool"))
Variables = Mapping[str, "Block"]


@dataclass(slots=True)
class Outside:
    """Values by name. `mistakes`: files that are found by their name and could not be read.

    Any variable may have another value in such a file, but for the names in `certain`, which were given by hand.
    """

    values: dict[str, Val] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    mistakes: list[Mistake] = field(default_factory=list)


def found(root: Path, shown: str, variables: Variables, environ: Mapping[str, str]) -> Outside:
    """What is there without anybody's naming it: the environment, and files of the root folder by their name."""
    outside = Outside()
    for name, block in variables.items():
        raw = environ.get(f"TF_VAR_{name}")
        if raw is not None:
            outside.values[name] = _from_text(raw, block, "its value in the environment")
    names = sorted(path.name for path in root.iterdir() if path.name.endswith(_AUTO))
    for name in ("terraform.tfvars", "terraform.tfvars.json", *names):
        path = root / name
        if path.is_file():
            read = Mistake(shown + name, 1, 1, STRAYS) if strays(path) else _file(path, shown + name)
            if isinstance(read, Mistake):
                outside.mistakes.append(read)
            else:
                outside.values.update(read)
    return outside


def give(outside: Outside, given: Given, taken: Taken, variables: Variables) -> Iterator[tuple[Path, str]]:
    """Put over it what a person gave; what a file has for no variable, of which Terraform only warns.

    InputError for a file that cannot be read and for a value that its variable does not take.
    """
    taken.declare(variables)
    for item in given.items:
        if isinstance(item, tuple):
            name, raw = item
            if name in variables:
                taken.take(item)
                outside.values[name] = _of_pair(name, raw, variables[name])
                outside.certain.add(name)
        elif is_terraform(item):
            taken.take(item)
            read = _file(item, str(item))
            if isinstance(read, Mistake):
                raise InputError(str(read))
            ours = {name: value for name, value in read.items() if name in variables}
            outside.values.update(ours)
            outside.certain.update(ours)
            yield from ((item, name) for name in read if name not in variables)


def _of_pair(name: str, raw: str, block: Block) -> Val:
    value = _from_text(raw, block, "its value")
    of = block.body.attributes.get("type")
    type_ = None if of is None else constraint(of)
    try:
        value = value if type_ is None or unknown_in(value) is not None else convert(value, type_)
    except WrongError as wrong:
        value = Unknown(str(wrong))
    if (unknown := unknown_in(value)) is not None:
        raise InputError(f"--var {name}: {unknown.reason}", help='a list is written ["a", "b"], a map {a = "b"}')
    return value


def _from_text(raw: str, block: Block, what: str) -> Val:
    """A string as it is where the variable is of a plain type or of none, else an expression."""
    type_ = block.body.attributes.get("type")
    node = None if type_ is None else type_.node
    written = "" if not isinstance(node, tuple) else node[1][node[0].start_byte : node[0].end_byte].decode()
    if type_ is None or written.strip('"') in _PLAIN or node in _PLAIN:
        return composed(raw)
    source = syntax.parse(f"v = {raw}\n".encode(), "")
    attribute = source.body.attributes.get("v") if len(source.body.attributes) == 1 else None
    return Unknown(f"{what} is not an expression") if attribute is None else told(attribute, LITERALS)


def _file(path: Path, shown: str) -> Mapping[str, Val] | Mistake:
    if path.name.endswith(".json"):
        return _json(path, shown)
    source = syntax.read(path, shown)
    if source.mistake is not None:
        return source.mistake
    for block in source.body.blocks:
        return Mistake(shown, block.line, block.column, "a file of variables holds no blocks")
    return {name: told(attribute, LITERALS) for name, attribute in source.body.attributes.items()}


def _json(path: Path, shown: str) -> Mapping[str, Val] | Mistake:
    try:
        read: Any = json.loads(path.read_bytes(), parse_float=parsed, parse_int=parsed)
        if isinstance(read, dict):
            return dict(from_json(read)(LITERALS))
    except OSError as wrong:
        return Mistake(shown, 1, 1, f"cannot be read: {wrong.strerror or wrong}")
    except json.JSONDecodeError as wrong:
        return Mistake(shown, wrong.lineno, wrong.colno, f"is not JSON: {wrong.msg}")
    except (ValueError, RecursionError, WrongError):
        return Mistake(shown, 1, 1, "is not JSON in UTF-8")
    return Mistake(shown, 1, 1, "is not a JSON object")


class _Literal:
    """Values from outside are literals only."""

    def look(self, root: str, _steps: tuple[str, ...]) -> tuple[Val, int]:
        """No reference is allowed there."""
        return Unknown(f"{root} is a reference, not a value"), 0

    def call(self, name: str, _values: list[Val]) -> Val:
        """No function either."""
        return Unknown(f"{name}() is a function, not a value")


LITERALS = Scope(_Literal(), {})
