"""A webhook: HTTPS POST of JSON, signed where the channel has a `secret`.

`X-Finops-Guard-Signature` is `sha256=` and the HMAC-SHA256, in hex, of the header `X-Finops-Guard-Timestamp` (seconds
since 1970), a full stop and the body; `X-Finops-Guard-Key` is the deduplication key. A receiver refuses old timestamps.
"""

from __future__ import annotations

import hmac
import json
import time
from typing import TYPE_CHECKING

from finops_guard.errors import ActError, InputError
from finops_guard.language.secrets import resolve
from finops_guard.notify._http import post, trusted
from finops_guard.notify._notice import to_json
from finops_guard.notify._split import parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.notify._channels import To
    from finops_guard.notify._notice import Notice

_LARGEST = 512 * 1024  # receivers take 1 MB as a rule (nginx client_max_body_size)


def send(notice: Notice, to: To, environ: Mapping[str, str]) -> None:
    """Post the notice, in several parts where it is large."""
    url = trusted(resolve(str(to.get("url") or ""), environ))
    secret = resolve(str(to["secret"]), environ) if "secret" in to else None
    if secret == "":
        raise InputError(f"the secret {to['secret']} is empty")
    for part in parts(notice, lambda some: len(_body(some)) <= _LARGEST):
        body, timestamp = _body(part), str(int(time.time()))
        headers = {"X-Finops-Guard-Timestamp": timestamp, "X-Finops-Guard-Key": part.key}
        if secret is not None:
            headers["X-Finops-Guard-Signature"] = signature(secret, timestamp, body)
        wrong = post(url, body, headers)
        if wrong is not None:
            raise ActError(f"the webhook {wrong}")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver computes and compares in constant time."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()


def _body(notice: Notice) -> bytes:
    return json.dumps(to_json(notice), allow_nan=False).encode()
