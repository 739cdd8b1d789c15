"""Opening a ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from finops_guard.costs.ledger.ledger import Ledger
from finops_guard.costs.reach import Reach
from finops_guard.model.money import CostSource


def open_ledger(
    sources: Sequence[CostSource],
    reach: Reach,
    *,
    aliases: Mapping[str, str] | None = None,
    keys: Collection[str] = (),
    default_currency: str | None = None,
) -> Ledger:
    """A ledger of all sources; a file that is refused does not count, and `Ledger.files` says why.

    `aliases`: folded spelling -> canonical tag key. `keys`: canonical tag keys that will be asked for. InputError
    without DuckDB, or where a source cannot be reached.
    """
    raise NotImplementedError(sources, reach, aliases, keys, default_currency)
