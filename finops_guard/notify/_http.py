"""One POST over HTTPS: bounded in time, tried again where that may help, never led elsewhere.

Addresses can be secrets: nothing said here holds one.
"""

from __future__ import annotations

import random
from http.client import HTTPException
from time import sleep
from typing import TYPE_CHECKING
from urllib import request
from urllib.error import HTTPError
from urllib.parse import urlsplit

from finops_guard.costs.web import NoRedirect
from finops_guard.errors import InputError
from finops_guard.state.reaching import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = 10.0
_WAITS = (0.5, 2.0)
_PASSES = frozenset({408, 425, 429})


def trusted(url: str) -> str:
    """An address that notices may go to: https, or http to a loopback address. InputError otherwise."""
    try:
        where = urlsplit(url)
        host, named = where.hostname or "", where.username is not None
        _ = where.port
    except ValueError:
        host, named, where = "", False, urlsplit("")
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise InputError("the address of the webhook is none", help="https://host/path")
    if named:
        raise InputError("the address of the webhook holds a user or a password", help="use secret: $env.NAME")
    if where.scheme == "https" or (where.scheme == "http" and is_loopback(host)):
        return url
    raise InputError("the address of the webhook is not https", help="plain http is for a loopback address only")


def post(url: str, body: bytes, headers: Mapping[str, str]) -> str | None:
    """Send `body`; why it was not taken, None if it was. Three tries where the server failed or did not answer."""
    # A proxy of the environment is used, as any client does, but not on the way to ourselves.
    direct = [request.ProxyHandler({})] if is_loopback(urlsplit(url).hostname or "") else []
    opener = request.build_opener(NoRedirect, *direct)
    asked = {"Content-Type": "application/json", "User-Agent": "finops-guard", **headers}
    wrong = None
    for wait in (*_WAITS, None):
        wrong, again = _once(opener, request.Request(url, body, asked, method="POST"))  # noqa: S310 - see `trusted`
        if wrong is None or not again or wait is None:
            break
        sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - so that two who were refused come apart
    return wrong


def _once(opener: request.OpenerDirector, asked: request.Request) -> tuple[str | None, bool]:
    """What went wrong, and whether another try may help."""
    try:
        with opener.open(asked, timeout=TIMEOUT):
            return None, False
    except HTTPError as error:
        error.close()
        status = error.code
    except (OSError, HTTPException, ValueError) as error:  # a host that is no name is a UnicodeError
        reason = getattr(error, "reason", error)
        return f"did not answer: {type(reason).__name__}", True
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's own lines
        return f"answered {status}: redirects are not followed", False
    return f"answered {status}", status >= 500 or status in _PASSES  # noqa: PLR2004 - as above
