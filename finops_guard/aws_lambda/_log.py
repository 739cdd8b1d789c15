"""Logs: one JSON object a line on stdout, in which no secret of the environment stands."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

_SECRETIVE = ("SECRET", "TOKEN", "PASSWORD", "PASSWD", "KEY", "CREDENTIAL", "WEBHOOK", "URL")
_PUBLIC = frozenset({"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SNS", "AWS_ACCESS_KEY_ID"})
_SHORT = 6


class JsonLines(logging.Formatter):
    """A record as JSON. Values of variables that are named like secrets, and those of `hide`, are struck out of it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._environ = environ
        self._secrets: list[str] = []
        self.hide(name for name in environ if name not in _PUBLIC and any(word in name.upper() for word in _SECRETIVE))

    def hide(self, names: Iterable[str]) -> None:
        """Strike out the values of these variables too."""
        values = {value for name in names if len(value := self._environ.get(name, "")) >= _SHORT}
        self._secrets = sorted(values.union(self._secrets), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": self._clean(record.getMessage()),
        }
        more = {name: self._clean(value) for name, value in getattr(record, "told", {}).items()}
        return json.dumps({**told, **more})

    def _clean(self, value: object) -> object:
        if isinstance(value, Mapping):
            return {str(name): self._clean(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def logger(form: JsonLines) -> logging.Logger:
    """The log of this invocation; the runtime's own handler does not see it."""
    log = logging.getLogger("finops_guard.aws_lambda")
    out = logging.StreamHandler(sys.stdout)
    out.setFormatter(form)
    log.handlers[:] = [out]
    log.setLevel(logging.INFO)
    log.propagate = False
    return log
