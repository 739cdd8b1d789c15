"""How a bucket is reached, whichever cloud has it: over TLS, but for an emulator on this machine; tried once.

`FINOPS_GUARD_AZURE_ENDPOINT` and `FINOPS_GUARD_GCP_ENDPOINT` lead to another address. Nobody has to be signed in for a
loopback one.
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from finops_guard.errors import InputError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

ONE_TRY: RetryConfig = {"max_retries": 0}  # `Objects` tries again, for every store alike


def elsewhere(name: str) -> str | None:
    """The address that an environment variable leads to, without a slash at its end; None without one."""
    given = os.environ.get(name, "").rstrip("/")
    if not given:
        return None
    url = urlsplit(given)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise InputError(f"{name} is not the address of a server", help="Write https://HOST, or http://127.0.0.1:PORT.")
    return given


def client(endpoint: str, bundle: object = None) -> ClientConfig:
    """The options of a client for an endpoint; `bundle` is a file of certificates to trust. InputError."""
    options: ClientConfig = {"connect_timeout": "5s", "timeout": "30s", "user_agent": "finops-guard"}
    options |= {"allow_http": False, "allow_invalid_certificates": False}
    url = urlsplit(endpoint)
    if url.scheme == "http":
        if not is_loopback(url.hostname or ""):
            raise InputError(f"{endpoint}: plain http is for a loopback address only")
        options["allow_http"] = True
    if isinstance(bundle, str):
        try:
            options["root_certificate"] = Path(bundle).read_bytes()
        except OSError as wrong:
            raise InputError(f"{bundle}: cannot be read: {wrong.strerror}") from None
    return options


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def lacking(where: SplitResult, extra: str) -> InputError:
    """What is said where an extra is not installed."""
    return InputError(
        f"state {where.geturl()}: the parts for this cloud are not installed",
        help=f"pip install 'finops-guard-engine[{extra}]', or name another place with --state.",
    )
