"""Policies and packs: from the package, or from S3 with what stands beside them."""

from __future__ import annotations

from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from finops_guard.errors import InputError
from finops_guard.language.library import shipped_names
from finops_guard.language.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.model import Policy

_READ = frozenset({".yaml", ".yml", ".csv"})
_MOST = 200
_LARGEST = 5 * 1024 * 1024


def policy_at(where: str, folder: Path, environ: Mapping[str, str], today: date) -> Policy:
    """The policy an event names, validated: `s3://bucket/key`, a path in the package, or a shipped policy's name.

    From S3 comes what the policy may name: the folder it is in, and for a folder `policies/` also `rules/` beside it.
    """
    if where.startswith("s3://"):
        return load_policy(_fetched(where, folder), today)
    shipped = shipped_names("policies")
    if where in shipped:
        return load_policy(shipped[where], today)
    root = Path(environ.get("LAMBDA_TASK_ROOT") or ".").resolve()
    path = (root / where).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise InputError(f"no policy {where} in the package", help="policy: s3://BUCKET/KEY, or a path in the package")
    return load_policy(path, today)


def _fetched(where: str, folder: Path) -> Path:
    bucket, key = urlsplit(where).netloc, PurePosixPath(urlsplit(where).path.lstrip("/"))
    beside = str(key.parent)
    prefixes = [f"{beside}/" if beside != "." else ""]
    if key.parent.name == "policies":
        rules = str(key.parent.parent / "rules")
        prefixes.append(f"{rules}/")
    client = _client()
    names = [name for prefix in prefixes for name in _listed(client, bucket, prefix, where)]
    if str(key) not in names:
        raise InputError(f"there is no policy {where}, or it may not be read")
    if len(names) > _MOST:
        raise InputError(
            f"{where}: more than {_MOST} files stand beside the policy", help="give it a folder of its own"
        )
    for name in names:
        path = folder.joinpath(*PurePosixPath(name).parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_read(client, bucket, name))
    return folder / key


def _client() -> Any:  # noqa: ANN401 - botocore makes its clients at run time
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=5, read_timeout=20, user_agent_extra="finops-guard", s3={"addressing_style": "path"}
    )
    return botocore.session.get_session().create_client("s3", config=config)


def _listed(client: Any, bucket: str, prefix: str, where: str) -> Iterator[str]:  # noqa: ANN401 - as above
    from botocore.exceptions import BotoCoreError, ClientError

    wrong = None
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for each in page.get("Contents", []):
                path = PurePosixPath(each["Key"])
                if path.suffix in _READ and ".." not in path.parts and not path.is_absolute():
                    if each["Size"] > _LARGEST:
                        raise InputError(f"s3://{bucket}/{path}: larger than {_LARGEST} bytes")
                    yield str(path)
    except ClientError as error:
        wrong = str(error.response.get("Error", {}).get("Code"))
    except BotoCoreError as error:
        wrong = type(error).__name__
    if wrong:
        raise InputError(f"{where}: cannot be read: {wrong}")


def _read(client: Any, bucket: str, name: str) -> bytes:  # noqa: ANN401 - as above
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        data: bytes = client.get_object(Bucket=bucket, Key=name)["Body"].read()
    except ClientError as error:
        wrong = str(error.response.get("Error", {}).get("Code"))
    except BotoCoreError as error:
        wrong = type(error).__name__
    else:
        return data
    raise InputError(f"s3://{bucket}/{name}: cannot be read: {wrong}")
