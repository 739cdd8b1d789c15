"""Prometheus, or what speaks its HTTP API: one range query, evaluated at the end of each UTC day.

The query counts the day before: `sum by (model_version) (increase(vllm:generation_tokens_total[1d]))`. A label tells
each key of `by`. A day without any sample was not counted. `secret` is a bearer token, or a password where `user` is
given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from finops_guard.costs.counts._counted import DAY, Asked, Counted, Tally, meaning
from finops_guard.costs.counts._login import site
from finops_guard.costs.tables import rows
from finops_guard.errors import ScanError

_STEP = "86400"


def count(asked: Asked) -> Counted:
    """What the query gives for each day. ScanError where Prometheus does not answer with a matrix of numbers."""
    there, query = site(asked, "prometheus"), asked.text("query")
    span = [("start", f"{(asked.start + DAY).timestamp():.0f}"), ("end", f"{asked.end.timestamp():.0f}")]
    answer = there.get("/api/v1/query_range", [("query", query), *span, ("step", _STEP)])
    tally = Tally()
    for labels, day, value in _samples(answer, there.said):
        if asked.first <= day <= asked.last:
            tally.add(day, asked.key(labels), value)
    return Counted(
        tally.amounts,
        f"Prometheus {query}, at the end of each UTC day{_known(query)}",
        f"prometheus {there.said}",
        gauge=asked.gauge,
    )


def _samples(answer: Any, said: str) -> Iterator[tuple[Mapping[str, str], date, Decimal]]:  # noqa: ANN401 # a parsing border
    """(labels, day, value) of a matrix (prometheus.io, HTTP API, range vectors): values are [seconds, text]."""
    try:
        if answer["status"] != "success" or answer["data"]["resultType"] != "matrix":
            raise ScanError(f"{said} did not answer with a matrix")
        for series in answer["data"]["result"]:
            labels = {str(name): str(value) for name, value in series["metric"].items()}
            for when, text in series["values"]:
                value = Decimal(text)
                if value.is_finite():  # NaN is no sample
                    yield labels, _day_before(when), _counted(value, said)
    except (TypeError, KeyError, ValueError, AttributeError, InvalidOperation):
        raise ScanError(f"{said} did not answer as Prometheus does") from None


def _counted(value: Decimal, said: str) -> Decimal:
    if value < 0:
        raise ScanError(f"{said} counts less than nothing on a day", help="a count is never negative")
    return value


def _day_before(seconds: float | Decimal) -> date:
    return (datetime.fromtimestamp(int(seconds), UTC) - DAY).date()


def _known(query: str) -> str:
    named = (row["metric"] for row in rows("unit_metrics") if row["source"] == "prometheus" and row["metric"] in query)
    return meaning("prometheus", next(named, ""))
