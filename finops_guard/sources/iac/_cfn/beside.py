"""How each template of a scan is deployed: what stands beside it, then what a person gave, which wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        self._configured: list[Path] = []
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
            said = next(iter(found.values))
            self._configured += [template] if said.parameters or said.tags else []
        return (found or Deployment()).plus(self.given)

    def remarks(self) -> Iterator[str]:
        """What was taken unasked."""
        if self._configured:
            more = f", and {len(self._configured) - 1} more with theirs" if len(self._configured) > 1 else ""
            yield f"{self._configured[0]} is read with the samconfig beside it, as sam deploy would{more}"
