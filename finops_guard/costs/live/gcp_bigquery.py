"""GCP's billing export in BigQuery: cost by day, project, service, SKU and labels (jobs.query of the REST API v2).

Credits are rows of their own, of ChargeCategory Credit, as FOCUS has them. The export's amounts are binary fractions:
their shortest decimal text is added, and a sum has 18 decimals. The query's bytes are bounded: BigQuery bills by what
it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from json import dumps, loads
from pathlib import Path
from typing import Any
from urllib.parse import quote

from finops_guard.costs import endpoints
from finops_guard.costs.live._answers import Days, answered, days_of, row_of
from finops_guard.costs.live._paid import pay
from finops_guard.costs.reach import Reach
from finops_guard.costs.web import Site
from finops_guard.errors import InputError, ScanError
from finops_guard.language.secrets import resolve
from finops_guard.model.money import CostSource

PERMISSIONS = ("bigquery.jobs.create", "bigquery.tables.getData")

_TABLE = re.compile(r"([a-z][a-z0-9.:-]{4,}[a-z0-9])\.([A-Za-z0-9_]+)\.([A-Za-z0-9_*-]+)")
_SCOPE = "https://www.googleapis.com/auth/bigquery.readonly"
_BYTES_AT_MOST = 100 * 2**30
_USD_AT_MOST = Decimal("0.61")
"""100 GiB at $6.25 a TiB (https://cloud.google.com/bigquery/pricing, on demand, as remembered in 2026-11: verify)."""
_WAIT_MS = 20_000
_POLLS = 15
_QUERY = """
SELECT CAST(DATE(usage_start_time) AS STRING) AS day, cost_type, project.id AS project, project.name AS project_name,
  location.region AS region, service.description AS service, sku.id AS sku, sku.description AS usage, currency,
  TO_JSON_STRING(ARRAY(SELECT AS STRUCT key, value FROM UNNEST(labels) ORDER BY key)) AS labels,
  CAST(ROUND(SUM(PARSE_BIGNUMERIC(CAST(cost AS STRING))), 18) AS STRING) AS cost,
  CAST(ROUND(SUM((SELECT SUM(PARSE_BIGNUMERIC(CAST(amount AS STRING))) FROM UNNEST(credits))), 18) AS STRING) AS credits
FROM `{table}`
WHERE usage_start_time >= TIMESTAMP(@start) AND usage_start_time < TIMESTAMP(@end)
GROUP BY ALL
"""
_CATEGORIES = {"tax": "Tax", "adjustment": "Adjustment", "rounding_error": "Adjustment"}
"""cost_type of the export -> FOCUS ChargeCategory; `regular` is usage."""


def fetch(source: CostSource, reach: Reach) -> Iterator[Path]:
    """One FOCUS-shaped file. InputError for a table that is none, ScanError where BigQuery refuses."""
    written = resolve(str(source.settings["table"]), reach.environ)
    table = _TABLE.fullmatch(written)
    if table is None:
        raise InputError(f"'{written}' is no table of BigQuery", help="table: project.dataset.table")
    days, there = days_of(reach), endpoints.gcp(reach, "bigquery.googleapis.com", _SCOPE)
    ask = partial(_rows, source, reach, there, table, days)
    yield answered(reach, "gcp-bigquery", (there.base, written, days), ask)


def _rows(source: CostSource, reach: Reach, there: Site, table: re.Match[str], days: Days) -> Iterator[dict[str, str]]:
    pay(source, reach, reach.notes.calls["gcp"], _USD_AT_MOST)
    for cells in _answers(there, table, days):
        day, labels = date.fromisoformat(cells["day"]), loads(cells["labels"] or "[]")
        more = {
            "ProviderName": "Google Cloud",
            "BillingCurrency": cells["currency"],
            "SubAccountId": cells["project"],
            "SubAccountName": cells["project_name"],
            "RegionId": cells["region"],
            "ServiceName": cells["service"],
            "SkuId": cells["sku"],
            "SkuMeter": cells["usage"],
            "Tags": dumps({str(label["key"]): str(label["value"]) for label in labels}),
            "ChargeCategory": _CATEGORIES.get(cells["cost_type"], "Usage"),
        }
        if not cells["cost"]:
            raise ScanError(f"BigQuery has rows of {day} without a cost: what they cost is not known")
        cost, credit = Decimal(cells["cost"]), Decimal(cells["credits"] or 0)  # no credits: none were given
        yield row_of(day, more, billed=cost, effective=cost)
        if credit:
            yield row_of(day, more | {"ChargeCategory": "Credit"}, billed=credit, effective=credit)


def _answers(there: Site, table: re.Match[str], days: Days) -> Iterator[dict[str, str]]:
    project = quote(table[1], safe=":")
    body = {
        "query": _QUERY.format(table=table[0]),
        "useLegacySql": False,
        "parameterMode": "NAMED",
        "queryParameters": [_day("start", days.start), _day("end", days.end)],
        "maximumBytesBilled": str(_BYTES_AT_MOST),
        "timeoutMs": _WAIT_MS,
    }
    page = there.post(f"/bigquery/v2/projects/{project}/queries", body)
    for _ in range(_POLLS):
        if not isinstance(page, dict) or page.get("jobComplete") is not False:
            break
        page = _page(there, project, page, None)
    else:
        raise ScanError("BigQuery has not finished in five minutes", help="cluster or partition the export by day")
    names = [str(each["name"]) for each in page["schema"]["fields"]] if _is_whole(page) else []
    if not names:
        raise ScanError(f"{there.said} did not answer as BigQuery does")
    while True:
        for row in page.get("rows", ()):
            yield dict(zip(names, (str(cell["v"] or "") for cell in row["f"]), strict=True))
        if not page.get("pageToken"):
            return
        page = _page(there, project, page, page["pageToken"])


def _page(there: Site, project: str, page: Any, token: str | None) -> Any:  # noqa: ANN401 # a parsing border
    job = page["jobReference"]
    query = [("location", str(job.get("location", ""))), ("timeoutMs", str(_WAIT_MS))]
    query += [("pageToken", token)] if token else []
    # The reference comes along with the first page only.
    path = f"/bigquery/v2/projects/{project}/queries/{quote(str(job['jobId']), safe='')}"
    return {"jobReference": job} | there.get(path, query)


def _is_whole(page: Any) -> bool:  # noqa: ANN401 # as above
    return isinstance(page, dict) and isinstance(page.get("schema"), dict) and "fields" in page["schema"]


def _day(name: str, day: date) -> dict[str, object]:
    return {"name": name, "parameterType": {"type": "DATE"}, "parameterValue": {"value": day.isoformat()}}
