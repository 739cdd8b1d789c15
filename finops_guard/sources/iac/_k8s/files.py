"""Manifests of a file or a folder: documents and lists of objects, and what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.sources.iac._folders import reading
from finops_guard.sources.iac._k8s.charts import unrendered
from finops_guard.sources.iac._k8s.claims import claims_of
from finops_guard.sources.iac._k8s.kustomize import Kustomized, kustomized
from finops_guard.sources.iac._k8s.objects import Around, resource, scaling_of
from finops_guard.sources.iac._marked import Map, Text, read

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading

_TEMPLATE = re.compile(r"(?m)^[^#\n]*\{\{")
_HELP = "Render it first: helm template CHART | finops-guard scan -"
_KUSTOMIZE = "kustomize.config.k8s.io/"
_MAX_LISTS = 10


@dataclass(frozen=True, slots=True)
class _Object:
    file: Path
    text: Text
    body: Map
    prefix: str


def resources(root: Path, files: Sequence[Path], document: Reading) -> Iterator[Resource]:
    """The objects of all files. Of a folder their addresses begin with the file's name.

    InputError for a file that cannot be read; of a folder that is a gap.
    """
    overlays = kustomized(root) if root.is_dir() else Kustomized()
    plain, gaps = unrendered(root, files)
    document.notes.gaps += gaps
    found: list[_Object] = []
    for file in plain:
        if overlays.is_patch(file):
            continue
        prefix = "" if file == root else f"{file.relative_to(root).with_suffix('').as_posix()}:"
        with reading("kubernetes", file, root, document):
            found += _objects(file, prefix)
    around = _around(found)
    seen: dict[str, int] = {}
    for each in found:
        beside = replace(around[each.file.parent], labelled=overlays.why(each.file))
        made = resource(each.body, each.text.at(each.body.at), each.prefix, beside, document)
        number = seen[made.id] = seen.get(made.id, 0) + 1
        if number > 1:
            made.fields["id"] = f"{made.id}#{number}"
        yield made


def _around(objects: Sequence[_Object]) -> Mapping[Path, Around]:
    """What scales objects, and what devices they claim, by folder: overlays beside each other use the same names."""
    found: dict[Path, Around] = {}
    for each in objects:
        around = found.setdefault(each.file.parent, Around())
        around.scaled.update(scaling_of(each.body))
        around.claims.update(claims_of(each.body))
    return found


def _objects(file: Path, prefix: str) -> list[_Object]:
    try:
        text, documents = read(file)
    except InputError as error:
        template = _unrendered(file)
        raise error if template is None else template from None
    return [_Object(file, text, body, prefix) for document in documents for body in _expanded(text, document, 0)]


def _expanded(text: Text, document: object, depth: int) -> Iterator[Map]:
    """An object, or those of a list of them."""
    if document is None:
        return
    if isinstance(document, list):
        for each in document:
            yield from _expanded(text, each, depth + 1)
        return
    if not isinstance(document, Map):
        raise InputError(f"{text.file}:1:1: a document that is no Kubernetes object")
    kind, items = document.get("kind"), document.get("items")
    if not isinstance(kind, str) or not isinstance(document.get("apiVersion"), str):
        text.refuse(document.at, "a Kubernetes object without apiVersion and kind")
    if kind.endswith("List") and isinstance(items, list) and depth < _MAX_LISTS:
        for each in items:
            if kind != "List" and isinstance(each, Map):
                each.setdefault("kind", kind.removesuffix("List"))  # an API's own lists say it once
                each.setdefault("apiVersion", document["apiVersion"])
            yield from _expanded(text, each, depth + 1)
        return
    metadata = document.get("metadata")
    if "{{" in str(metadata.get("name") if isinstance(metadata, Map) else ""):
        place = text.at(document.at)
        raise InputError(f"{text.file}:{place.line}:{place.column}: a Helm template that is not rendered", help=_HELP)
    if not str(document["apiVersion"]).startswith(_KUSTOMIZE):
        yield document


def _unrendered(file: Path) -> InputError | None:
    """What to say of a Helm template, which is YAML only after it is rendered."""
    text = Text(file)
    mark = _TEMPLATE.search(text.text)
    if mark is None:
        return None
    place = text.at(mark.end() - 2)
    return InputError(f"{file}:{place.line}:{place.column}: a Helm template that is not rendered", help=_HELP)
