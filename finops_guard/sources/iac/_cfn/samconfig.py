"""What `sam deploy` takes from `samconfig.toml` beside a template, without being asked: parameters, tags, the region.

The environment is `default`; what other environments say and `default` leaves out is unknown where there is no
`default` at all, as the person who deploys chooses one then (SAM Developer Guide, "AWS SAM CLI configuration file").
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.deployment import Deployment
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._marked import Text, read
from finops_guard.sources.iac._parameters import Values

_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
_DEFAULT = "default"
_TEMPLATES = ("template.yaml", "template.yml", "template.json")
"""What `sam` deploys where nothing names another file."""
_PAIR = re.compile(r"ParameterKey=(?P<name>[^,]*),ParameterValue=(?P<value>.*)", re.DOTALL)
_LONGEST = 100_000


def said_of(template: Path) -> Deployment | None:
    """How `sam deploy` would deploy a template; None where nothing beside it says. InputError for a broken file."""
    folder = template.parent
    if built := folder.parts[-2:] == (".aws-sam", "build"):
        folder = folder.parent.parent
    file = next((found for name in _NAMES if (found := folder / name).is_file()), None)
    if file is None:
        return None
    config = _read(file)
    if _DEFAULT in config:
        options = _options(config[_DEFAULT])
        return _deployment(file, options) if built or _is_of(template, folder, options) else None
    said = {name: each for name in config if (each := _options(config[name]))}
    others = {name: each for name, each in said.items() if built or _is_of(template, folder, each)}
    return _undecided(file, others) if others else None


def _deployment(file: Path, options: Mapping[str, object]) -> Deployment:
    values = Values(str(file), _pairs(file, options, "parameter_overrides"), _pairs(file, options, "tags"))
    said = {"Region": options.get("region"), "StackName": options.get("stack_name")}
    return Deployment((values,), {name: value for name, value in said.items() if isinstance(value, str)})


def _undecided(file: Path, others: Mapping[str, Mapping[str, object]]) -> Deployment:
    why = Unknown(f"{file.name} says it for {', '.join(list(others)[:5])}, and has no environment default"[:300])
    names, tags = (
        dict.fromkeys((name for each in others.values() for name in _pairs(file, each, key)), why)
        for key in ("parameter_overrides", "tags")
    )
    return Deployment((Values(str(file), names, tags),))


def _options(environment: object) -> Mapping[str, object]:
    """What an environment says for `deploy`; a command's own options hide those of all commands."""
    found: dict[str, object] = {}
    for command in ("global", "deploy"):
        part = looked_up(environment, (command, "parameters"))
        found.update(part if isinstance(part, dict) else {})
    return found


def _is_of(template: Path, folder: Path, options: Mapping[str, object]) -> bool:
    named = options.get("template_file") or options.get("template")
    if isinstance(named, str) and "\0" not in named:
        return (folder / named).resolve() == template.resolve()
    return template.name in _TEMPLATES


def _pairs(file: Path, options: Mapping[str, object], key: str) -> dict[str, object]:
    said = options.get(key)
    if isinstance(said, dict):
        return {str(name): value for name, value in said.items()}
    return dict(_split(file, key, said))


def _split(file: Path, key: str, said: object) -> Iterator[tuple[str, object]]:
    """`A=1 B="two words"`, `ParameterKey=A,ParameterValue=1 …`, or a list of such texts."""
    for text in said if isinstance(said, list) else [said]:
        if not isinstance(text, str):
            continue
        try:
            words = shlex.split(text) if len(text) <= _LONGEST else []
        except ValueError:
            raise InputError(f"{file}: {key} has a quotation mark that is not closed") from None
        for word in words:
            pair = _PAIR.fullmatch(word)
            name, equals, value = (pair["name"], "=", pair["value"]) if pair else word.partition("=")
            if equals and name:
                yield name, value


def _read(file: Path) -> Mapping[str, object]:
    if file.suffix != ".toml":
        _, documents = read(file)
        return documents[0] if len(documents) == 1 and isinstance(documents[0], dict) else {}
    try:
        return tomllib.loads(Text(file).text)
    except tomllib.TOMLDecodeError as wrong:
        raise InputError(f"{file}: not TOML: {str(wrong)[:200]}") from None
