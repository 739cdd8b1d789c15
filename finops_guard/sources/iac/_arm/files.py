"""ARM templates of a folder, each one once, with the parameters that a person gives; Bicep through its compiler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.model import Location
from finops_guard.sources.iac._arm import bicep
from finops_guard.sources.iac._arm.nested import Nested
from finops_guard.sources.iac._arm.parameters import chosen
from finops_guard.sources.iac._arm.sections import opened, parameters_of, scope_of
from finops_guard.sources.iac._arm.template import Place, Template
from finops_guard.sources.iac._folders import reading
from finops_guard.sources.iac._marked import Map
from finops_guard.sources.iac._parameters import Values, given_to, left_over, taken_by

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading


def resources(root: Path, files: Sequence[Path], document: Reading) -> Iterator[Resource]:
    """The resources of all files. Of a folder their addresses begin with the file's name.

    InputError for a file that cannot be read; of a folder that is a gap.
    """
    given = given_to(document)
    for file in files:
        prefix = "" if file == root else f"{file.relative_to(root).with_suffix('').as_posix()}:"
        with reading("arm", file, root, document):
            yield from _file(file, prefix, document, given, alone=len(files) == 1)
    if len(files) > 1:
        left_over(document, given)
    if not given:
        document.notes.remarks += _beside(files)


def _file(file: Path, prefix: str, document: Reading, given: Sequence[Values], *, alone: bool) -> Iterator[Resource]:
    if file.suffix.casefold() not in bicep.SUFFIXES:
        yield from _template(file, prefix, document, given, alone=alone)
        return
    with bicep.built(file) as made:
        for found in _template(made, prefix, document, given, alone=alone):
            found.at = Location(str(file), 1)  # the compiler keeps no places
            yield found


def _template(
    file: Path, prefix: str, document: Reading, given: Sequence[Values], *, alone: bool
) -> Iterator[Resource]:
    text, body = opened(file)
    declared = parameters_of(body)
    in_any_case = (name for said in given for name in said.parameters if name.casefold() in declared)
    taken_by(document, given, dict.fromkeys([*_spelt(body), *in_any_case]), alone=alone)
    scope = scope_of(body, chosen(given, declared))
    place = Place(prefix, files=(file.resolve(),))
    yield from Template(Nested(body, text, scope), place, document).resources()


def _spelt(body: Map) -> Iterator[str]:
    declared = body.get("parameters")
    yield from declared if isinstance(declared, dict) else ()


def _beside(files: Sequence[Path]) -> Iterator[str]:
    """A remark on parameter files that are there and were not given: which of them counts is for people to say."""
    found = [beside for file in files if (beside := file.with_suffix(".parameters.json")).is_file()]
    if found:
        more = f", and {len(found) - 1} more are there" if len(found) > 1 else ""
        yield f"{found[0]} is not read unless it is named{more}: --var-file {found[0]}"
