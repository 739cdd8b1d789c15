"""Where packs and policies are found: shipped ones in the wheel (or this checkout), local ones beside a policy."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_PACK_NAME = re.compile(r"^pack:[ \t]*['\"]?([a-z][a-z0-9-]*)", re.MULTILINE)
_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(folder: str) -> Path:
    """The folder of shipped `rules`, `policies` or `schema`: inside the wheel, else at the top of the checkout."""
    inside = _PACKAGE / "_shipped" / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder


@cache
def shipped_names(folder: str) -> dict[str, Path]:
    """Name -> file of every shipped pack or policy; a shipped file is called as what it holds (a test checks)."""
    return {path.stem: path for path in sorted(shipped(folder).glob("*.yaml"))}


def local_packs(policy: Path) -> dict[str, list[Path]]:
    """Pack name -> files in `rules/` beside a policy, and in `../rules/` for one in a folder `policies/`."""
    here = policy.resolve().parent
    folders = [here / "rules"] + ([here.parent / "rules"] if here.name == "policies" else [])
    found: dict[str, list[Path]] = {}
    for folder in folders:
        if folder.is_dir() and folder != shipped("rules").resolve():
            for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
                if name := pack_name(path):
                    found.setdefault(name, []).append(path)
    return found


def pack_name(path: Path) -> str | None:
    """The `pack:` of a file by a look at its text; None where it says none or cannot be read."""
    try:
        match = _PACK_NAME.search(path.read_text("utf-8-sig", errors="replace"))
    except OSError:
        return None
    return match[1] if match else None


def shown(path: Path) -> str:
    """A path as people write it: relative to where they are when it lies below, else as it is."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
