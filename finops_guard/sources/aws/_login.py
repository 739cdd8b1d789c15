"""Who we are to AWS, and if AWS does not know us, what the SDK itself says; a scan has only the short form of it."""

from __future__ import annotations

import os
import re
from contextlib import closing

from finops_guard.model import Calls
from finops_guard.sources.aws._session import Clients

_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_KEY_ID = re.compile(r"\b(A[A-Z]{2}A)[A-Z0-9]{8,}([A-Z0-9]{4})\b")
_LONG = re.compile(r"[A-Za-z0-9/+=_-]{40,}")
_SHORTEST = 4


def trouble() -> str | None:
    """What the SDK says when it is asked who we are, without secrets; None when it knows."""
    try:
        with closing(Clients(Calls(), 1)) as clients:
            if clients.base.get_credentials() is None:
                return "Unable to locate credentials"  # what botocore says when a request is to be signed
            sts = clients.create(clients.base, "sts", clients.region)
            sts.get_caller_identity()  # type: ignore[attr-defined] # botocore makes its methods at run time
    except Exception as error:  # noqa: BLE001 - a profile that cannot log in raises whatever its helper raises
        return without_secrets(f"{type(error).__name__}: {error}")
    return None


def without_secrets(text: str) -> str:
    """A message with this process's secrets, access key ids and whatever is long and random left out."""
    for name in _SECRETS:
        secret = os.environ.get(name, "")
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "…")
    return _LONG.sub("…", _KEY_ID.sub(r"\1…\2", text))
