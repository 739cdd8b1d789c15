"""Tags of a whole account × region in one sweep of the Resource Groups Tagging API.

`GetResources` has every resource that is or was tagged, so what a finished sweep lacks has no tags. It is no
inventory: never-tagged resources are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from finops_guard.sources.aws._cells import tag_map
from finops_guard.sources.aws._errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from finops_guard.sources.aws._cells import Cell

_CLIENT = "resourcegroupstaggingapi"


@dataclass(slots=True)
class Sweep:
    """Tags by ARN. `failed` says why there may be more."""

    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: str | None = None
    lock: Lock = field(default_factory=Lock)
    done: bool = False


class Sweeps:
    """The sweeps of one account, one a region, each made when first asked for.

    `services` are the ARN services to ask for, None for all; `keep` says which ARNs anybody will ask for.
    """

    def __init__(self, services: list[str] | None, keep: Callable[[str], bool]) -> None:
        self._services = services
        self._keep = keep
        self._lock = Lock()
        self._by_region: dict[str, Sweep] = {}
        self._once = Lock()
        self._known: dict[str, frozenset[str] | Unreadable] = {}

    def get(self, cell: Cell, region: str) -> Sweep:
        """The sweep of the cell's account in `region`; a second caller waits for the first."""
        with self._lock:
            sweep = self._by_region.setdefault(region, Sweep())
        with sweep.lock:
            if not sweep.done:
                self._fill(sweep, cell, region)
                sweep.done = True
        return sweep

    def once(self, what: str, read: Callable[[], frozenset[str]]) -> frozenset[str]:
        """Something else about the whole account, read once by whoever asks first; a failure is kept too."""
        with self._once:
            if what not in self._known:
                try:
                    self._known[what] = read()
                except Unreadable as error:
                    self._known[what] = error
            known = self._known[what]
        if isinstance(known, Unreadable):
            raise Unreadable(known.reason)
        return known

    def _fill(self, sweep: Sweep, cell: Cell, region: str) -> None:
        # Whole services, not types: the API's names of types are those in ARNs, and emulators have others. Both page
        # limits at their highest, or a resource with ten tags would make every page ten resources.
        asked = {"ResourceTypeFilters": self._services} if self._services is not None else {}
        pages = cell.pages(
            "GetResources",
            "ResourceTagMappingList",
            client=_CLIENT,
            region=region,
            ResourcesPerPage=100,
            TagsPerPage=500,
            **asked,
        )
        try:
            for page in pages:
                for found in page:
                    arn = str(found["ResourceARN"])
                    if self._keep(arn):
                        sweep.tags[arn] = tag_map(found.get("Tags"))
        except Unreadable as error:
            sweep.failed = error.reason
