"""Suggestions as `fix --suggestions` writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

BLOB = "b" * 40


def row(**more: Any) -> dict[str, Any]:
    """One line of main.tf, for one finding."""
    given = {
        "file": "infra/main.tf", "blob": BLOB, "first": 3, "last": 3, "old": ['  tags = { team = "vison" }'],
        "new": ['  tags = { team = "vision" }'], "severity": "high",
        "findings": [
            {"id": "f1", "rule": "ai-tags/whose", "severity": "high", "resource": "aws_instance.a", "also": []}
        ],
    }  # fmt: skip
    return {**given, **more}


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"schema": "finops-guard/suggestions/1", "suggestions": list(rows), "left_out": []}))
    return path
