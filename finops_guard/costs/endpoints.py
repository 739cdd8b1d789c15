"""Where Azure and GCP are asked over REST, and as whom.

`FINOPS_GUARD_AZURE_ENDPOINT` and `FINOPS_GUARD_GCP_ENDPOINT` lead elsewhere; a loopback address is asked over plain
http and without credentials. Otherwise the SDK's own default chain says who we are; nothing is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from finops_guard.costs.web import Site, trusted
from finops_guard.errors import InputError, ScanError
from finops_guard.model import Calls
from finops_guard.state.reaching import is_loopback

if TYPE_CHECKING:
    from finops_guard.costs.reach import Reach

_AZURE = "https://management.azure.com"
_GCP_READ = "https://www.googleapis.com/auth/cloud-platform.read-only"


def azure(reach: Reach) -> Site:
    """Azure Resource Manager. InputError without the extra, ScanError where nobody is logged in."""
    base = trusted(reach.environ.get("FINOPS_GUARD_AZURE_ENDPOINT") or _AZURE, "FINOPS_GUARD_AZURE_ENDPOINT")
    calls = reach.notes.calls.setdefault("azure", Calls())
    if _is_local(base):
        return Site(base, calls=calls)
    return Site(base, {"Authorization": f"Bearer {_azure_token()}"}, calls)


def gcp(reach: Reach, host: str, scope: str = _GCP_READ) -> Site:
    """A service of GCP, `monitoring.googleapis.com` for example."""
    base = trusted(reach.environ.get("FINOPS_GUARD_GCP_ENDPOINT") or f"https://{host}", "FINOPS_GUARD_GCP_ENDPOINT")
    calls = reach.notes.calls.setdefault("gcp", Calls())
    if _is_local(base):
        return Site(base, calls=calls)
    return Site(base, {"Authorization": f"Bearer {_gcp_token(scope)}"}, calls)


def _is_local(base: str) -> bool:
    return is_loopback(urlsplit(base).hostname or "")


def _azure_token() -> str:
    try:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        raise _wanting("Azure", error, "azure") from None
    try:
        with DefaultAzureCredential() as credential:
            return str(credential.get_token(f"{_AZURE}/.default").token)
    except ClientAuthenticationError:  # its text may hold what was tried
        raise ScanError("nobody is logged in to Azure", help="az login, or AZURE_CLIENT_ID and its fellows") from None


def _gcp_token(scope: str) -> str:
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request
    except ImportError as error:
        raise _wanting("GCP", error, "gcp") from None
    try:
        credentials, _ = google.auth.default(scopes=[scope])
        credentials.refresh(Request())
    except GoogleAuthError:  # as above
        raise ScanError("nobody is logged in to GCP", help="gcloud auth application-default login") from None
    return str(credentials.token)


def _wanting(cloud: str, error: ImportError, extra: str) -> InputError:
    return InputError(
        f"asking {cloud} needs the package {error.name}", help=f"pip install 'finops-guard-engine[{extra}]'"
    )
