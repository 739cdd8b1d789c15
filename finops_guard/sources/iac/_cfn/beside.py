"""How each template of a scan is deployed: what stands beside it, then what a person gave, which wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.sources.iac._cfn import assembly, samconfig
from finops_guard.sources.iac._cfn.deployment import Deployment
from finops_guard.sources.iac._parameters import Values, given_to

if TYPE_CHECKING:
    from finops_guard.sources.iac import Reading


class Beside:
    """What was read so far: a folder's manifest and a person's files are read once for all templates."""

    def __init__(self, document: Reading) -> None:
        self._document = document
        self._given: Sequence[Values] | None = None
        self._assemblies: dict[Path, Mapping[str, Deployment]] = {}

    @property
    def given(self) -> Sequence[Values]:
        """What a person gave. InputError for a file that cannot be read."""
        if self._given is None:
            self._given = given_to(self._document)
        return self._given

    def deployment(self, template: Path) -> Deployment:
        """Of a template that nothing nests. InputError for a file that cannot be read."""
        folder = template.parent
        if folder not in self._assemblies:
            self._assemblies[folder] = assembly.stacks(folder)
        found = self._assemblies[folder].get(template.name)
        if found is None and (found := samconfig.said_of(template)) is not None:
            self._remark(template, found)
        return (found or Deployment()).plus(self.given)

    def _remark(self, template: Path, found: Deployment) -> None:
        said = next(iter(found.values))
        if said.parameters or said.tags:
            self._document.notes.remarks.append(f"{template} is read with {said.source}, as sam deploy would")
