"""Functions that encode, decode and hash."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Callable
from urllib.parse import quote_plus

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.graphemes import composed
from finops_guard.sources.iac._hcl.values import List, Val, WrongError, in_order, parsed, text

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def _s(value: Val) -> str:
    said = text(value)
    if isinstance(said, Unknown):
        raise TypeError
    return said


def json_text(value: Val) -> str:
    """A value as Terraform writes JSON: keys in order, no spaces, `<>&` escaped."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).translate(_HTML)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{json_text(item)}" for key, item in in_order(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return _s(value)


def from_json(value: object) -> Val:
    """What JSON gives, as a value of the language."""
    if isinstance(value, dict):
        return {composed(key): from_json(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return composed(value) if isinstance(value, str) else value


def _jsondecode(value: Val) -> Val:
    try:
        return from_json(json.loads(_s(value), parse_float=parsed, parse_int=parsed, parse_constant=_never))
    except (ValueError, RecursionError):
        raise WrongError("not JSON") from None


def _never(_word: str) -> None:
    raise ValueError


def _yamldecode(value: Val) -> Val:
    import yaml

    try:
        node = yaml.compose(_s(value), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        raise WrongError("not YAML") from None
    return None if node is None else _of_yaml(node, yaml)


def _of_yaml(node: Val, yaml: Val) -> Val:
    """What YAML says; a scalar that versions of YAML read differently is unknown."""
    if isinstance(node, yaml.MappingNode):
        pairs = {}
        for key, item in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                return Unknown("YAML with keys that are not strings")
            pairs[key.value] = _of_yaml(item, yaml)
        return dict(sorted(pairs.items()))
    if isinstance(node, yaml.SequenceNode):
        return [_of_yaml(item, yaml) for item in node.value]
    kind, said = node.tag.rpartition(":")[2], node.value
    if kind == "str":
        return composed(said)
    if kind == "null":
        return None
    if kind == "bool" and said in {"true", "false"}:
        return said == "true"
    if kind in {"int", "float"}:
        plain = said.lstrip("-")
        if plain.replace(".", "", 1).isdecimal() and (plain == "0" or plain[0] != "0" or plain[1] == "."):
            return parsed(said)
    return Unknown(f"YAML's {said!r}")


def _csvdecode(value: Val) -> Val:
    rows = list(csv.DictReader(io.StringIO(_s(value)), strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise WrongError("rows of different lengths")
    return List(({key: row[key] for key in sorted(row)} for row in rows), "any")


def _base64decode(value: Val) -> str:
    try:
        return base64.b64decode(_s(value), validate=True).decode()
    except ValueError:
        raise WrongError("not text in base64") from None


def _hash(name: str) -> Callable[[Val], str]:
    return lambda value: hashlib.new(name, _s(value).encode(), usedforsecurity=False).hexdigest()


FUNCTIONS: dict[str, Callable[..., Val]] = {
    "base64decode": _base64decode,
    "base64encode": lambda value: base64.b64encode(_s(value).encode()).decode(),
    "base64sha256": lambda value: base64.b64encode(hashlib.sha256(_s(value).encode()).digest()).decode(),
    "csvdecode": _csvdecode,
    "jsondecode": _jsondecode,
    "jsonencode": json_text,
    "md5": _hash("md5"),
    "sha1": _hash("sha1"),
    "sha256": _hash("sha256"),
    "sha512": _hash("sha512"),
    "urlencode": lambda value: quote_plus(_s(value)),
    "yamldecode": _yamldecode,
}
