"""The schema of what a policy says of money: bills, prices, budgets, unit costs, and what is assumed of a plan."""

from __future__ import annotations

from finops_guard.language.literals import CURRENCIES
from finops_guard.language.schema import Schema, choice, closed, literal, named, ref, texts
from finops_guard.language.schema_parts import CLOUDS, CURRENCY, FREE, TEXT, listed

COST_SOURCES = "focus aws-cur azure-export gcp-billing gcp-bigquery aws-cost-explorer azure-cost-management".split()
COUNT_SOURCES = "csv inventory cloudwatch azure-monitor gcp-monitoring prometheus mlflow focus".split()
PERIODS = ("day", "week", "month", "quarter", "year")


def money() -> dict[str, Schema]:
    """The keys of a policy that are about money."""
    cost = closed(
        {
            "from": choice(*COST_SOURCES),
            "path": TEXT,
            "currency": CURRENCY | {"description": "Of rows that name none; without it their file is refused."},
            "max_per_day": literal("money"),
            "table": TEXT,
            "scope": TEXT,
        },
        ("from",),
    )
    shared = closed(
        {"charge": ref("charge"), "split_by": choice("accelerator_hours", "cost", "even")},
        ("charge", "split_by"),
    )
    discount = closed(dict.fromkeys(CLOUDS, literal("percent")), minProperties=1)
    budgets = {"properties": {"from": TEXT}, "additionalProperties": ref("budget"), "minProperties": 1}
    return {
        "costs": listed(cost),
        "rates": closed({"discount": discount, "cards": texts()}, minProperties=1),
        "shared": listed(shared),
        "budgets": FREE | budgets,
        "units": named(ref("unit"), minProperties=1),
        "assume": FREE | {"additionalProperties": _usage(), "minProperties": 1},
    }


def _usage() -> Schema:
    """What is assumed of a resource before it runs."""
    return closed(
        {
            **dict.fromkeys(("bytes_processed_month", "bytes_ingested_month", "bytes_stored"), literal("size")),
            "hours_month": {"type": "number", "minimum": 0},
            "instances": {"type": "integer", "minimum": 0},
            "instance_type": TEXT,
        },
        minProperties=1,
    )


def rates() -> Schema:
    """What one unit of a currency is in others, on a day."""
    to = {name: {"type": "number", "exclusiveMinimum": 0} for name in sorted(CURRENCIES)}
    rates = closed({"as_of": literal("date"), **to}, ("as_of",), minProperties=2)
    return {"type": "object", "propertyNames": CURRENCY, "additionalProperties": rates, "minProperties": 1}


def budget() -> Schema:
    """A budget."""
    number = r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
    limit = {"type": "string", "pattern": f"^{number} (?:[A-Z]{{3}}|accelerator-hours)$", "title": "limit"}
    return closed(
        {
            "limit": limit,
            "every": choice(*PERIODS),
            "for": ref("condition"),
            "metric": choice("effective", "billed", "list"),
            "plan": {
                "type": "object",
                "propertyNames": {
                    "pattern": "^[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?$",
                    "title": "period",
                },
                "additionalProperties": limit,
            },
            "fiscal_start": {
                "type": "string",
                "pattern": "^(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$",
                "title": "day of the year",
            },
            "timezone": TEXT,
            "rollover": closed({"unused": literal("percent")}, ("unused",)),
            "owner": TEXT,
        },
        ("limit", "every"),
    )


def unit() -> Schema:
    """A unit cost."""
    count = closed(
        {
            "from": choice(*COUNT_SOURCES),
            "path": TEXT,
            "url": TEXT,
            "query": TEXT,
            "namespace": TEXT,
            "metric": TEXT,
            "dimensions": {"type": "object", "additionalProperties": {"type": "string"}},
            "statistic": choice("sum", "mean", "max", "min", "count"),
            "labels": {"type": "object", "additionalProperties": TEXT, "minProperties": 1},
            "region": TEXT,
            "resource": TEXT,
            "project": TEXT,
            "experiment": TEXT,
            "user": TEXT,
            "secret": TEXT,
            "match": ref("condition"),
            "scale": {"type": "number", "exclusiveMinimum": 0},
        },
        ("from",),
    )
    return closed(
        {
            "of": TEXT,
            "cost": closed({"for": ref("condition")}, ("for",)),
            "count": count,
            "by": texts(),
            "minimum": {"type": "number", "minimum": 0},
            "target": literal("money"),
        },
        ("of", "cost", "count"),
    )
