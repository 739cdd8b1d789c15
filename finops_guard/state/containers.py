"""State in a container of Azure Blob Storage, signed by azure-identity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from finops_guard.errors import InputError
from finops_guard.state.reaching import ONE_TRY, client, elsewhere, is_loopback, lacking

if TYPE_CHECKING:
    from obstore.store import AzureCredential, AzureStore

_SCOPE = "https://storage.azure.com/.default"


def open_container(where: SplitResult, session: Callable[[], object] | None) -> AzureStore:
    """The store at `az://account/container/prefix`; `session` makes an azure-identity credential. InputError.

    At another address the account stands in the path, as with every emulator of Blob Storage.
    """
    from obstore.store import AzureStore

    container, _, prefix = where.path.strip("/").partition("/")
    if not container:
        raise InputError(f"state {where.geturl()}: write az://account/container/prefix")
    other = elsewhere("FINOPS_GUARD_AZURE_ENDPOINT")
    endpoint = f"{other}/{where.netloc}" if other else f"https://{where.netloc}.blob.core.windows.net"
    anonymous = session is None and is_loopback(urlsplit(endpoint).hostname or "")
    options = client(endpoint)
    if anonymous:
        return AzureStore(
            container, account_name=where.netloc, prefix=prefix or None, endpoint=endpoint, use_emulator=False,
            skip_signature=True, client_options=options, retry_config=ONE_TRY,
        )  # fmt: skip
    return AzureStore(
        container, account_name=where.netloc, prefix=prefix or None, endpoint=endpoint, use_emulator=False,
        skip_signature=False, credential_provider=_signer(where, session), client_options=options, retry_config=ONE_TRY,
    )  # fmt: skip


def _signer(where: SplitResult, session: Callable[[], object] | None) -> Callable[[], AzureCredential]:
    try:
        credential: Any = session() if session is not None else _ours()
    except ImportError:
        raise lacking(where, "azure") from None
    except Exception as wrong:  # noqa: BLE001 - whatever the SDK says, it is about who we are
        raise InputError(f"state {where.geturl()}: no Azure credentials: {wrong}") from None

    def sign() -> AzureCredential:
        """A token that lasts; obstore asks again when it has ended."""
        token = credential.get_token(_SCOPE)
        return {"token": str(token.token), "expires_at": datetime.fromtimestamp(token.expires_on, UTC)}

    return sign


def _ours() -> object:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
