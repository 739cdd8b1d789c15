"""Kubernetes manifests, written or rendered by Helm or Kustomize: labels as tags, accelerators of the pods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.sources.iac import _folders

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading

SUFFIXES = (".yaml", ".yml", ".json")
_KIND = re.compile(rb"(?m)^(?:- )?[\"']?kind[\"']?[ \t]*:|\"kind\"\s*:\s*\"[A-Z]")
_VERSION = re.compile(
    rb"(?m)^(?:- )?[\"']?apiVersion[\"']?[ \t]*:|\A(?:\xef\xbb\xbf)?\s*\{[^{}\[\]]{0,4096}?\"apiVersion\"\s*:"
)


def recognises(path: Path, head: bytes) -> bool:
    """Objects with their two first keys; a folder that has such a file."""
    if path.is_dir():
        return any(True for _ in _folders.files(path, SUFFIXES, recognises))
    head = _folders.plain(head)
    return b'"$schema"' not in head and _VERSION.search(head) is not None and _KIND.search(head) is not None


def collect(path: Path, document: Reading) -> Iterator[Resource]:
    """Every object of a file, or of all files in a folder."""
    from finops_guard.sources.iac._k8s.files import resources

    files = list(_folders.files(path, SUFFIXES, recognises)) if path.is_dir() else [path]
    yield from resources(path, files, document)
