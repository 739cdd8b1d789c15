"""What stands before moto: who may see what, and a plain answer for what the sandbox does not have."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sagemaker.models import sagemaker_backends
from moto.sts.models import sts_backends

from finops_guard.sources.sandbox.estate import Cell

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from finops_guard.sources.sandbox.estate import Estate

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/")


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks what of which service where; `operation` is empty where only the path says it."""

    account: str
    caller: str
    region: str
    service: str
    operation: str


class Front:
    """The WSGI application: refuses, answers or passes on to moto."""

    def __init__(self, estate: Estate) -> None:
        self._denied = estate.denied
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._own: dict[tuple[str, str], Callable[[Call, dict[str, Any]], dict[str, Any]]] = {
            ("sagemaker", "StopTrainingJob"): _stop_training_job,
            # Resource Explorer is not turned on in any of these accounts.
            ("resource-explorer-2", "/ListIndexes"): lambda _call, _body: {"Indexes": []},
            ("resource-explorer-2", "/ListViews"): lambda _call, _body: {"Views": []},
            ("resource-explorer-2", "/GetDefaultView"): lambda _call, _body: {},
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = _body(environ)
        call = _call(environ, body)
        if call is None:
            return _refuse(environ, start_response, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if Cell(call.account, call.region, call.service) in self._denied:
            what = f"{call.service}:{call.operation}"
            return _refuse(
                environ,
                start_response,
                "AccessDenied",
                f"User: {call.caller} is not authorized to perform: {what} on resource: "
                f"arn:aws:{call.service}:{call.region}:{call.account}:* because no identity-based policy allows the {what} action",
            )
        own = self._own.get((call.service, call.operation or environ["PATH_INFO"]))
        if own is not None:
            return _answer(start_response, "200 OK", "application/x-amz-json-1.1", json.dumps(own(call, json.loads(body or b"{}"))))
        try:
            return list(self._moto(environ, start_response))
        except Exception as error:  # noqa: BLE001 - whatever moto lacks has to look like an answer, else the SDK retries
            what = f"{call.service}:{call.operation or environ['PATH_INFO']}"
            return _refuse(environ, start_response, "UnsupportedOperation", f"The sandbox has no {what} ({type(error).__name__}: {error})", "400 Bad Request")


def _body(environ: WSGIEnvironment) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _call(environ: WSGIEnvironment, body: bytes) -> Call | None:
    """The call, or None if it is signed with no key of this estate."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        return None
    for account, partitions in list(iam_backends.items()):
        if match["key"] in partitions["aws"].access_keys:
            break
    else:
        return None
    role = sts_backends[account]["aws"].get_assumed_role_from_access_key(match["key"])
    return Call(
        account=account,
        caller=role.arn if role else f"arn:aws:iam::{account}:user/sandbox",
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
    return ""


def _refuse(
    environ: WSGIEnvironment, start_response: StartResponse, code: str, message: str, status: str = "403 Forbidden"
) -> list[bytes]:
    """An error in the protocol of the request; a JSON one also names itself in a header."""
    kind = environ.get("CONTENT_TYPE", "")
    if not kind.startswith("application/x-www-form-urlencoded"):
        text = json.dumps({"__type": code, "message": message})
        return _answer(start_response, status, kind or "application/json", text, ("x-amzn-ErrorType", code))
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if "/ec2/" in environ.get("HTTP_AUTHORIZATION", ""):
        text = f"<Response><Errors>{error}</Errors><RequestID>sandbox</RequestID></Response>"
    else:
        text = f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>"
    return _answer(start_response, status, "text/xml", text)


def _answer(
    start_response: StartResponse, status: str, kind: str, text: str, *headers: tuple[str, str]
) -> list[bytes]:
    data = text.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(data))), *headers])
    return [data]


def _stop_training_job(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    job = sagemaker_backends[call.account][call.region].training_jobs[body["TrainingJobName"]]
    job.training_job_status = job.secondary_status = "Stopped"
    return {}
