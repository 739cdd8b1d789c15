"""Links among sources: who wrote them may have made one to anything on the machine that reads them."""

from __future__ import annotations

from pathlib import Path

STRAYS = "a link that leads out of the repository, and nothing there is read"


def repository(folder: Path) -> Path:
    """The repository that a folder is in, else the folder itself; links on the way are followed."""
    here = folder.resolve()
    return next((above for above in (here, *here.parents) if (above / ".git").exists()), here)


def strays(path: Path) -> bool:
    """Whether a file is a link that leads out of the repository of its folder: such a one is not read."""
    try:
        return path.is_symlink() and not path.resolve().is_relative_to(repository(path.parent))
    except (OSError, RuntimeError):
        return True
