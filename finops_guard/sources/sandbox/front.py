"""What stands before moto: who may see what, and a plain answer for what the sandbox does not have."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sagemaker.models import sagemaker_backends
from moto.sts.models import sts_backends

from finops_guard.sources.sandbox import billing
from finops_guard.sources.sandbox.estate import Cell
from finops_guard.sources.sandbox.index import explored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from finops_guard.sources.sandbox.estate import Estate

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/")


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks what of which service where; `operation` is the path where only that says it."""

    account: str
    caller: str
    region: str
    service: str
    operation: str


class Front:
    """The WSGI application: refuses, answers or passes on to moto."""

    def __init__(self, estate: Estate) -> None:
        self._denied = estate.denied
        self._roles = {f"arn:aws:iam::{account.id}:role/{estate.role}" for account in estate.accounts}
        self._external_id = estate.external_id
        self._moto = DomainDispatcherApplication(create_backend_app)
        indexes = [{"Region": region, "Type": "LOCAL"} for region in estate.regions]
        self._own: dict[str, Callable[[Call, dict[str, Any]], dict[str, Any]]] = {
            "sagemaker:StopTrainingJob": _stop_training_job,
            "resource-explorer-2:/ListIndexes": lambda _call, _body: {"Indexes": indexes},
            "resource-explorer-2:/ListResources": lambda call, _body: {
                "Resources": explored(call.account, call.region)
            },
        }
        self._payer = estate.management.id
        self._billing = billing.answers(estate)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        body = _body(environ)
        call = _call(environ, body)
        refuse = partial(_refuse, environ, start_response)
        if call is None:
            return refuse("InvalidClientTokenId", "The security token included in the request is invalid.")
        what = f"{call.service}:{call.operation}"
        if Cell(call.account, call.region, call.service) in self._denied:
            resource = f"arn:aws:{call.service}:{call.region}:{call.account}:*"
            return refuse(
                "AccessDenied",
                f"User: {call.caller} is not authorized to perform: {what} on resource: {resource} "
                f"because no identity-based policy allows the {what} action",
            )
        if what == "sts:AssumeRole" and not self._trusted(parse_qs(body.decode())):
            return refuse("AccessDenied", f"User: {call.caller} is not authorized to perform: {what}")
        asked: dict[str, Any] = json.loads(body or b"{}") if what in self._own or what in self._billing else {}
        if what in self._billing:
            if call.account != self._payer:
                return refuse("AccessDeniedException", "Linked account doesn't have access to the bill")
            return _told(start_response, self._billing[what](asked))
        if what in self._own:
            return _told(start_response, self._own[what](call, asked))
        try:
            return list(self._moto(environ, start_response))
        except Exception as error:  # noqa: BLE001 - whatever moto lacks has to look like an answer, else the SDK retries
            message = f"The sandbox has no {what} ({type(error).__name__}: {str(error)[:200]})"
            return refuse("UnsupportedOperation", message, "400 Bad Request")

    def _trusted(self, asked: dict[str, list[str]]) -> bool:
        """Whether the trust policy of the role lets this call in: the scan's role, with the external id."""
        return asked["RoleArn"][0] in self._roles and asked.get("ExternalId") == [self._external_id]


def _body(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _call(environ: WSGIEnvironment, body: bytes) -> Call | None:
    """The call, or None if it is signed with no key of this estate."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        return None
    owners = [account for account, iam in list(iam_backends.items()) if match["key"] in iam["aws"].access_keys]
    if not owners:
        return None
    role = sts_backends[owners[0]]["aws"].get_assumed_role_from_access_key(match["key"])
    return Call(
        account=owners[0],
        caller=role.arn if role else f"arn:aws:iam::{owners[0]}:user/sandbox",
        region=match["region"],
        service=match["service"],
        operation=_operation(environ, body),
    )


def _operation(environ: WSGIEnvironment, body: bytes) -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rsplit(".", 1)[-1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode()).get("Action", [""])[0]
    return str(environ["PATH_INFO"])


def _refuse(
    environ: WSGIEnvironment, start_response: StartResponse, code: str, message: str, status: str = "403 Forbidden"
) -> list[bytes]:
    """An error in the protocol of the request; a JSON one also names itself in a header."""
    kind, signed = environ.get("CONTENT_TYPE", ""), environ.get("HTTP_AUTHORIZATION", "")
    form = kind.startswith("application/x-www-form-urlencoded")
    if not form and "/s3/" not in signed:
        text = json.dumps({"__type": code, "message": message})
        return _answer(start_response, status, kind or "application/json", text, ("x-amzn-ErrorType", code))
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if "/ec2/" in signed:
        error = f"<Response><Errors>{error}</Errors><RequestID>sandbox</RequestID></Response>"
    elif form:
        error = f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>"
    return _answer(start_response, status, "text/xml", error)


def _told(start_response: StartResponse, content: dict[str, Any]) -> list[bytes]:
    return _answer(start_response, "200 OK", "application/x-amz-json-1.1", json.dumps(content))


def _answer(start_response: StartResponse, status: str, kind: str, text: str, *headers: tuple[str, str]) -> list[bytes]:
    data = text.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(data))), *headers])
    return [data]


def _stop_training_job(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    job = sagemaker_backends[call.account][call.region].training_jobs[body["TrainingJobName"]]
    if job.training_job_status == "InProgress":
        job.training_job_status = job.secondary_status = "Stopped"
        job.training_end_time = job.last_modified_time = utcnow()
    return {}
