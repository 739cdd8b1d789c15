"""moto on loopback, and an environment that leads to it and nowhere else."""

from __future__ import annotations

import logging
import os
from abc import abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib import request as http

import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
_OTHERS = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_RETRY_MODE", "AWS_CA_BUNDLE")


class Served:
    """A server whose every request goes through `_answer`."""

    def __init__(self) -> None:
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        wsgi = self.server._server
        assert wsgi is not None
        self._moto: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = wsgi.app
        wsgi.app = self._answer

    def empty(self) -> None:
        """Forget every account. moto's backends belong to the process: an earlier module's would still be there."""
        http.urlopen(http.Request(f"{self.url}/moto-api/reset", method="POST")).close()  # noqa: S310 - on loopback

    @abstractmethod
    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """What a request gets; `_moto` gives moto's own answer."""


Made = TypeVar("Made", bound=Served)


@contextmanager
def leading_to(make: Callable[[], Made], **environ: str) -> Iterator[Made]:
    """A server of its own, to which every AWS client of this process goes while it lasts; `environ` says more."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    keys = {name.upper(): value for name, value in KEYS.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name in _OTHERS:
            patch.delenv(name, raising=False)
        wanted: dict[str, Any] = {**keys, **files, "AWS_DEFAULT_REGION": "eu-west-1", **environ}
        for name, value in wanted.items():
            patch.setenv(name, value)
        served = make()
        patch.setenv("AWS_ENDPOINT_URL", served.url)
        try:
            yield served
        finally:
            served.server.stop()
