"""One module for each kind of thing in the estate, found by its name.

Its `plant(item, site)` makes it in moto's backends and returns the metrics it publishes.

Moto's own classes make the things, so that ids, ARNs and answers are moto's. Only dates, states and what moto refuses
or decides for itself are written afterwards: moto has no way to make something that is 40 days old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TypeAlias, cast

from finops_guard.sources.sandbox.estate import Estate, Item
from finops_guard.sources.sandbox.metrics import Series
from finops_guard.sources.sandbox.site import Site

Plant: TypeAlias = Callable[[Item, Site], Iterable[Series]]


def everything(estate: Estate) -> dict[tuple[str, str], list[Series]]:
    """Plant the estate; the metrics by account and region."""
    series: dict[tuple[str, str], list[Series]] = {}
    for item in estate.items:
        module = import_module(f"{__name__}.{item.kind}")
        plant = cast("Plant", module.plant)  # the one place that knows the modules' shape
        cell = series.setdefault((item.account, item.region), [])
        cell.extend(plant(item, Site(item.account, item.region, estate.now)))
    return series
