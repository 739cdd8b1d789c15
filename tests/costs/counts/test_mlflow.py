from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from finops_guard.costs.counts import Asked, counted
from finops_guard.errors import InputError, ScanError
from tests.costs.answering import Answer, answering
from tests.costs.answering import Asked as Request
from tests.costs.counts.asking import asked, told


def run(day: str, version: str | None, status: str = "FINISHED") -> dict[str, Any]:
    ended = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    tags = [{"key": "model_version", "value": version}] if version else []
    return {
        "info": {"status": status, "start_time": ended - 1, "end_time": ended},
        "data": {"tags": tags, "params": [{"key": "lr", "value": "1"}]},
    }


RUNS = [
    run("2026-11-01T00:00:00", "v1"),
    run("2026-11-01T23:59:59", "v1"),
    run("2026-11-02T10:00:00", None),
    run("2026-11-02T11:00:00", "v1", "FAILED"),
    run("2026-10-31T23:59:59", "v1"),
    run("2026-11-06T00:00:00", "v1"),
    run("2026-11-05T12:00:00", "v2"),
]


def mlflow(request: Request) -> Answer:
    """Experiments and runs as MLflow has them, two runs a page; it filters by the end and trusts nobody's status."""
    where = urlsplit(request.path)
    if where.path.endswith("/experiments/get-by-name"):
        name = parse_qs(where.query)["experiment_name"][0]
        if name != "churn":
            return 404, {}, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {name}"}
        return 200, {}, {"experiment": {"experiment_id": "7", "name": name}}
    assert where.path == "/api/2.0/mlflow/runs/search"
    body = request.body
    if body["experiment_ids"] != ["7"]:
        return 200, {}, {}
    bounds = re.findall(r"end_time (?:>=|<) (\d+)", body["filter"])
    runs = [each for each in RUNS if int(bounds[0]) <= each["info"]["end_time"] < int(bounds[1])]
    start = int(body.get("page_token", "0"))
    answer: dict[str, object] = {"runs": runs[start : start + 2]}
    if start + 2 < len(runs):
        answer["next_page_token"] = str(start + 2)
    return 200, {}, answer


def asking(url: str, experiment: str = "churn", **more: Any) -> Asked:
    return asked("mlflow", {"url": url, "experiment": experiment}, **more)


def test_finished_runs_count_on_the_day_they_ended_and_failed_ones_do_not() -> None:
    with answering(mlflow) as here:
        found = counted(asking(here.url, by=("model-version",)))
    one = Decimal(1)
    assert told(found) == {1: {("v1",): 2 * one}, 2: {(None,): one}, 3: {}, 4: {}, 5: {("v2",): one}}
    assert found.definition == "MLflow runs of churn with status FINISHED, on the UTC day they ended"


def test_an_experiment_may_be_named_by_its_id() -> None:
    with answering(mlflow) as here:
        assert told(counted(asking(here.url, "7")))[1] == {(): Decimal(2)}


def test_no_such_experiment_is_a_mistake() -> None:
    with answering(mlflow) as here, pytest.raises(InputError, match="MLflow has no experiment 'chrun'"):
        counted(asking(here.url, "chrun"))


@pytest.mark.parametrize("answer", [[], {"runs": 1}, {"runs": [{}]}, {"runs": [{"info": {"end_time": "x"}}]}])
def test_another_answer_is_an_error_and_no_zero(answer: object) -> None:
    def strange(request: Request) -> Answer:
        return mlflow(request) if request.method == "GET" else (200, {}, answer)

    with answering(strange) as here, pytest.raises(ScanError, match="did not answer as MLflow does"):
        counted(asking(here.url))


def test_an_answer_without_an_end_is_left() -> None:
    def endless(request: Request) -> Answer:
        return mlflow(request) if request.method == "GET" else (200, {}, {"runs": [], "next_page_token": "again"})

    with answering(endless) as here, pytest.raises(ScanError, match="without an end"):
        counted(asking(here.url))
