"""How cost data, prices and counts reach outside: files, clouds, and how much looking may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from finops_guard.errors import InputError
from finops_guard.model import Notes

COSTS = "costs"
"""What stands for a cloud in the gap that cost data is."""
LAGS = {"aws": 2, "azure": 2, "gcp": 3}
"""Days by which a bill may still grow: rows arrive 8 to 24 hours late and later, on GCP by days."""

Client: TypeAlias = Callable[[str, str | None], Any]
"""An AWS client of a service in a region (None: where the session points), with the caller's own credentials.

It counts its requests in the run's notes by itself; what a call costs is counted by whoever makes it.
"""


def no_cloud(service: str, _region: str | None = None) -> Any:  # noqa: ANN401 # what a client is, only boto3 knows
    """The client of a run that may ask no cloud."""
    raise InputError(f"{service} is not asked here: this command reads files only")


@dataclass(frozen=True, slots=True)
class Reach:
    """What is outside, and what it is asked for.

    `folder`: where relative paths start. `cache`: what may be lost. `max_usd`: the most that paid calls may cost.
    `keys`: canonical tag keys that will be asked for, the most important first; `since`: the first day that will be.

    Calls are counted in `notes.calls`, and what could not be read is said in `notes.gaps` or `notes.remarks`.
    """

    now: datetime
    folder: Path
    cache: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    aws: Client = no_cloud
    max_usd: Decimal | None = None
    keys: tuple[str, ...] = ()
    since: date | None = None
