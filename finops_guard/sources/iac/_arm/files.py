"""ARM templates of a folder, each one once, with their parameter files; Bicep through its compiler."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.model import Location
from finops_guard.sources.iac._arm.template import Place, Template, given_by, opened, scope_of
from finops_guard.sources.iac._folders import reading
from finops_guard.sources.iac._marked import Map, Text, read_json

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading

_BUILD_SECONDS = 120


def resources(root: Path, files: Sequence[Path], document: Reading) -> Iterator[Resource]:
    """The resources of all files. Of a folder their addresses begin with the file's name.

    InputError for a file that cannot be read; of a folder that is a gap.
    """
    for file in files:
        prefix = "" if file == root else f"{file.relative_to(root).with_suffix('').as_posix()}:"
        with reading("arm", file, root, document):
            yield from _file(file, prefix, document)


def _file(file: Path, prefix: str, document: Reading) -> Iterator[Resource]:
    if file.suffix.casefold() in {".bicep", ".bicepparam"}:
        yield from _bicep(file, prefix, document)
        return
    text, body = opened(file)
    yield from _template(file, text, body, prefix, document)


def _template(file: Path, text: Text, body: Map, prefix: str, document: Reading) -> Iterator[Resource]:
    scope = scope_of(body, _parameters(file))
    yield from Template(body, text, scope, Place(prefix, files=(file.resolve(),)), document).resources()


def _parameters(file: Path) -> Mapping[str, object]:
    """What the parameter file beside a template says: `x.parameters.json` of `x.json`."""
    beside = file.with_suffix(".parameters.json")
    if not beside.is_file():
        return {}
    _, body = read_json(beside)
    if not isinstance(body, dict) or not isinstance(body.get("parameters"), dict):
        raise InputError(f"{beside}:1:1: a parameter file without parameters")
    return given_by(body["parameters"])


def _bicep(file: Path, prefix: str, document: Reading) -> Iterator[Resource]:
    """What `bicep build` makes of a file: all resources stand at its first line, as the compiler keeps no places."""
    if file.suffix.casefold() == ".bicepparam":
        raise InputError(f"{file}:1:1: a parameter file of Bicep", help="Name the template that it is for.")
    compiler = shutil.which("bicep")
    if compiler is None:
        raise InputError(
            f"{file}:1:1: Bicep is read through its compiler, and there is no `bicep` on the PATH",
            help=f"bicep build {file.name}, then scan the JSON it writes.",
        )
    try:
        done = subprocess.run(  # noqa: S603 - the compiler, with a file as its one argument and no shell
            [compiler, "build", "--stdout", "--no-restore", str(file.resolve())],
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{file}:1:1: bicep could not be run: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"it ended with {done.returncode}"]
        raise InputError(f"{file}:1:1: bicep does not build it: {said[0][:500]}")
    with tempfile.TemporaryDirectory(prefix="finops-guard-") as folder:
        built = Path(folder) / "main.json"
        built.write_bytes(done.stdout)
        text, body = opened(built)
        for found in _template(file, text, body, prefix, document):
            found.at = Location(str(file), 1)
            yield found
