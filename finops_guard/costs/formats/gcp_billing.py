"""Google Cloud billing export, standard or detailed, out of BigQuery as CSV, Parquet or JSON lines.

Credits stand beside the cost they reduce, as a list: each row counts with its credits taken off, so that totals are
those of the invoice, and a note says so. Columns may be nested (`service` holding `description`) or flattened
(`service.description`, `service_description`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops_guard.costs.formats._plan import Cell, Columns, Plan, RefusedError, filled

_NEEDED = ("cost", "currency", "usage_start_time", "usage_end_time")
_TYPES = """CASE lower({cost_type}) WHEN 'regular' THEN 'Usage' WHEN 'tax' THEN 'Tax' ELSE 'Adjustment' END"""


def detect(columns: Sequence[str]) -> str | None:
    """The export's own column names, all in lower case with underscores."""
    there = Columns(_ours(columns))
    if len(there.lacking(_NEEDED)) > 1:
        return None
    known = there.any("billing_account_id", "service", "service_description", "project", "project_id", "sku")
    return "gcp-billing" if known else None


def plan(columns: Sequence[str]) -> Plan:
    """How its columns become ours."""
    there = Columns(_ours(columns))
    if lacking := there.lacking(_NEEDED):
        raise RefusedError(f"lacks {', '.join(lacking)}")
    cost = there.cell("with_credits({cost}, {credits})", "cost", "credits") or there.first("cost")
    sku, seller = _inner(there, "sku", "description"), there.first("seller_name")
    cells: Mapping[str, Cell | None] = {
        "effective": cost,
        "billed": cost,
        "list": there.first("cost_at_list"),
        "currency": there.first("currency"),
        "start": there.first("usage_start_time"),
        "end": there.first("usage_end_time"),
        "cloud": Cell("'gcp'", ()),
        "account": _inner(there, "project", "id"),
        "account_name": _inner(there, "project", "name"),
        "billing_account": there.first("billing_account_id"),
        "region": _either(_inner(there, "location", "region"), _inner(there, "location", "location")),
        "service": _inner(there, "service", "description"),
        "charge_category": there.cell(_TYPES, "cost_type") or Cell("'Usage'", ()),
        "publisher": seller and Cell(f"coalesce({seller.sql}, 'Google')", seller.names),
        "marketplace": seller and Cell(f"coalesce(NOT is_cloud({seller.sql}), false)", seller.names),
        "usage": sku,
        "sku": _inner(there, "sku", "id"),
        "id": _either(_inner(there, "resource", "global_name"), _inner(there, "resource", "name")),
        "name": _inner(there, "resource", "name"),
        "unit": _inner(there, "usage", "unit"),
        "quantity": _inner(there, "usage", "amount"),
        "hours": _hours(there),
        "purchase": sku
        and Cell(f"CASE WHEN contains({sku.sql}, 'Spot Preemptible') THEN 'spot' ELSE 'on-demand' END", sku.names),
    }
    said = ("each row's credits are taken off its cost",) if "credits" in there else ()
    return Plan(there.names, filled(cells), there.first("labels"), notes=said)


def _hours(there: Columns) -> Cell | None:
    unit, amount = _inner(there, "usage", "pricing_unit"), _inner(there, "usage", "amount_in_pricing_units")
    if unit is None or amount is None:
        return None
    return Cell(f"CASE WHEN is_hour({unit.sql}) THEN {amount.sql} END", (*unit.names, *amount.names))


def _inner(there: Columns, group: str, name: str) -> Cell | None:
    """What stands in a nested column, or in the flattened one."""
    return there.first(f"{group}_{name}") or there.cell(f"json_extract_string({{{group}}}, '$.{name}')", group)


def _either(first: Cell | None, second: Cell | None) -> Cell | None:
    if first is None or second is None:
        return first or second
    return Cell(f"coalesce({first.sql}, {second.sql})", (*first.names, *second.names))


def _ours(columns: Sequence[str]) -> list[str]:
    """Flattened names with one kind of separator."""
    return [name.strip().replace(".", "_").replace("__", "_") for name in columns]
