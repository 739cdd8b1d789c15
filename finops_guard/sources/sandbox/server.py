"""Moto's server in a thread of this process: loopback only, a port the system chooses, not a word on stderr."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.sources.sandbox.front import Front

_ADDRESS = "127.0.0.1"


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's signature
        """Say nothing: stderr belongs to the scan's progress."""


@contextmanager
def serving(app: Front) -> Iterator[str]:
    """The address of a server that runs as long as the context."""
    server = make_server(_ADDRESS, 0, app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True)
    thread.start()
    try:
        yield f"http://{_ADDRESS}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
