"""The environment in which an AWS SDK can reach the sandbox and nothing else."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG = Path(__file__).with_name("aws_config.ini")
"""One empty profile: AWS_PROFILE cannot be unset from here, and has to name a profile that exists."""


def environment(address: str, key: tuple[str, str], region: str, outside: Mapping[str, str]) -> dict[str, str]:
    """What to set, given what is set `outside`: our address and keys, and every way around them closed.

    A service's own endpoint variable wins over the general one, a proxy would get the request first, and the user's
    session token, profile, FIPS and dual-stack settings would all join our keys.
    """
    services = {name: address for name in outside if name.startswith("AWS_ENDPOINT_URL_")}
    without_proxy = ",".join(filter(None, [outside.get("NO_PROXY") or outside.get("no_proxy"), "127.0.0.1"]))
    return services | {
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_SESSION_TOKEN": "",
        "AWS_SECURITY_TOKEN": "",
        "AWS_CREDENTIAL_EXPIRATION": "",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": address,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "sandbox",
        "AWS_DEFAULT_PROFILE": "sandbox",
        "AWS_CONFIG_FILE": str(CONFIG),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": without_proxy,
        "no_proxy": without_proxy,
    }


@contextmanager
def applied(values: Mapping[str, str]) -> Iterator[None]:
    """Set these in this process, and put everything back as it was afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
