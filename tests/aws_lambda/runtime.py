"""Lambda's runtime API on loopback, and AWS's own runtime client on our handler against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:finops-guard"


@dataclass
class Runtime:
    """Invocations go in one after the other; `invoke` gives what the handler answered, or the error it ended in."""

    events: Queue[tuple[str, Any, float]] = field(default_factory=Queue)
    answers: Queue[tuple[str, str, Any]] = field(default_factory=Queue)
    output: str = ""

    def __post_init__(self) -> None:
        runtime = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                request_id, event, seconds = runtime.events.get()
                body = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + seconds) * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", _ARN)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                runtime.answers.put((self.path.split("/")[-2], self.path.rpartition("/")[2], body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.start()

    def start(self) -> None:
        """A cold start. The events are its own: whoever still waits for a process that is gone takes none of them."""
        self.events = Queue()
        environ = os.environ | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "finops-guard",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_REGION": "eu-west-1",
            "LAMBDA_TASK_ROOT": str(ROOT),
            "_HANDLER": "finops_guard.aws_lambda.handler",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", environ["_HANDLER"]],
            cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.reader = Thread(target=self._listen, daemon=True)
        self.reader.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def invoke(self, event: Any, request_id: str, seconds: float = 900) -> tuple[str, Any]:
        """`response` or `error`, and its content."""
        self.events.put((request_id, event, seconds))
        where, what, content = self.answers.get(timeout=300)
        assert where == request_id
        return what, content

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def close(self) -> None:
        self.stop()
        self.server.shutdown()
        self.server.server_close()
