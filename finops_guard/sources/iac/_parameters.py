"""Parameter files of templates, in the shapes that their tools take, and `--var` pairs.

| shape | of |
|---|---|
| `[{"ParameterKey", "ParameterValue"}]` | aws cloudformation create-stack, deploy |
| `["Name=value"]` | aws cloudformation deploy |
| `{"Parameters": {…}, "Tags": {…}}` | CodePipeline's template configuration |
| `{"Parameters": [{"ParameterKey", …}], "Tags": [{"Key", "Value"}]}` | aws cloudformation --cli-input-json |
| `{"template-file-path", "parameters": {…}, "tags": {…}}` | CloudFormation's sync with Git |
| `{"$schema", "parameters": {"name": {"value": …}}}` | Azure Resource Manager |
| `{"name": value}` | anybody |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.model import Unknown
from finops_guard.sources.iac._given import Item, is_terraform
from finops_guard.sources.iac._marked import Map, Text, read

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading

_SHOWN = 5
_NO_PARAMETERS = frozenset({"$schema", "contentVersion", "schemaVersion"})


@dataclass(frozen=True, slots=True)
class Values:
    """What one file or one pair says: parameters by name, `Unknown` where the deployment decides; tags of the stack.

    `written`: values are texts of a command line, and the template's types say what they are.
    """

    source: str
    parameters: Mapping[str, object]
    tags: Mapping[str, object] = field(default_factory=dict)
    text: Text | None = None
    places: Mapping[str, int] = field(default_factory=dict)
    item: Item | None = None

    @property
    def written(self) -> bool:
        """Whether it is a pair of the command line."""
        return isinstance(self.item, tuple)

    def where(self, name: str) -> str:
        """The place of a parameter, for messages."""
        if self.text is None:
            return self.source
        place = self.text.at(self.places.get(name, 0))
        return f"{place.file}:{place.line}:{place.column}"


def given_to(document: Reading) -> list[Values]:
    """What a person gave for the parameters of templates, in its order. InputError for a file that cannot be read."""
    found = []
    for item in document.given.items:
        if isinstance(item, Path):
            if not is_terraform(item):
                found.append(_file(item))
        else:
            found.append(Values(f"--var {item[0]}", {item[0]: item[1]}, item=item))
    return found


def taken_by(
    document: Reading, values: Sequence[Values], names: Iterable[str], *, alone: bool, tags: bool = False
) -> None:
    """Notes what a template's parameters took, and with `tags` its stack.

    `alone`: it is the one that is read, so a file fits or is a mistake.

    InputError for a name in a file that it does not have, then.
    """
    declared = list(names)
    document.taken.declare(declared)
    for said in values:
        missing = [name for name in said.parameters if name not in declared]
        if said.item is not None and (len(missing) < len(said.parameters) or (tags and said.tags)):
            document.taken.take(said.item)
        if missing and alone and said.text is not None and document.given.strict:
            near = suggest(missing[0], declared)
            hint = f"did you mean '{near}'?" if near else f"it has {', '.join(declared[:_SHOWN]) or 'none'}"
            raise InputError(f"{said.where(missing[0])}: the template has no parameter {missing[0]!r}"[:500], help=hint)


def left_over(document: Reading, values: Sequence[Values]) -> None:
    """A remark on what files say for parameters that no template has, if any took them; for when several were read."""
    for said in values:
        unknown = [name for name in said.parameters if name not in document.taken.declared]
        if unknown and said.text is not None and said.item in document.taken.items:
            more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
            named = ", ".join(unknown[:_SHOWN])
            document.notes.remarks.append(f"{said.source}: no template has a parameter {named}{more}"[:500])


def _file(path: Path) -> Values:
    text, documents = read(path)
    if len(documents) != 1 or not isinstance(documents[0], Map | list):
        raise InputError(f"{path}:1:1: not a file of parameters")
    places: dict[str, int] = {}
    body = documents[0]
    if isinstance(body, list):
        return Values(str(path), _listed(text, body, places), {}, text, places, path)
    for name in ("Parameters", "parameters"):
        part = body.get(name)
        if isinstance(part, Map | list):
            listed = _listed(text, part, places) if isinstance(part, list) else _mapped(text, part, places)
            return Values(str(path), listed, _tags(text, body, name), text, places, path)
    plain = Map(body.at)
    plain.update({name: value for name, value in body.items() if name not in _NO_PARAMETERS})
    plain.keys_at = body.keys_at
    return Values(str(path), _mapped(text, plain, places), {}, text, places, path)


def _mapped(text: Text, part: Map, places: dict[str, int]) -> dict[str, object]:
    places.update(part.keys_at)
    return {name: _held(text, name, value) for name, value in part.items()}


def _held(text: Text, name: str, value: object) -> object:
    """Azure's holders of values, or a value."""
    if not isinstance(value, Map):
        return value
    if "value" in value:
        return value["value"]
    if "reference" in value:
        return Unknown(f"parameter {name} is read from a key vault when it is deployed")
    if "expression" in value:
        return Unknown(f"parameter {name} is worked out when it is deployed")
    return dict(value) if value else text.refuse(value.at, f"parameter {name} has no value")


def _listed(text: Text, part: list[object], places: dict[str, int]) -> dict[str, object]:
    found: dict[str, object] = {}
    for each in part:
        if isinstance(each, str) and "=" in each:
            pair = each.partition("=")
            found[pair[0]] = pair[2]
            continue
        name = each.get("ParameterKey") if isinstance(each, Map) else None
        if not isinstance(each, Map) or not isinstance(name, str):
            text.refuse(each.at if isinstance(each, Map) else 0, "not a list of {ParameterKey, ParameterValue}")
        places[name] = each.at
        if str(each.get("UsePreviousValue")).casefold() == "true":
            found[name] = Unknown(f"parameter {name} keeps the value that the stack has")
        elif "ParameterValue" not in each:
            text.refuse(each.at, f"parameter {name} has no ParameterValue")
        else:
            found[name] = each["ParameterValue"]
    return found


def _tags(text: Text, body: Map, beside: str) -> Mapping[str, object]:
    """The tags of the stack: `Tags` beside `Parameters`, `tags` beside `parameters`."""
    key = "Tags" if beside == "Parameters" else "tags"
    tags = body.get(key)
    if tags is None:
        return {}
    if isinstance(tags, Map):
        return tags
    if isinstance(tags, list) and all(isinstance(each, Map) and isinstance(each.get("Key"), str) for each in tags):
        return {each["Key"]: each.get("Value") for each in tags}
    return text.refuse(body.keys_at[key], f"{key} is neither a map nor a list of {{Key, Value}}")
