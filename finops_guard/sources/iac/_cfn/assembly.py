"""What `cdk synth` says beside its templates: `manifest.json` of a cloud assembly, also of one for a stage.

An artifact of type `aws:cloudformation:stack` has the file of its template, the tags of the stack, values of
parameters, and `environment`, `aws://ACCOUNT/REGION`, where the app says them (aws-cdk: cloud-assembly-schema). Older
versions say the tags in the metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.sources.iac._cfn.deployment import Deployment
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._marked import read_json
from finops_guard.sources.iac._parameters import Values

NAME = "manifest.json"
_STACK = "aws:cloudformation:stack"
_ENVIRONMENT = re.compile(r"aws://(?:(?P<account>\d{12})|[^/]*)/(?:unknown-region|(?P<region>[a-z0-9-]+))")


def stacks(folder: Path) -> Mapping[str, Deployment]:
    """File of a template -> how its stack is deployed; none where the folder is no assembly, or is not readable."""
    file = folder / NAME
    if not file.is_file():
        return {}
    try:
        _, manifest = read_json(file)
    except InputError:
        return {}
    artifacts = looked_up(manifest, ("artifacts",))
    found: dict[str, Deployment] = {}
    for name, artifact in artifacts.items() if isinstance(artifacts, dict) else ():
        template = looked_up(artifact, ("properties", "templateFile"))
        if looked_up(artifact, ("type",)) == _STACK and isinstance(template, str):
            found.setdefault(template, _deployment(file, name, artifact))
    return found


def _deployment(file: Path, name: str, artifact: object) -> Deployment:
    properties = looked_up(artifact, ("properties",))
    called = looked_up(properties, ("stackName",))
    pseudo = {"StackName": called if isinstance(called, str) else name}
    where = _ENVIRONMENT.fullmatch(str(looked_up(artifact, ("environment",))))
    for key, part in (("AccountId", "account"), ("Region", "region")):
        if where is not None and where[part]:
            pseudo[key] = where[part]
    tags = {**dict(_older_tags(artifact)), **_texts(looked_up(properties, ("tags",)))}
    return Deployment((Values(str(file), _texts(looked_up(properties, ("parameters",))), tags),), pseudo)


def _texts(found: object) -> Mapping[str, object]:
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _older_tags(artifact: object) -> Iterator[tuple[str, object]]:
    metadata = looked_up(artifact, ("metadata",))
    for entries in metadata.values() if isinstance(metadata, dict) else ():
        for entry in entries if isinstance(entries, list) else ():
            data = looked_up(entry, ("data",)) if looked_up(entry, ("type",)) == "aws:cdk:stack-tags" else None
            for tag in data if isinstance(data, list) else ():
                names = {str(key).casefold(): value for key, value in tag.items()} if isinstance(tag, dict) else {}
                if isinstance(names.get("key"), str) and isinstance(names.get("value"), str):
                    yield names["key"], names["value"]
