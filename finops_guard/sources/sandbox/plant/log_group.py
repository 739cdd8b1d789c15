"""CloudWatch log groups, many kept for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.logs.models import logs_backends

from finops_guard.sources.sandbox.metrics import Series
from finops_guard.sources.sandbox.site import naive

if TYPE_CHECKING:
    from finops_guard.sources.sandbox.estate import Item
    from finops_guard.sources.sandbox.site import Site

_HOURS_A_MONTH = 730


def plant(item: Item, site: Site) -> list[Series]:
    """One group; what it stores is written on its only stream, where moto adds it up from."""
    logs = logs_backends[site.account][site.region]
    group = logs.create_log_group(item.name, dict(item.tags))
    group.creation_time = naive(item.created)
    group.retention_in_days = item.facts.get("retention")
    group.create_log_stream("main")
    size = float(item.facts["size"])
    group.streams["main"].stored_bytes = int(size)
    own = (("LogGroupName", item.name),)
    return [Series("AWS/Logs", "IncomingBytes", own, size / 6 / _HOURS_A_MONTH, item.created, counter=True)]
