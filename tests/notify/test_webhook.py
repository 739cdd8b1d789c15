"""The webhook: what a receiver gets and can verify, and what is never said or followed."""

from __future__ import annotations

import hmac
import json
import socket
from hashlib import sha256
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import OpenerDirector, Request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.errors import ActError, GuardError, InputError
from finops_guard.notify import _http, webhook
from finops_guard.notify._notice import to_json
from tests.notify.build import item, notice
from tests.notify.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_receiver_can_verify_what_it_gets(receiver: Receiver) -> None:
    to = {"to": "webhook", "url": "$env.URL", "secret": "$env.HOOK"}
    told = notice(to, item(name="\x1b[31m\u202e\udc80"))
    webhook.send(told, to, {"URL": receiver.url, "HOOK": "s3cr3t"})
    (got,) = receiver.got
    signed = got.headers["X-Finops-Guard-Timestamp"].encode() + b"." + got.body
    assert got.headers["X-Finops-Guard-Signature"] == "sha256=" + hmac.new(b"s3cr3t", signed, sha256).hexdigest()
    assert got.headers["X-Finops-Guard-Key"] == told.key
    assert got.headers["Content-Type"] == "application/json"
    assert json.loads(got.body) == json.loads(json.dumps(to_json(told)))
    assert got.body.isascii()
    assert b"\x1b" not in got.body


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    to = {"to": "webhook", "url": receiver.url}
    webhook.send(notice(to), to, {})
    assert "X-Finops-Guard-Signature" not in receiver.got[0].headers


@pytest.mark.parametrize(
    ("answers", "tries"),
    [([200], 1), ([503, 200], 2), ([500, 429, 204], 3), ([408, 201], 2)],
)
def test_what_may_pass_is_tried_three_times(receiver: Receiver, answers: list[int], tries: int) -> None:
    receiver.answers = answers
    to = {"to": "webhook", "url": receiver.url}
    webhook.send(notice(to), to, {})
    assert len(receiver.got) == tries
    assert len({got.headers["X-Finops-Guard-Key"] for got in receiver.got}) == 1


@pytest.mark.parametrize(("status", "tries"), [(502, 3), (400, 1), (401, 1), (404, 1), (410, 1)])
def test_what_is_not_taken_is_an_error(receiver: Receiver, status: int, tries: int) -> None:
    receiver.answers = [status] * 5
    to = {"to": "webhook", "url": receiver.url}
    with pytest.raises(ActError, match=f"^the webhook answered {status}$"):
        webhook.send(notice(to), to, {})
    assert len(receiver.got) == tries


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_lead_nowhere(receiver: Receiver, status: int) -> None:
    elsewhere = Receiver()
    receiver.answers, receiver.location = [status], elsewhere.url
    to = {"to": "webhook", "url": receiver.url}
    with pytest.raises(ActError, match=f"answered {status}: redirects are not followed"):
        webhook.send(notice(to), to, {})
    elsewhere.close()
    assert len(receiver.got) == 1
    assert elsewhere.got == []


def test_a_server_that_hangs_or_is_not_there_is_an_error(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "TIMEOUT", 0.05)
    receiver.slow = 0.5
    to = {"to": "webhook", "url": receiver.url}
    with pytest.raises(ActError, match=r"^the webhook did not answer: "):
        webhook.send(notice(to), to, {})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        to = {"to": "webhook", "url": f"http://127.0.0.1:{free.getsockname()[1]}/"}
    with pytest.raises(ActError, match=r"^the webhook did not answer: ConnectionRefusedError$"):
        webhook.send(notice(to), to, {})


@pytest.mark.parametrize(
    "url",
    ["http://example.com/x", "ftp://127.0.0.1/", "file:///etc/passwd", "", "https://", "https://a b/", "x",
     "https://u:p@example.com/", "http://127.0.0.1.example.com/", "https://[::1", "https://h:99999/",
     "http://169.254.169.254/latest", "https://exämple.com/"],
)  # fmt: skip
def test_only_https_and_loopback_are_addresses(url: str) -> None:
    with pytest.raises(InputError) as caught:
        webhook.send(notice({"to": "webhook"}), {"to": "webhook", "url": url}, {})
    assert not url or len(url) < 4 or url not in caught.value.what


def test_a_secret_that_is_missing_or_empty_sends_nothing(receiver: Receiver) -> None:
    to = {"to": "webhook", "url": receiver.url, "secret": "$env.HOOK"}
    for environ in ({}, {"HOOK": ""}):
        with pytest.raises(InputError, match="HOOK"):
            webhook.send(notice(to), to, environ)
    assert receiver.got == []


def test_a_large_notice_goes_in_parts_that_have_keys_of_their_own(receiver: Receiver) -> None:
    to = {"to": "webhook", "url": receiver.url}
    many = [item(f"m-{n}", why=("w" * 500,)) for n in range(1500)]
    for _ in range(2):
        webhook.send(notice(to, *many), to, {})
    assert all(len(got.body) <= 512 * 1024 for got in receiver.got)
    half = len(receiver.got) // 2
    assert half > 1
    keys = [got.headers["X-Finops-Guard-Key"] for got in receiver.got]
    assert keys[:half] == keys[half:]
    assert len(set(keys)) == half
    names = [each["finding"] for got in receiver.got[:half] for each in json.loads(got.body)["groups"][0]["items"]]
    assert names == [each.finding for each in many]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@given(
    secret=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=8),
    shape=st.sampled_from(
        ["http://127.0.0.1:1/{}", "https://h/{}", "https://{}.invalid/", "https://u:{}@h/", "{}", "http://h/{}",
         "http://localhost:{}/"]
    ),
    raised=st.sampled_from([URLError, OSError, HTTPException, ValueError, TimeoutError]),
)  # fmt: skip
def test_no_error_holds_a_secret(secret: str, shape: str, raised: type[Exception]) -> None:
    """Also where what failed says all it knows."""
    to = {"to": "webhook", "url": "$env.URL", "secret": "$env.HOOK"}

    def fails(_self: object, asked: Request, **_: object) -> None:
        raise raised(f"{asked.full_url} {secret}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OpenerDirector, "open", fails)
        with pytest.raises(GuardError) as caught:
            webhook.send(notice(to), to, {"URL": shape.format(secret), "HOOK": secret})
    for error in _chain(caught.value):
        for text in (str(error), repr(error), getattr(error, "what", ""), getattr(error, "help", "") or ""):
            assert secret not in text
