"""Just enough of Google Cloud Storage and Azure Blob Storage, on loopback, in small pages; keeps what it was asked."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = 100
_MADE = "Wed, 25 Nov 2026 12:00:00 GMT"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet: of two the second waits for the receiver
    blobs: ClassVar[Blobs]

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        path = unquote(url.path).lstrip("/")
        self.blobs.asked.append((self.command, self.path, self.headers.get("Authorization") or ""))
        if query.get("comp") == "batch":
            self._batch(body.decode())
        elif self.command == "GET" and ("list-type" in query or query.get("comp") == "list"):
            self._list(path, query)
        elif self.command == "GET":
            data = self.blobs.kept.get(path)
            self._say(404 if data is None else 200, b"<Error><Code>NoSuchKey</Code></Error>" if data is None else data)
        elif self.command == "DELETE":
            self._say(404 if self.blobs.kept.pop(path, None) is None else 204)
        else:
            once = self.headers.get("If-None-Match") == "*" or self.headers.get("x-goog-if-generation-match") == "0"
            made = self.blobs.made(path, body, once=once)
            self.blobs.wrote(path)
            self._say(201 if made else 409 if "x-ms-version" in self.headers else 412)

    do_GET = do_PUT = do_DELETE = do_POST = _any  # noqa: N815 - the names that the server looks for

    def _list(self, place: str, query: dict[str, str]) -> None:
        """Keys behind `place/`, as either service lists them; only Google's knows where to start from."""
        azure, prefix, cut = "comp" in query, query.get("prefix", ""), query.get("delimiter")
        begin = query.get("marker") or query.get("continuation-token") or ""
        names = sorted(key[len(place) + 1 :] for key in self.blobs.kept if key.startswith(f"{place}/{prefix}"))
        names = [name for name in names if name >= begin and name > query.get("start-after", "")]
        some, more = names[:PAGE], names[PAGE:]
        folders = {
            f"{prefix}{name[len(prefix) :].partition('/')[0]}/" for name in some if cut and "/" in name[len(prefix) :]
        }
        plain = [name for name in some if not cut or "/" not in name[len(prefix) :]]
        if azure:
            blobs = "".join(
                f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{_MADE}</Last-Modified>"
                "<Content-Length>1</Content-Length><Content-Type>x/x</Content-Type><Etag>1</Etag></Properties></Blob>"
                for name in plain
            ) + "".join(f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>" for name in sorted(folders))
            after = f"<NextMarker>{escape(more[0])}</NextMarker>" if more else "<NextMarker/>"
            body = f"<EnumerationResults><Blobs>{blobs}</Blobs>{after}</EnumerationResults>"
        else:
            body = "".join(
                f"<Contents><Key>{escape(name)}</Key><LastModified>2026-11-25T12:00:00Z</LastModified>"
                '<ETag>"1"</ETag><Size>1</Size></Contents>'
                for name in plain
            ) + "".join(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders))
            after = f"<NextContinuationToken>{escape(more[0])}</NextContinuationToken>" if more else ""
            body = f"<ListBucketResult>{body}{after}</ListBucketResult>"
        self._say(200, body.encode())

    def _batch(self, body: str) -> None:
        """Azure deletes several at once."""
        answers = []
        for number, path in re.findall(r"Content-ID: (\d+).*?DELETE (\S+) HTTP", body, re.DOTALL | re.IGNORECASE):
            gone = self.blobs.kept.pop(unquote(urlsplit(path).path).lstrip("/"), None) is None
            status = "404 The specified blob does not exist." if gone else "202 Accepted"
            error = "x-ms-error-code: BlobNotFound\r\n" if gone else ""
            answers.append(
                f"--b\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
                f"HTTP/1.1 {status}\r\n{error}x-ms-request-id: 1\r\n\r\n"
            )
        self._say(202, ("".join(answers) + "--b--\r\n").encode(), "multipart/mixed; boundary=b")

    def _say(self, status: int, body: bytes = b"", kind: str = "application/xml") -> None:
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(body)), "Content-Type": kind, "ETag": '"1"', "Last-Modified": _MADE,
        }.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # says nothing
        pass


class Blobs:
    """What is kept by path: `bucket/key` for one service, `account/container/key` for the other."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.wrote: Callable[[str], None] = lambda _path: None
        """Called when a write was carried out and is not answered yet."""
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"blobs": self}))
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def made(self, path: str, data: bytes, *, once: bool) -> bool:
        """Keep it, unless it is there and may be made once only."""
        with self._lock:
            if once and path in self.kept:
                return False
            self.kept[path] = data
            return True

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
