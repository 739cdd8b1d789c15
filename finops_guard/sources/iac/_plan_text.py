"""The JSON of a plan out of its file, whatever shell wrote it there."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError

if TYPE_CHECKING:
    from finops_guard.model import Notes

_BEGINS = re.compile(
    r'\{\s*"(?:format_version|terraform_version|resource_changes|planned_values|configuration|variables|prior_state)"\s*:'
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_CANDIDATES = 20  # a document has the words at its start; text that only looks like one is not tried for ever
_SHOW = "Write it with: terraform show -json PLAN > plan.json"
MARKS = (
    b"terraform_version", b"format_version", b"resource_changes", b"planned_values", b"provider_config", b"root_module",
)  # fmt: skip
"""Keys of a plan; sorted by a tool, its configuration comes before all else."""


def plan_of(path: Path, notes: Notes) -> dict[str, object]:
    """The plan in a file; InputError in one line for anything else.

    Read are UTF-8 and UTF-16, with or without a byte order mark; what the CLI printed before and after is passed by.
    """
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise InputError(f"{path}: cannot be read: {wrong.strerror or wrong}") from None
    if data.startswith(b"PK\x03\x04"):
        raise InputError(f"{path}: a saved plan in Terraform's own format", help=_SHOW)
    found = _parsed(path, data, notes)
    if _SURROGATE.search(data):  # half a character can stand in JSON, and in no text that is written
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    if not isinstance(found, dict):
        raise InputError(f"{path}: not a plan: its JSON is no object", help=_SHOW)
    _check(path, found)
    return found


def _parsed(path: Path, data: bytes, notes: Notes) -> object:
    try:
        return json.loads(data)
    except UnicodeDecodeError:
        raise InputError(f"{path}: neither UTF-8 nor UTF-16", help=_SHOW) from None
    except RecursionError:
        raise InputError(f"{path}: its JSON is nested too deeply") from None
    except ValueError as wrong:
        return _beside_noise(path, data, notes, wrong)


def _beside_noise(path: Path, data: bytes, notes: Notes, wrong: ValueError) -> object:
    """The plan among lines of the CLI."""
    text = data.decode(json.detect_encoding(data), "replace")
    decoder = json.JSONDecoder()
    for candidate in islice(_BEGINS.finditer(text), _CANDIDATES):
        try:
            found, end = decoder.raw_decode(text, candidate.start())
        except RecursionError:
            raise InputError(f"{path}: its JSON is nested too deeply") from None
        except ValueError as error:
            wrong = error
            continue
        before, after = text[: candidate.start()].strip("\ufeff \r\n\t"), text[end:].strip()
        where = " and ".join(word for word, noise in (("before", before), ("after", after)) if noise)
        notes.remarks.append(f"{path.name}: text {where or 'around'} the JSON of the plan was passed by")
        return found
    line = f":{wrong.lineno}:{wrong.colno}" if isinstance(wrong, json.JSONDecodeError) else ""
    what = wrong.msg if isinstance(wrong, json.JSONDecodeError) else str(wrong)
    raise InputError(f"{path}{line}: not the JSON of a plan: {what}", help=_SHOW) from None


def _check(path: Path, plan: dict[str, object]) -> None:
    changes, planned = plan.get("resource_changes"), plan.get("planned_values")
    if changes is None and (planned is None or not {"format_version", "terraform_version"} & plan.keys()):
        if "@level" in plan:
            raise InputError(f"{path}: the log of `terraform plan -json`, not the plan", help=_SHOW)
        if "values" in plan or "resources" in plan:
            raise InputError(f"{path}: a Terraform state, not a plan: it does not say what will change", help=_SHOW)
        raise InputError(
            f"{path}: not a plan: it has no resource_changes, and nothing that says who made it", help=_SHOW
        )
    if changes is None and _any_planned(planned):
        what = "has planned_values without resource_changes: nothing says what is known only after apply"
        raise InputError(f"{path}: {what}", help=_SHOW)
    if changes is not None and not isinstance(changes, list):
        raise InputError(f"{path}: resource_changes is not a list", help=_SHOW)


def _any_planned(module: object) -> bool:
    if not isinstance(module, dict):
        return False
    root = module.get("root_module")
    return bool(module.get("resources") or module.get("child_modules") or (root and _any_planned(root)))
