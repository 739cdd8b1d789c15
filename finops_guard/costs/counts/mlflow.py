"""MLflow: runs of an experiment that finished, on the UTC day they ended.

Failed runs are not counted here and stay in the cost: what a finished run costs is all training over the finished
ones. A tag or a parameter of the run tells each key of `by`. `secret` is a bearer token, or a password where `user` is
given.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from finops_guard.costs.counts._counted import Asked, Counted, Tally
from finops_guard.costs.counts._login import site
from finops_guard.costs.web import Site
from finops_guard.errors import InputError, ScanError

_API = "/api/2.0/mlflow"
_PAGE = 1000
_PAGES = 1000


def count(asked: Asked) -> Counted:
    """Finished runs by day. ScanError where MLflow does not answer as it does, InputError for no such experiment."""
    there, name = site(asked, "mlflow"), asked.text("experiment")
    tally = Tally()
    tally.known(asked.days())
    for run in _runs(asked, there, _experiment(there, name)):
        day = _ended(run, there)
        if run["info"].get("status") == "FINISHED" and day is not None and asked.first <= day <= asked.last:
            tally.add(day, asked.key(_labels(run)), Decimal(1))
    return Counted(
        tally.amounts, f"MLflow runs of {name} with status FINISHED, on the UTC day they ended", f"mlflow {there.said}"
    )


def _experiment(there: Site, name: str) -> str:
    """The id of an experiment; a number that is no name is taken for the id itself."""
    try:
        answer = there.get(f"{_API}/experiments/get-by-name", [("experiment_name", name)])
        return str(answer["experiment"]["experiment_id"])
    except ScanError as wrong:
        if "RESOURCE_DOES_NOT_EXIST" not in wrong.what:
            raise
    except (TypeError, KeyError):
        raise _strange(there) from None
    if name.isdecimal():
        return name
    raise InputError(f"MLflow has no experiment '{name}'")


def _runs(asked: Asked, there: Site, experiment: str) -> Iterator[Any]:
    """Every run that ended in these days (MLflow REST API, Search Runs; times in milliseconds)."""
    start, end = (int(when.timestamp() * 1000) for when in (asked.start, asked.end))
    wanted = f"attributes.status = 'FINISHED' and attributes.end_time >= {start} and attributes.end_time < {end}"
    body = {"experiment_ids": [experiment], "filter": wanted, "max_results": _PAGE, "run_view_type": "ACTIVE_ONLY"}
    for _ in range(_PAGES):
        answer = there.post(f"{_API}/runs/search", body)
        if not isinstance(answer, dict) or not isinstance(answer.get("runs", []), list):
            raise _strange(there)
        yield from answer.get("runs", [])
        if not answer.get("next_page_token"):
            return
        body = {**body, "page_token": answer["next_page_token"]}
    raise ScanError(f"{there.said} answers without an end")


def _ended(run: Any, there: Site) -> date | None:  # noqa: ANN401 # a parsing border
    try:
        ended = run["info"].get("end_time")
        return datetime.fromtimestamp(int(ended) / 1000, UTC).date() if ended else None
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError, OSError):
        raise _strange(there) from None


def _labels(run: Any) -> dict[str, str]:  # noqa: ANN401 # as above
    """Parameters, and tags before them, by name."""
    data = run.get("data") or {}
    both = [*(data.get("params") or []), *(data.get("tags") or [])]
    return {str(each.get("key")): str(each.get("value")) for each in both if isinstance(each, dict)}


def _strange(there: Site) -> ScanError:
    return ScanError(f"{there.said} did not answer as MLflow does")
