"""What the Action is told: its inputs, and what GitHub says of the run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from finops_guard.errors import InputError
from finops_guard.model import SEVERITIES
from finops_guard.notify._sticky import known

_REF = re.compile(r"[A-Za-z0-9_][\w./-]*", re.ASCII)
_OF_REQUESTS = ("pull_request", "pull_request_target", "merge_group")
_BASELESS = "this run is about a request, and its event names no base: by whose policy it is to be judged is not known"


@dataclass(frozen=True, slots=True)
class Inputs:
    """`base`: the commit or ref of what is merged into, empty outside of a request.

    `baseline`: a file with findings that are exempt; `only_new`: those of the base are. `name`: of the comment among
    several. `suggest`: fixes also on the lines of the request. `state`: where stored runs are. `repository`: of the
    run, `owner/name`.
    """

    paths: tuple[str, ...]
    policy: str
    baseline: str
    only_new: bool
    fail_on: str
    base: str
    comment: bool
    name: str
    suggest: bool
    state: str
    workspace: Path
    temporary: Path
    token: str
    server: str
    repository: str


def read(environ: Mapping[str, str]) -> Inputs:
    """The inputs; InputError for one that is none."""
    base = environ.get("FG_BASE_REF") or _base(environ)
    if base and (not _REF.fullmatch(base) or ".." in base):
        raise InputError("base-ref is neither a commit nor the name of a ref")
    fail_on = environ.get("FG_FAIL_ON") or "high"
    if fail_on not in (*SEVERITIES, "never"):
        raise InputError(f"fail-on is not one of {', '.join(SEVERITIES)}, never")
    comment = _flag("comment", environ.get("FG_COMMENT") or "true")
    suggest = _flag("suggest", environ.get("FG_SUGGEST") or "false")
    if suggest and not comment:
        raise InputError("suggest goes with the comment, which holds what has no line in the request")
    workspace = Path(environ.get("GITHUB_WORKSPACE") or ".").resolve()
    return Inputs(
        paths=tuple(line.strip() for line in environ.get("FG_PATH", "").splitlines() if line.strip()) or (".",),
        policy=_below("policy", environ.get("FG_POLICY", ""), workspace),
        baseline=_below("baseline", environ.get("FG_BASELINE", ""), workspace),
        only_new=_flag("only-new", environ.get("FG_ONLY_NEW") or "false"),
        fail_on=fail_on,
        base=base,
        comment=comment,
        name=known(environ.get("FG_NAME", "")),
        suggest=suggest,
        state=environ.get("FG_STATE", "").strip(),
        workspace=workspace,
        temporary=Path(environ.get("RUNNER_TEMP") or gettempdir()).resolve(),
        token=environ.get("GITHUB_TOKEN", ""),
        server=environ.get("GITHUB_SERVER_URL") or "https://github.com",
        repository=environ.get("GITHUB_REPOSITORY", ""),
    )


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise InputError(f"{name} is neither true nor false")
    return text == "true"


def _below(name: str, text: str, workspace: Path) -> str:
    """A path from the top of the checkout, as it is where it is absolute and lies elsewhere.

    One that leads into the checkout by a link (`/tmp` is one on macOS) is a path in the checkout.
    """
    path = Path(os.path.normpath(text)) if text else Path()
    if path.is_absolute():
        real = Path(os.path.realpath(path.parent), path.name)
        path = real if real.is_relative_to(workspace) else path
    if path.is_relative_to(workspace):
        path = path.relative_to(workspace)
    if path.parts[:1] == ("..",):
        raise InputError(f"{name} lies outside of the checkout", help="give it as an absolute path")
    return str(path) if text else ""


def _base(environ: Mapping[str, str]) -> str:
    """The base of a request, or of a group in the merge queue, as the event tells it; empty outside of both.

    InputError where a run is about a request and its event does not say: the checkout may be that of a stranger then,
    and its policy is none to judge by.
    """
    kind = environ.get("GITHUB_EVENT_NAME", "")
    try:
        event: Any = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError):
        event = {}
    event = event if isinstance(event, dict) else {}
    request, group = event.get("pull_request"), event.get("merge_group")
    try:
        base = str(request["base"]["sha"] if request else group["base_sha"] if group else "")
    except (KeyError, TypeError):
        raise InputError(_BASELESS, help="give base-ref") from None
    if not base and (kind in _OF_REQUESTS or _after_a_request(event)):
        raise InputError(_BASELESS, help="give base-ref, or run on pull_request")
    return base


def _after_a_request(event: Mapping[str, Any]) -> bool:
    """Whether something else than the request itself began this run: a comment on it, or another workflow's end."""
    issue, run = event.get("issue"), event.get("workflow_run")
    on_request = isinstance(issue, dict) and bool(issue.get("pull_request"))
    return on_request or (isinstance(run, dict) and run.get("event") in _OF_REQUESTS)
