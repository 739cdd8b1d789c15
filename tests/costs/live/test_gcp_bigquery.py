from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_guard.costs.live import gcp_bigquery
from finops_guard.costs.reach import Reach
from finops_guard.errors import InputError, ScanError
from finops_guard.model.money import CostSource
from tests.costs.answering import Answer, Answering, Asked, answering

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TABLE = "acme-billing.export.gcp_billing_export_v1_0123"
SOURCE = CostSource("gcp-bigquery", {"table": TABLE})
NAMES = "day cost_type project project_name region service sku usage currency labels cost credits".split()
REGULAR = [
    *"2026-11-02 regular ml-prod ML europe-west4 Vertex SKU-1 Training EUR".split(),
    '[{"key": "team", "value": "vision"}]',
    "12.345678901234567",
    "-2.5",
]
TAX = ["2026-11-30", "tax", None, None, None, "Invoice", "T", "Tax", "EUR", "[]", "21", "0"]
JOB = {"projectId": "acme-billing", "jobId": "job_1", "location": "EU"}


def page(*rows: list[Any], **more: object) -> dict[str, object]:
    fields = [{"name": name, "type": "STRING"} for name in NAMES]
    cells = [{"f": [{"v": value} for value in row]} for row in rows]
    return {"jobComplete": True, "jobReference": JOB, "schema": {"fields": fields}, "rows": cells} | more


def reach(here: Answering, cache: Path, **more: Any) -> Reach:
    return Reach(NOW, cache, cache, {"FINOPS_GUARD_GCP_ENDPOINT": here.url}, **more)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_credits_are_rows_of_their_own_and_pages_are_followed(tmp_path: Path) -> None:
    def bigquery(asked: Asked) -> Answer:
        if asked.method == "POST":
            return 200, {}, {"jobComplete": False, "jobReference": JOB}
        if "pageToken" in asked.path:
            return 200, {}, page(TAX)
        return 200, {}, page(REGULAR, pageToken="p2")

    with answering(bigquery) as here:
        given = reach(here, tmp_path)
        (path,) = gcp_bigquery.fetch(SOURCE, given)
    found = rows(path)
    assert [(row["ChargeCategory"], row["BilledCost"], row["SubAccountId"], row["Tags"]) for row in found] == [
        ("Usage", "12.345678901234567", "ml-prod", '{"team": "vision"}'),
        ("Credit", "-2.5", "ml-prod", '{"team": "vision"}'),
        ("Tax", "21", "", "{}"),
    ]
    body = here.asked[0].body
    assert f"`{TABLE}`" in body["query"]
    assert body["useLegacySql"] is False
    assert body["queryParameters"][0]["parameterValue"] == {"value": "2026-08-01"}
    assert int(body["maximumBytesBilled"]) == 100 * 2**30
    assert here.asked[1].path.startswith("/bigquery/v2/projects/acme-billing/queries/job_1?location=EU")
    assert given.notes.calls["gcp"].usd == Decimal("0.61")


@pytest.mark.parametrize("table", ["acme.export", "acme-billing.x.y` WHERE 1=1 --", "", "acme-billing.a.b.c d"])
def test_a_table_that_is_none_never_reaches_the_query(table: str, tmp_path: Path) -> None:
    with answering(lambda _: (200, {}, page())) as here:
        with pytest.raises(InputError, match="is no table of BigQuery"):
            list(gcp_bigquery.fetch(CostSource("gcp-bigquery", {"table": table}), reach(here, tmp_path)))
        assert here.asked == []


@pytest.mark.parametrize("said", [{}, [], {"jobComplete": True}, {"jobComplete": True, "schema": []}])
def test_an_answer_of_another_shape_is_refused(said: object, tmp_path: Path) -> None:
    with answering(lambda _: (200, {}, said)) as here, pytest.raises(ScanError, match="did not answer as BigQuery"):
        list(gcp_bigquery.fetch(SOURCE, reach(here, tmp_path)))


def test_what_it_may_cost_is_a_bound(tmp_path: Path) -> None:
    with answering(lambda _: (200, {}, page())) as here, pytest.raises(ScanError, match=r"more than 0\.5 USD"):
        list(gcp_bigquery.fetch(SOURCE, reach(here, tmp_path, max_usd=Decimal("0.5"))))
    assert here.asked == []


def test_a_row_without_a_cost_is_not_free(tmp_path: Path) -> None:
    without = [*TAX[:10], None, "0"]
    with answering(lambda _: (200, {}, page(without))) as here, pytest.raises(ScanError, match="without a cost"):
        list(gcp_bigquery.fetch(SOURCE, reach(here, tmp_path)))
    assert list((tmp_path / "live").glob("*.csv")) == []
