"""A moto server on loopback that records what it is asked, denies, breaks, and answers one resource a page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import boto3
from werkzeug.wrappers import Request, Response

from finops_guard.model import Need, Notes
from finops_guard.sources import aws
from tests.served import KEYS, Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from finops_guard.model import Resource

OWN = "123456789012"
ROLE = f"arn:aws:iam::{OWN}:role/any"
EVERYTHING = Need(None, frozenset())
_REST = (
    ("GET", r"/2015-03-31/functions/?$", "ListFunctions"),
    ("GET", r"/2017-03-31/tags/", "ListTags"),
    ("GET", r"/clusters/?$", "ListClusters"),
    ("GET", r"/clusters/[^/]+$", "DescribeCluster"),
    ("GET", r"/clusters/[^/]+/node-groups/?$", "ListNodegroups"),
    ("GET", r"/clusters/[^/]+/node-groups/[^/]+$", "DescribeNodegroup"),
    ("GET", r"/2015-03-31/functions/.+/configuration$", "GetFunctionConfiguration"),
    ("POST", r"/clusters/[^/]+/node-groups/[^/]+/update-config$", "UpdateNodegroupConfig"),
    ("POST", r"/tags/", "TagResource"),
    ("DELETE", r"/tags/", "UntagResource"),
    ("POST", r"/ListIndexes$", "ListIndexes"),
    ("POST", r"/ListResources$", "ListResources"),
)
_SMALL = {"MaxResults": 1, "ResourcesPerPage": 1, "limit": 1, "PageSize": 1, "maxResults": 1}
"""MaxRecords is not among them: RDS takes 20 at least."""
_READING = re.compile(r"(List|Describe|Get)\w+|AssumeRole")


class Cloud(Served):
    """See the module. `asked` holds (service, operation, region) of every request since it was cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()
        self.empty()

    def reset(self) -> None:
        """Answer as moto does."""
        self.asked: list[tuple[str, str, str]] = []
        self.denied: set[tuple[str, str]] = set()
        """(service, operation), the service by its signing name."""
        self.instead: dict[str, Callable[[dict[str, Any]], Response | None]] = {}
        """Operation -> what answers instead of moto, from the request's JSON, or from its form or query as a map.

        None lets moto answer.
        """
        self.lost: set[str] = set()
        """Operations that moto carries out and whose answer does not arrive."""
        self.one_a_page = False

    def client(self, service: str, region: str = "eu-west-1", **more: str) -> Any:
        keys = KEYS | more
        return boto3.client(service, region_name=region, endpoint_url=self.url, **keys)

    @property
    def writes(self) -> list[str]:
        return [operation for _, operation, _ in self.asked if not _READING.fullmatch(operation)]

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", request.headers.get("Authorization", ""))
        region, service = scope.groups() if scope else ("", "")
        body = request.get_data()
        operation = _operation(request, body, service)
        self.asked.append((service, operation, region))
        if (service, operation) in self.denied:
            return denied(service)(environ, start)
        if operation in self.instead:
            told = self.instead[operation](_parameters(request, body))
            if told is not None:
                return told(environ, start)
        if self.one_a_page:
            body = _small(request, body, environ)
        _replace(environ, body)
        if operation in self.lost:
            list(self._moto(environ, lambda *_: lambda _: None))
            return html(None)(environ, start)
        return self._moto(environ, start)


def _operation(request: Request, body: bytes, service: str) -> str:
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    if request.mimetype == "application/x-www-form-urlencoded":
        return parse_qs(body.decode())["Action"][0]
    if service == "s3":
        return _s3(request)
    for method, path, name in _REST:
        if method == request.method and re.match(path, request.path):
            return name
    return f"{request.method} {request.path}"


def _parameters(request: Request, body: bytes) -> dict[str, Any]:
    if request.mimetype == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode()))
    parsed: dict[str, Any] = json.loads(body) if body else dict(request.args)
    return parsed


def answer(content: object, status: int = 200) -> Response:
    """A JSON answer, as SageMaker and the like give it."""
    return Response(json.dumps(content), status, content_type="application/x-amz-json-1.1")


def html(_: object) -> Response:
    """What a server says that does not know the operation."""
    return Response("<!doctype html><title>500 Internal Server Error</title>", 500, content_type="text/html")


def _s3(request: Request) -> str:
    if request.method != "GET":
        return f"{request.method} {request.path}"
    if request.path == "/":
        return "ListBuckets"
    known = {"tagging": "GetBucketTagging", "location": "GetBucketLocation"}
    return next((known[key] for key in request.args if key in known), f"GET {request.url}")


def denied(service: str) -> Response:
    """AccessDenied as each protocol spells it."""
    if service == "ec2":
        error = "<Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error>"
        return Response(f"<Response><Errors>{error}</Errors></Response>", 403, content_type="text/xml")
    if service in {"rds", "elasticloadbalancing", "sts", "autoscaling"}:
        text = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        return Response(text, 403, content_type="text/xml")
    if service == "s3":
        return Response("<Error><Code>AccessDenied</Code><Message>no</Message></Error>", 403, content_type="text/xml")
    answer = Response('{"__type": "AccessDeniedException", "message": "no"}', 403, content_type="application/json")
    answer.headers["x-amzn-ErrorType"] = "AccessDeniedException"
    return answer


def _small(request: Request, body: bytes, environ: WSGIEnvironment) -> bytes:
    """The same request for one resource a page."""
    if request.headers.get("X-Amz-Target"):
        asked = json.loads(body)
        return json.dumps({key: _SMALL.get(key, value) for key, value in asked.items()}).encode()
    if request.mimetype == "application/x-www-form-urlencoded":
        return urlencode([(key, _SMALL.get(key, value)) for key, value in parse_qsl(body.decode())]).encode()
    query = [(key, _SMALL.get(key, value)) for key, value in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)]
    environ["QUERY_STRING"] = urlencode(query)
    return body


def _replace(environ: WSGIEnvironment, body: bytes) -> None:
    from io import BytesIO

    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("werkzeug.request", None)


def scan(
    need: Need = EVERYTHING, regions: tuple[str, ...] | None = ("eu-west-1",), jobs: int = 4, **scope: object
) -> tuple[list[Resource], Notes]:
    """Everything a scan yields, and its notes."""
    notes = Notes()
    whole: Mapping[str, object] = scope | ({"regions": list(regions)} if regions else {})
    return list(aws.collect(whole, need, datetime.now(UTC), notes, jobs=jobs)), notes


def need(*kinds: str, fields: Iterable[str] = ()) -> Need:
    return Need(frozenset(kinds), frozenset(fields))


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
