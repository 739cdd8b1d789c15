"""CloudFormation templates, YAML or JSON; those of SAM, and what `cdk synth` wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.sources.iac import _folders

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading

SUFFIXES = (".yaml", ".yml", ".json", ".template")
_SECTION = rb"(?:AWSTemplateFormatVersion|Transform|Resources|Parameters|Mappings|Conditions|Globals|Metadata|Outputs)"
_YAML = re.compile(rb"(?m)^[\"']?(?:AWSTemplateFormatVersion|Resources)[\"']?[ \t]*:|^Transform[ \t]*:[ \t\r\n-]*AWS::")
_BEFORE = re.compile(rb"(?m)^(?:Parameters|Mappings|Conditions):")
"""What may fill the first 4 KiB of a template without a version."""
_PARAMETERS = re.compile(rb"(?:#[^\n]*\n|\s)*+\{?\s*[\"']?Parameters[\"']?\s*:")
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"(?:Description\"\s*:\s*\"[^\"]*\",\s*\")?" + _SECTION + rb"\"\s*:")


def recognises(path: Path, head: bytes) -> bool:
    """A template by its sections, or by AWS types below a key of one; a folder that has one."""
    if path.is_dir():
        return any(True for _ in _folders.files(path, SUFFIXES, _template))
    head = _folders.plain(head)
    if _JSON.match(head) or _YAML.search(head):
        return True
    return path.suffix.casefold() in SUFFIXES and _BEFORE.search(head) is not None


def collect(path: Path, document: Reading) -> Iterator[Resource]:
    """Every resource of a template, or of all templates in a folder."""
    from finops_guard.sources.iac._cfn.files import resources

    files = list(_folders.files(path, SUFFIXES, _template)) if path.is_dir() else [path]
    yield from resources(path, files, document)


def _template(path: Path, head: bytes) -> bool:
    """Whether a file of a folder is read: one that has parameters and nothing to deploy is given with `--var-file`."""
    if not recognises(path, head):
        return False
    return _PARAMETERS.match(_folders.plain(head)) is None or _holds_resources(path)


def _holds_resources(path: Path) -> bool:
    try:
        return b"Resources" in path.read_bytes().replace(b"\0", b"")
    except OSError:
        return True
