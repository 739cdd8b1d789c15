from __future__ import annotations

import socket
from decimal import Decimal

import pytest

from finops_guard.costs import web
from finops_guard.costs.web import Site, trusted
from finops_guard.errors import InputError, ScanError
from finops_guard.model import Calls
from tests.costs.answering import Answer, Asked, answering


def test_numbers_keep_every_digit() -> None:
    with answering(lambda _: (200, {}, {"a": 0.1, "b": 12345678901234567890})) as here:
        assert Site(here.url).get("/x", [("q", "a b&c")]) == {"a": Decimal("0.1"), "b": 12345678901234567890}
    assert here.asked[0].path == "/x?q=a%20b%26c"


def test_a_throttled_request_waits_as_long_as_it_is_told_and_is_counted() -> None:
    answers: list[Answer] = [(429, {"Retry-After": "7"}, {}), (503, {}, {}), (200, {}, {"ok": 1})]
    waited: list[float] = []
    calls = Calls()
    with answering(lambda _: answers.pop(0)) as here:
        assert Site(here.url, calls=calls, pause=waited.append).post("/", {"n": 1}) == {"ok": 1}
    assert (calls.requests, calls.retries) == (3, 2)
    assert 7 <= waited[0] <= 8.4
    assert waited[1] <= 1.2
    assert [asked.body for asked in here.asked] == [{"n": 1}] * 3


def test_it_is_left_after_four_tries() -> None:
    with answering(lambda _: (500, {}, {"error": "s3cret"})) as here:
        with pytest.raises(ScanError, match=r"^127\.0\.0\.1 answered 500$"):
            Site(here.url, pause=lambda _: None).get("/s3cret")
        assert len(here.asked) == 4


def test_what_is_refused_for_good_is_not_tried_again() -> None:
    with answering(lambda _: (403, {}, {"error": {"code": "Forbidden", "message": "s3cret"}})) as here:
        with pytest.raises(ScanError, match=r"^127\.0\.0\.1 answered 403 Forbidden$"):
            Site(here.url, {"Authorization": "Bearer s3cret"}).get("/")
        assert len(here.asked) == 1


def test_a_redirect_is_not_followed() -> None:
    with answering(lambda _: (200, {}, {})) as elsewhere:

        def lead_away(_: Asked) -> Answer:
            return 302, {"Location": elsewhere.url}, {}

        with answering(lead_away) as here, pytest.raises(ScanError, match="redirects are not followed"):
            Site(here.url, {"Authorization": "Bearer s3cret"}).get("/")
        assert elsewhere.asked == []


def test_more_than_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LARGEST", 1024)
    with answering(lambda _: (200, {}, "x" * 2000)) as here, pytest.raises(ScanError, match="more than"):
        Site(here.url).get("/")


def test_a_server_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "TIMEOUT", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ScanError, match=r"^prom did not answer: TimeoutError$"):
            Site(url, name="prom", pause=lambda _: None).get("/")


def test_what_is_no_json_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.costs.answering.json.dumps", lambda _: "<html>")
    with answering(lambda _: (200, {}, {})) as here, pytest.raises(ScanError, match="answered with what is not JSON"):
        Site(here.url).get("/")


@pytest.mark.parametrize(
    "url", ["https://a.example/path", "http://127.0.0.1:9/x/", "http://localhost", "http://[::1]:1"]
)
def test_addresses_that_may_be_asked(url: str) -> None:
    assert trusted(url, "it") == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["", "https://", "http://a.example", "https://a b", "https://u@a.example", "https://[::1"]
)
def test_addresses_that_may_not(url: str) -> None:
    with pytest.raises(InputError, match="the address of it"):
        trusted(url, "it")


def test_what_must_not_be_done_twice_is_tried_once() -> None:
    with answering(lambda _: (500, {}, {})) as here:
        with pytest.raises(ScanError, match="answered 500"):
            Site(here.url, tries=1).patch("/x", {"n": 1})
        assert [(asked.method, asked.body) for asked in here.asked] == [("PATCH", {"n": 1})]


def test_a_status_is_not_said_twice() -> None:
    with (
        answering(lambda _: (403, {}, {"status": "403", "message": "s3cret"})) as here,
        pytest.raises(ScanError, match=r"^127\.0\.0\.1 answered 403$"),
    ):
        Site(here.url).get("/")
