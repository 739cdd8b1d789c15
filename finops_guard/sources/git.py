"""What git says of files: who wrote a line, and what stood in a folder at a commit.

Nothing is checked out or fetched, and neither hooks nor filters run: contents come from git's own store.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from finops_guard.errors import InputError

SUFFIXES = frozenset(
    ".tf .tofu .tfvars .hcl .json .jsonc .yaml .yml .template .bicep .tpl .tftpl .csv .tsv .txt .toml .sh .cfg".split()
)
"""Of the files that sources of infrastructure are, or read."""
_SOURCES = frozenset({".tf", ".tofu", ".tfvars", ".hcl"})
LARGEST = 16 * 2**20
ALL = 2**30
"""Bytes of one file, and of all that is taken from a commit."""
PATIENCE = 120.0
_FILES = ("100644", "100755")
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_COMMON_DIR")
"""What a hook of git sets; we say ourselves which repository is asked."""
_ALONE = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}
_PLAIN = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "blame.ignoreRevsFile=")
_HEAD = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d+)")
_ID = re.compile(r"[0-9a-f]{40,64}")
_SHOWN = 80
_REF = re.compile(r"[^\x00-\x20\x7f-][^\x00-\x20\x7f]*")


class NoGitError(InputError):
    """Git itself does not answer, whatever was asked."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a line, in which commit (the first 10 digits)."""

    name: str
    commit: str


def top(path: Path) -> Path | None:
    """The folder at the top of the checkout in which a path is, as it is written; None outside of one."""
    here = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are named
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)


def ignored(top: Path, path: Path) -> bool:
    """Whether the repository of a folder is told to ignore a path, so that no commit of it is to have that."""
    try:
        _git(top, "check-ignore", "--quiet", "--", str(path))
    except NoGitError:
        raise
    except InputError:
        return False
    return True


def authors(file: Path, lines: Sequence[int], seconds: float) -> Mapping[int, Author]:
    """Who wrote some lines, as far as git knows within that time: nothing of it is certain to be there."""
    ranges = [part for line in lines for part in ("-L", f"{line},{line}")]
    try:
        said = _git(file.parent, "blame", "--porcelain", "--no-textconv", *ranges, "--", file.name, seconds=seconds)
        shallow = b"\nboundary" in said and _shallow(file.parent, seconds)
    except (InputError, OSError, ValueError):
        return {}
    found: dict[int, Author] = {}
    names: dict[bytes, str] = {}
    cut: set[bytes] = set()
    commit, places = b"", []
    for row in said.split(b"\n"):
        if head := _HEAD.match(row):
            commit = head[1]
            places.append((int(head[2]), commit))
        elif row.startswith(b"author "):
            names[commit] = row[7:].decode("utf-8", "replace").strip()
        elif row == b"boundary" and shallow:
            cut.add(commit)
    for line, by in places:
        if by not in cut and by.strip(b"0"):
            found[line] = Author(names.get(by, ""), by[:10].decode("ascii"))
    return found


def commit(folder: Path, ref: str) -> str:
    """The id of the commit that a ref of a folder's repository names. InputError for none, or what is no ref."""
    if not _REF.fullmatch(ref):
        raise InputError(f"{ref[:_SHOWN]!r} is not the name of a commit or a ref")
    try:
        said = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except NoGitError:
        raise
    except InputError as wrong:
        what = wrong.what if "rev-parse: " in wrong.what else f"there is no {ref[:_SHOWN]} in {folder}"
        raise InputError(what, help="a shallow checkout does not have it: fetch it, or use fetch-depth: 0") from None
    id_ = said.decode("ascii", "replace").strip()
    if not _ID.fullmatch(id_):
        raise InputError(f"{ref[:_SHOWN]!r} is not the name of one commit")
    return id_


def take(
    folder: Path, id_: str, into: Path, only: Callable[[PurePosixPath], bool] = lambda path: path.suffix in SUFFIXES
) -> int:
    """Write the files of a commit that infrastructure is made of, or `only` some; links and submodules are left out.

    So are, of more than `ALL` bytes, the largest files that are not Terraform's: how many that were. InputError where
    git does not answer, or there is too much.
    """
    blobs: list[tuple[int, str, PurePosixPath]] = []
    for line in filter(None, _git(folder, "ls-tree", "-r", "-z", "-l", "--full-tree", id_).split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, _, blob, size = about.decode("ascii").split()
        path = PurePosixPath(os.fsdecode(name))
        if mode in _FILES and only(path) and size.isdecimal() and int(size) <= LARGEST and _inside(path):
            blobs.append((int(size), blob, path))
    found = [(blob, path) for _, blob, path in _fitting(blobs)]
    if sum(size for size, _, path in blobs if path.suffix in _SOURCES) > ALL:
        raise InputError(f"{folder}: the files of {id_[:10]} are more than {ALL >> 20:,} MiB")
    with tempfile.TemporaryFile() as answer:
        asked = "".join(f"{blob}\n" for blob, _ in found).encode()
        _git(folder, "cat-file", "--batch", feed=asked, out=answer.fileno())
        answer.seek(0)
        for _, path in found:  # each is `ID blob SIZE`, its bytes and a newline
            size = answer.readline().split()[-1].decode("ascii")
            if not size.isdecimal():
                raise InputError(f"{folder}: {path} of {id_[:10]} is not in this clone")
            target = into / path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(answer.read(int(size)))
            except OSError as wrong:
                raise InputError(f"{path} of {id_[:10]} cannot be kept: {wrong.strerror or wrong}") from None
            answer.read(1)
    return len(blobs) - len(found)


def _fitting(blobs: list[tuple[int, str, PurePosixPath]]) -> list[tuple[int, str, PurePosixPath]]:
    """As many as there is room for, sources first and small ones before large ones."""
    room, kept = ALL, []
    for each in sorted(blobs, key=lambda blob: (blob[2].suffix not in _SOURCES, blob[0])):
        room -= each[0]
        if room < 0:
            break
        kept.append(each)
    return kept


def _inside(path: PurePosixPath) -> bool:
    return not path.is_absolute() and all(
        part not in {"", ".", ".."} and part.casefold() != ".git" for part in path.parts
    )


def _shallow(folder: Path, seconds: float) -> bool:
    return _git(folder, "rev-parse", "--is-shallow-repository", seconds=seconds).strip() != b"false"


def _git(
    folder: Path, *arguments: str, feed: bytes = b"", out: int = subprocess.PIPE, seconds: float = PATIENCE
) -> bytes:
    """What git answers. InputError with the last line of its complaint."""
    environ = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    command = ["git", *_PLAIN, "-C", str(folder), *arguments]
    try:
        ran = subprocess.run(  # noqa: S603 - git, with words of ours, and names of others behind `--`
            command,
            input=feed,
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
            env={**environ, **_ALONE},
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise NoGitError(f"{folder}: git {arguments[0]} took more than {seconds:.0f} s") from None
    except OSError as wrong:
        raise NoGitError(f"git cannot be run: {wrong.strerror or wrong}") from None
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(f"git {arguments[0]}: {said[-1]}" if said else f"git {arguments[0]} answers {ran.returncode}")
    return ran.stdout or b""
