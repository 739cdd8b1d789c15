from __future__ import annotations

import sys
from decimal import Decimal
from types import ModuleType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from finops_guard.costs import endpoints
from finops_guard.costs.counts import Asked, counted
from finops_guard.errors import InputError, ScanError
from tests.costs.answering import Answer, answering
from tests.costs.answering import Asked as Request
from tests.costs.counts.asking import asked, told

RESOURCE = "/subscriptions/1/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts/bot"
SPLIT = {"labels": {"model-version": "ModelDeploymentName"}}


def series(deployment: str | None, values: dict[int, float | None]) -> dict[str, object]:
    named = [{"name": {"value": "ModelDeploymentName"}, "value": deployment}] if deployment else []
    data = [
        {"timeStamp": f"2026-11-{day:02}T00:00:00Z", **({} if value is None else {"total": value})}
        for day, value in values.items()
    ]
    return {"metadatavalues": named, "data": data}


def azure(request: Request) -> Answer:
    """Metrics - List: one series, or with a filter on a dimension one for each of its values."""
    where = urlsplit(request.path)
    query = {name: values[0] for name, values in parse_qs(where.query).items()}
    assert unquote(where.path) == f"{RESOURCE}/providers/Microsoft.Insights/metrics"
    assert query["metricnames"] == "TokenTransaction"
    assert (query["interval"], query["aggregation"]) == ("P1D", "Total")
    assert query["timespan"] == "2026-11-01T00:00:00Z/2026-11-06T00:00:00Z"
    if query.get("$filter") == "Region eq 'we''st' and ModelDeploymentName eq '*'":
        found = [series("gpt-a", {1: 10, 2: 4}), series("gpt-b", {1: 1, 2: None})]
    else:
        assert "$filter" not in query
        found = [series(None, {1: 11, 2: 4, 3: None, 4: 0, 5: 8})]
    metric = {"name": {"value": "TokenTransaction"}, "errorCode": "Success", "timeseries": found}
    return 200, {}, {"interval": "P1D", "value": [metric]}


def asking(url: str, **more: Any) -> Asked:
    settings = {"resource": RESOURCE, "metric": "TokenTransaction", **more.pop("settings", {})}
    return asked("azure-monitor", settings, environ={"FINOPS_GUARD_AZURE_ENDPOINT": url}, **more)


def test_a_day_a_point_and_a_day_without_a_value_had_no_traffic() -> None:
    question = None
    with answering(azure) as here:
        question = asking(here.url)
        found = counted(question)
    amounts = {1: 11, 2: 4, 4: 0, 5: 8}
    assert told(found) == {**{day: {(): Decimal(each)} for day, each in amounts.items()}, 3: {}}
    assert found.remarks == ("on 1 days Azure Monitor has no point: they count as 0",)
    assert "processed inference tokens" in found.definition
    assert "Microsoft.CognitiveServices/accounts TokenTransaction, Total" in found.definition
    assert "Authorization" not in here.asked[0].headers  # anonymous on a loopback address
    assert question.reach.notes.calls["azure"].requests == 1


def test_a_dimension_tells_the_key() -> None:
    settings = {**SPLIT, "dimensions": {"Region": "we'st"}}
    with answering(azure) as here:
        found = counted(asking(here.url, by=("model-version",), settings=settings))
    assert told(found)[1] == {("gpt-a",): Decimal(10), ("gpt-b",): Decimal(1)}
    assert told(found)[2] == {("gpt-a",): Decimal(4)}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, {}, {"value": [{"errorCode": "InvalidSamplingType"}]}), "Azure Monitor answers InvalidSamplingType"),
        ((200, {}, {"value": [{"timeseries": [{"data": [{"total": 1}]}]}]}), "did not answer as Azure Monitor does"),
        ((200, {}, {"value": None}), "did not answer as Azure Monitor does"),
        (
            (403, {}, {"error": {"code": "AuthorizationFailed", "message": "client x"}}),
            "answered 403 AuthorizationFailed",
        ),
        ((302, {"Location": "http://127.0.0.1:1/"}, {}), "answered 302: redirects are not followed"),
    ],
)
def test_another_answer_is_an_error_and_no_zero(answer: Answer, says: str) -> None:
    with answering(lambda _: answer) as here, pytest.raises(ScanError, match=says):
        counted(asking(here.url))


def test_plain_http_is_for_this_machine_only() -> None:
    with pytest.raises(InputError, match="FINOPS_GUARD_AZURE_ENDPOINT is not https"):
        counted(asking("http://azure.example"))


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("azure", "azure.core", "azure.core.exceptions", "azure.identity"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="asking Azure needs the package azure") as wrong:
        counted(asking("https://management.example"))
    assert wrong.value.help == "pip install 'finops-guard-engine[azure]'"


class Refused(Exception):  # noqa: N818 - the name does not matter
    """What the SDK raises when nobody is logged in."""


def sdk(monkeypatch: pytest.MonkeyPatch, token: Any) -> None:
    """azure-identity as far as it is used."""

    class Credential:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def get_token(self, scope: str) -> Any:
            assert scope == "https://management.azure.com/.default"
            return token()

    exceptions, identity = ModuleType("azure.core.exceptions"), ModuleType("azure.identity")
    exceptions.ClientAuthenticationError = Refused  # type: ignore[attr-defined] # made up here
    identity.DefaultAzureCredential = Credential  # type: ignore[attr-defined] # as above
    found = {"azure.core.exceptions": exceptions, "azure.identity": identity}
    for name, module in {"azure": ModuleType("azure"), "azure.core": ModuleType("azure.core"), **found}.items():
        monkeypatch.setitem(sys.modules, name, module)


def test_elsewhere_a_token_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk(monkeypatch, lambda: type("Token", (), {"token": "t0ken"}))
    site = endpoints.azure(asking("https://management.example").reach)
    assert site.headers == {"Authorization": "Bearer t0ken"}


def test_nobody_logged_in_is_said_without_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Refused("secret things were tried")

    sdk(monkeypatch, refuse)
    with pytest.raises(ScanError, match=r"^nobody is logged in to Azure$"):
        endpoints.azure(asking("https://management.example").reach)
