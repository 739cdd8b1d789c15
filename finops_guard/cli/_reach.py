"""How a command reaches cost data, prices and counts: as a scan does, with the user's environment and credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops_guard.costs.reach import Reach
    from finops_guard.model import Notes


@contextmanager
def reaching(folder: Path, now: datetime, notes: Notes) -> Iterator[Reach]:
    """From `folder`, where relative paths start; clients are made when they are asked for, and closed at the end."""
    from finops_guard import books

    with books.reaching(folder, now, notes, os.environ) as reach:
        yield reach
