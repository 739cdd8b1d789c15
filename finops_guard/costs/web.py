"""JSON over HTTP for what costs and counts read: bounded in time and size, tried again where that may help.

Redirects are not followed, so nothing that is sent along reaches a host that nobody named. Addresses and headers can
be secrets: nothing said here holds more of an address than its host.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from email.message import Message
from http.client import HTTPException
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib import request
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

from finops_guard.errors import InputError, ScanError
from finops_guard.state.reaching import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from finops_guard.model import Calls

TIMEOUT = 20.0
LARGEST = 32 * 1024 * 1024
_TRIES = 4
_LONGEST_WAIT = 30.0
_LONGEST = 120.0
_PASSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_SAID = 200


class NoRedirect(request.HTTPRedirectHandler):
    """A redirect is an error like any other."""

    def redirect_request(self, *_: object) -> None:
        """No request."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place to ask: its address without a slash at the end, and the headers that every request carries.

    `name` is what errors call it, its host if empty. `calls` counts requests where given; `pause` waits, in seconds;
    `tries` is 1 for what must not be done twice.
    """

    base: str
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: Calls | None = None
    name: str = ""
    pause: Callable[[float], None] = sleep
    tries: int = _TRIES

    @property
    def host(self) -> str:
        """The host, which is all that may be said of the address."""
        return urlsplit(self.base).hostname or ""

    @property
    def said(self) -> str:
        """What errors call it."""
        return self.name or self.host

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Any:  # noqa: ANN401 - a parsing border
        """The answer to a GET, numbers as int and Decimal. ScanError where there is none that can be used."""
        return self._answer("GET", path + (f"?{urlencode(query, quote_via=quote)}" if query else ""))[0]

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - as above
        """The answer to a POST of JSON."""
        return self._answer("POST", path, body)[0]

    def patch(self, path: str, body: object) -> Any:  # noqa: ANN401 - as above
        """The answer to a PATCH of JSON."""
        return self._answer("PATCH", path, body)[0]

    def post_whole(self, path: str, body: object) -> tuple[Any, Message]:
        """The answer to a POST of JSON, with its headers."""
        return self._answer("POST", path, body)

    def _answer(self, method: str, path: str, data: object = None) -> tuple[Any, Message]:
        body = None if data is None else json.dumps(data).encode()
        end = monotonic() + _LONGEST
        direct = [request.ProxyHandler({})] if is_loopback(self.host) else []
        opener = request.build_opener(NoRedirect, *direct)
        headers = {"Accept": "application/json", "User-Agent": "finops-guard", **self.headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        for tries in range(1, self.tries + 1):
            asked = request.Request(self.base + path, body, headers, method=method)  # noqa: S310 - see `trusted`
            try:
                return self._once(opener, asked)
            except _TryAgain as wrong:
                wait = min(wrong.after if wrong.after is not None else 2.0 ** (tries - 2), _LONGEST_WAIT)
                if tries == self.tries or monotonic() + wait > end:
                    raise ScanError(f"{self.said} {wrong}") from None
            if self.calls is not None:
                self.calls.retries += 1
            self.pause(wait * random.uniform(1.0, 1.2))  # noqa: S311 - so that two who were refused come apart
        raise AssertionError  # the last try returns or raises

    def _once(self, opener: request.OpenerDirector, asked: request.Request) -> tuple[Any, Message]:
        if self.calls is not None:
            self.calls.requests += 1
        try:
            with opener.open(asked, timeout=TIMEOUT) as response:
                body, headers = response.read(LARGEST + 1), response.headers
        except HTTPError as error:
            with error:
                raise self._refused(error) from None
        except (OSError, HTTPException, ValueError) as error:  # a host that is no name is a UnicodeError
            raise _TryAgain(f"did not answer: {type(getattr(error, 'reason', error)).__name__}") from None
        if len(body) > LARGEST:
            raise ScanError(f"{self.said} answered with more than {LARGEST // 1024**2} MiB", help="ask for less")
        try:
            return json.loads(body, parse_float=Decimal, parse_constant=str), headers
        except (ValueError, RecursionError):
            raise ScanError(f"{self.said} answered with what is not JSON") from None

    def _refused(self, error: HTTPError) -> ScanError | _TryAgain:
        if error.code in _PASSES:
            return _TryAgain(f"answered {error.code}", _seconds(error.headers))
        if 300 <= error.code < 400:  # noqa: PLR2004 - HTTP's own lines
            return ScanError(f"{self.said} answered {error.code}: redirects are not followed")
        return ScanError(f"{self.said} answered {error.code}{_reason(error)}")


class _TryAgain(Exception):  # noqa: N818 - it is a fact about a request
    """No usable answer, and the next try may get one, `after` so many seconds."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


def trusted(url: str, what: str) -> str:
    """An address that may be asked: https, or http to a loopback address. InputError otherwise, which names `what`."""
    try:
        where = urlsplit(url)
        host, named = where.hostname or "", where.username is not None
        _ = where.port
    except ValueError:
        host, named, where = "", False, urlsplit("")
    if not host or where.query or where.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise InputError(f"the address of {what} is none", help="https://host/path")
    if named:
        raise InputError(f"the address of {what} holds a user or a password", help="use secret: $env.NAME")
    if where.scheme == "https" or (where.scheme == "http" and is_loopback(host)):
        return url.rstrip("/")
    raise InputError(f"the address of {what} is not https", help="plain http is for a loopback address only")


def _seconds(headers: Message) -> float | None:
    """The longest that a `Retry-After` names in seconds; Azure has one of its own for each kind of limit."""
    said = [value.strip() for name, value in headers.items() if name.casefold().endswith("retry-after")]
    return max((float(text) for text in said if text.isdecimal() and text.isascii()), default=None)


def _reason(error: HTTPError) -> str:
    """The server's own short words: an error code or a type, which is no place for secrets, never its message."""
    try:
        data = json.loads(error.read(LARGEST))
    except (OSError, HTTPException, ValueError, RecursionError):
        return ""
    inner = data.get("error", data) if isinstance(data, dict) else {}
    found = inner if isinstance(inner, dict) else data
    for name in ("status", "code", "error_code", "errorType"):
        said = found.get(name)
        if not isinstance(said, str) or said in ("error", str(error.code)):
            continue
        if said.replace("_", "").replace(".", "").isalnum():
            return f" {said[:_SAID]}"
    return ""
