"""A client of the Language Server Protocol, as small as the editor test needs it."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SETTINGS = {
    "yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}},
    "http": {"proxy": "", "proxyStrictSSL": False},
    "[yaml]": {"editor.tabSize": 2, "editor.insertSpaces": True},
    "editor": {"detectIndentation": False},
    "files": {"associations": {}},
}


class Server:
    """A language server as a child process; every wait ends after `patience` seconds."""

    def __init__(self, command: list[str], root: Path, patience: float = 60) -> None:
        self._patience = patience
        self._root = root
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._last = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
        }
        folders = [{"uri": self._root.as_uri(), "name": "root"}]
        options = {"processId": None, "rootUri": self._root.as_uri(), "workspaceFolders": folders}
        self.ask("initialize", options | {"capabilities": capabilities})
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": SETTINGS})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def open(self, path: Path, text: str) -> str:
        """Show the server a document, which need not exist; its URI."""
        item = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})
        return path.as_uri()

    def offered(self, path: Path, text: str) -> set[str]:
        """What completion offers where the text has a `|`, which is taken out."""
        before, _, after = text.partition("|")
        uri = self.open(path, before + after)
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        answer = self.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": place})
        return {str(item["label"]) for item in answer["items"]}

    def diagnosed(self, path: Path, text: str) -> list[tuple[int, int, str]]:
        """(line, column, message) of every problem the server reports, from 1."""
        uri = self.open(path, text)
        while True:
            message = self._next()
            told = message.get("params", {})
            if message.get("method") == "textDocument/publishDiagnostics" and told["uri"] == uri:
                starts = [(found["range"]["start"], str(found["message"])) for found in told["diagnostics"]]
                return [(start["line"] + 1, start["character"] + 1, words) for start, words in starts]

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self._last += 1
        number = self._last
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _next(self) -> dict[str, Any]:
        message = self._answers.get(timeout=self._patience)
        if "id" in message and "method" in message:
            asked = message.get("params", {}).get("items", [])
            sections = [SETTINGS.get(item.get("section")) for item in asked]
            self._send({"id": message["id"], "result": sections if asked else None})
        return message

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                return
            self._answers.put(json.loads(stream.read(length)))
