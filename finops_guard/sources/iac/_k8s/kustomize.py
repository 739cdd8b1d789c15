"""Kustomizations: which files are patches and no objects, and to which objects they may add labels.

They are not rendered here. So what an overlay adds to is not judged as if nothing did: its labels may be more.
(Kustomize reference, "kustomization.yaml": `labels`, `commonLabels`, `components`, `transformers`, patches add some.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.sources.iac._marked import read

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_LABELS = (
    "commonLabels",
    "components",
    "labels",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "transformers",
)
_BASES = ("resources", "bases")
_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge", "transformers", "configurations", "replacements")


@dataclass(frozen=True, slots=True)
class Kustomized:
    """`patches`: files that are no objects. `labelled`: files -> why their objects may get more. Both absolute."""

    patches: set[Path] = field(default_factory=set)
    labelled: dict[Path, str] = field(default_factory=dict)

    def is_patch(self, file: Path) -> bool:
        """Whether a file is a part of objects that others have."""
        return _place(file) in self.patches

    def why(self, file: Path) -> str | None:
        """Why the objects of a file may get more labels; None where nothing here adds some."""
        return self.labelled.get(_place(file))


def kustomized(root: Path) -> Kustomized:
    """What the kustomizations of a folder and below it say; those that cannot be read say nothing."""
    found = Kustomized()
    for folder, name, body in _all(root):
        found.patches.update(_files(folder, body, _PATCHES))
        if any(body.get(key) for key in _LABELS):
            shown = (folder / name).relative_to(root).as_posix()
            why = f"{shown} may add labels: kustomize build {folder} | finops-guard scan -"
            for file in _reached(folder, body, set()):
                found.labelled.setdefault(file, why)
    return found


def _all(root: Path) -> Iterator[tuple[Path, str, Mapping[str, object]]]:
    for here, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each != "node_modules")
        for name in NAMES:
            if name in names and (body := _read(Path(here, name))) is not None:
                yield Path(here), name, body


def _read(file: Path) -> Mapping[str, object] | None:
    try:
        _, documents = read(file)
    except (InputError, RecursionError):
        return None
    return documents[0] if len(documents) == 1 and isinstance(documents[0], dict) else None


def _reached(folder: Path, body: Mapping[str, object], seen: set[Path]) -> Iterator[Path]:
    """The files of objects that a kustomization is made of, those of its bases among them."""
    if folder.resolve() in seen:
        return
    seen.add(folder.resolve())
    for each in _files(folder, body, _BASES):
        if each.is_file():
            yield each
            continue
        for name in NAMES:
            if (each / name).is_file() and (below := _read(each / name)) is not None:
                yield from _reached(each, below, seen)


def _place(file: Path) -> Path:
    return Path(os.path.abspath(file))  # noqa: PTH100 - without following links, as names of a folder are compared


def _files(folder: Path, body: Mapping[str, object], keys: Sequence[str]) -> Iterator[Path]:
    for key in keys:
        listed = body.get(key)
        for each in listed if isinstance(listed, list) else ():
            said = each.get("path") if isinstance(each, dict) else each
            if isinstance(said, str) and "\n" not in said and "\0" not in said and "://" not in said:
                yield _place(folder / said)
