"""A moto S3 on loopback that keeps what it was asked, and fails as told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from werkzeug.wrappers import Request, Response

from tests.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

NAME = "state-of-acme"


class Bucket(Served):
    """`fails(request, times asked so far)` may give another answer; `lose` lets moto do it first."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.clear()

    def clear(self) -> str:
        """Fail no more, forget what was asked, and give the uri of an empty prefix."""
        self.asked: list[tuple[str, str, str]] = []
        self.fails: Callable[[Request, int], Response | None] = lambda _request, _times: None
        self.lose = False
        if not self.made:
            self.empty()
            client = boto3.client("s3", endpoint_url=self.url)
            client.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
            client.close()
            self.asked.clear()
        self.made += 1
        return f"s3://{NAME}/guard/{self.made}"

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append((request.method, request.full_path, request.headers.get("Authorization", "")))
        answer = self.fails(request, len(self.asked))
        if answer is None:
            return self._moto(environ, start)
        if self.lose:
            list(self._moto(environ, lambda *_: lambda _data: None))
        return answer(environ, start)


def refusal(status: int, code: str) -> Response:
    """An answer as S3 refuses."""
    body = f"<Error><Code>{code}</Code><Message>as told</Message></Error>"
    return Response(body, status=status, content_type="application/xml")
