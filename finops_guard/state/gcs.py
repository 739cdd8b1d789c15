"""State in a bucket of Google Cloud Storage, signed by google-auth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from finops_guard.errors import InputError
from finops_guard.state.reaching import ONE_TRY, client, elsewhere, is_loopback, lacking

if TYPE_CHECKING:
    from obstore.store import GCSCredential, GCSStore

_HOME = "https://storage.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
_NOBODY: GCSCredential = {"token": "", "expires_at": None}
"""Without a token of some sort obstore asks the metadata service for one, signature or not."""


def open_gcs(where: SplitResult, session: Callable[[], object] | None) -> GCSStore:
    """The store at `gs://bucket/prefix`; `session` makes google-auth credentials. InputError."""
    from obstore.store import GCSStore

    endpoint = elsewhere("FINOPS_GUARD_GCP_ENDPOINT") or _HOME
    anonymous = session is None and is_loopback(urlsplit(endpoint).hostname or "")
    return GCSStore(
        where.netloc,
        prefix=where.path.strip("/") or None,
        base_url=endpoint,
        skip_signature=anonymous,
        credential_provider=(lambda: _NOBODY) if anonymous else _signer(where, session),
        client_options=client(endpoint),
        retry_config=ONE_TRY,
    )


def _signer(where: SplitResult, session: Callable[[], object] | None) -> Callable[[], GCSCredential]:
    try:
        credentials: Any = session() if session is not None else _ours()
    except ImportError:
        raise lacking(where, "gcp") from None
    except Exception as wrong:  # noqa: BLE001 - whatever the SDK says, it is about who we are
        raise InputError(f"state {where.geturl()}: no Google credentials: {wrong}") from None

    def sign() -> GCSCredential:
        """A token that lasts; obstore asks again when it has ended."""
        if not credentials.valid:
            from google.auth.transport.requests import Request

            credentials.refresh(Request())
        expiry: datetime | None = credentials.expiry  # UTC, without saying so
        return {"token": str(credentials.token), "expires_at": expiry and expiry.replace(tzinfo=UTC)}

    return sign


def _ours() -> object:
    import google.auth
    import google.auth.transport.requests  # what renews a token is there too

    return google.auth.default(scopes=[_SCOPE])[0]
