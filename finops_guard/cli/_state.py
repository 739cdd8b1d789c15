"""The state a command reads: by its own place, else that of the policy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.cli._acts import now_utc
from finops_guard.cli._policy import policy_for

if TYPE_CHECKING:
    from finops_guard.state.store import Store


def reading(policy_path: Path | None, uri: str | None) -> Store:
    """The state at `--state`, for which no policy is needed, else that of the policy. InputError if there is none.

    A folder will do, also where a live cloud is acted on: it may be a copy.
    """
    from finops_guard.errors import InputError
    from finops_guard.language.secrets import resolve
    from finops_guard.state.store import open_store

    if uri is not None:
        place, base = uri, Path.cwd()
    else:
        policy = policy_for(policy_path, now_utc().date())
        place, base = resolve(policy.state, os.environ), Path(policy.path).resolve().parent
    if "://" not in place and not (base / Path(place).expanduser()).is_dir():
        raise InputError(f"no state here: {place}", help="--state names a folder, s3://, gs:// or az://.")
    return open_store(place, base)
