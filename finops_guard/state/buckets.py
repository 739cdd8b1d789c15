"""State in a bucket.

Who signs is our own session's choice: obstore's own chain of environment, files and metadata services is never asked,
and what could come from the environment is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from obstore.exceptions import BaseError

from finops_guard.errors import InputError
from finops_guard.state.containers import open_container
from finops_guard.state.gcs import open_gcs
from finops_guard.state.objects import Objects
from finops_guard.state.reaching import ONE_TRY, client, lacking

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Credential, S3Store

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def open_bucket(uri: str, session: Callable[[], object] | None) -> Objects:
    """The store at `s3://`, `gs://` or `az://`. InputError without the cloud's SDK, credentials or a bucket."""
    return Objects(reached(uri, session), uri)


def reached(uri: str, session: Callable[[], object] | None) -> S3Store | GCSStore | AzureStore:
    """What is at such a place, bare: for who reads what others wrote. InputError as above."""
    where = urlsplit(uri)
    if not where.netloc or where.query or where.fragment:
        raise InputError(f"state {uri!r}: not a bucket and a prefix")
    make: dict[str, Callable[[SplitResult, Callable[[], object] | None], S3Store | GCSStore | AzureStore]]
    make = {"s3": _s3, "gs": open_gcs, "az": open_container}
    try:
        return make[where.scheme](where, session)
    except (BaseError, ValueError) as wrong:
        raise InputError(f"state {uri}: {str(wrong).partition(chr(10))[0]}") from None


def _s3(where: SplitResult, session: Callable[[], object] | None) -> S3Store:
    from obstore.store import S3Store

    try:
        import botocore.session
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise lacking(where, "aws") from None
    try:
        ours: Any = session() if session is not None else botocore.session.get_session()
        endpoint, region = _home(ours, where)
        credentials = ours.get_credentials()
    except BotoCoreError as wrong:
        raise InputError(f"state {where.geturl()}: {wrong}") from None
    if credentials is None:
        raise InputError(
            f"state {where.geturl()}: no AWS credentials", help="Sign in to AWS, or name a folder with --state."
        )

    def sign() -> S3Credential:
        """The session knows when its credentials are to be renewed: it is asked for every request."""
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": _LONG_AGO,
        }

    split = urlsplit(endpoint)
    virtual = "." not in where.netloc and (split.hostname or "").endswith(_AWS_DOMAINS)
    address = split._replace(netloc=f"{where.netloc}.{split.netloc}").geturl() if virtual else endpoint
    return S3Store(
        where.netloc,
        prefix=where.path.strip("/") or None,
        endpoint=address,
        aws_endpoint_url_s3=address,
        region=region,
        virtual_hosted_style_request=virtual,
        conditional_put="etag",
        skip_signature=False,
        unsigned_payload=False,
        s3_express=False,
        request_payer=False,
        credential_provider=sign,
        client_options=client(endpoint, _bundle(ours)),
        retry_config=ONE_TRY,
    )


def _home(session: Any, where: SplitResult) -> tuple[str, str]:  # noqa: ANN401 - a session of botocore or of boto3
    """The endpoint and region of a bucket, which the session's own need not be. One request."""
    from botocore.config import Config
    from botocore.exceptions import ClientError

    config = Config(
        connect_timeout=5, read_timeout=20, s3={"addressing_style": "path"}, user_agent_extra="finops-guard"
    )
    make = getattr(session, "create_client", None) or session.client
    client = make("s3", config=config) if _region(session) else make("s3", "us-east-1", config=config)
    try:
        region = client.head_bucket(Bucket=where.netloc).get("BucketRegion")
    except ClientError as wrong:
        status = wrong.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404:  # noqa: PLR2004 - HTTP's own number
            raise InputError(f"state {where.geturl()}: there is no such bucket") from None
        region = None  # it may be ours to write to and not to look at: the first use tells
    finally:
        client.close()
    if region and region != client.meta.region_name:
        client = make("s3", region, config=config)
        client.close()
    return client.meta.endpoint_url, region or client.meta.region_name


def _region(session: Any) -> object:  # noqa: ANN401 - as above
    if hasattr(session, "get_config_variable"):
        return session.get_config_variable("region")
    return session.region_name


def _bundle(session: Any) -> object:  # noqa: ANN401 - as above
    """The certificates that the session was told to trust as well."""
    inner = session if hasattr(session, "get_config_variable") else session._session  # noqa: SLF001 - boto3 hides it
    return inner.get_config_variable("ca_bundle")
