"""One comment on a pull request: found again by the marker in its first line, and updated in place.

A stranger can write a comment with our marker, and the token of a workflow may edit it; what they wrote they can
change again after us. So only comments of a bot, or of the token's own user, are taken for ours.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops_guard.costs.web import Site, trusted
from finops_guard.errors import InputError, ScanError
from finops_guard.outputs._escape import markdown
from finops_guard.outputs.markdown import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LONGEST = 65_536
"""Characters GitHub takes in a comment."""
_PUBLIC = "https://api.github.com"
_PAGE, _PAGES = 100, 25  # GitHub takes 2,500 comments on a pull request
_WORD = re.compile(r"[\w.][\w. /-]{0,49}", re.ASCII)
_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_REF = re.compile(r"refs/pull/([1-9]\d*)/")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A pull request and who speaks there."""

    site: Site
    repository: str
    number: int

    def tell(self, body: str, *, new: bool = True) -> str | None:
        """The address of the comment that holds `body` now; None where there was none and `new` is false.

        The first line of `body` is the mark by which its comment is found. ScanError where GitHub does not let us, or
        does not answer.
        """
        here = f"/repos/{self.repository}/issues"
        mark = body.partition("\n")[0]
        marked = (row for row in self.paged(f"{here}/{self.number}/comments") if _is_report(row, mark))
        found = next((row["id"] for row in self.mine(marked)), None)
        if found is not None:
            return _address(self.site.patch(f"{here}/comments/{found}", {"body": body}))
        if not new:
            return None
        once = replace(self.site, tries=1)  # what GitHub took without an answer would stand there twice
        return _address(once.post(f"{here}/{self.number}/comments", {"body": body}))

    @property
    def most(self) -> int:
        """How many rows are looked through; what has so many has more, perhaps."""
        return _PAGE * _PAGES

    def paged(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a list, the oldest first. ScanError where GitHub answers with what is none."""
        for page in range(1, _PAGES + 1):
            rows = _rows(self.site.get(path, [("per_page", str(_PAGE)), ("page", str(page))]))
            yield from rows
            if len(rows) < _PAGE:
                return

    def mine(self, comments: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Those of a bot, or of the token's own user."""
        me: str | None = None
        for comment in comments:
            user = comment.get("user") or {}
            if user.get("type") != "Bot":
                me = self._me() if me is None else me
                if not me or user.get("login") != me:
                    continue
            yield comment

    def _me(self) -> str:
        """The token's user, empty for the token of a workflow, which has none."""
        try:
            said = self.site.get("/user")
        except ScanError:
            return ""
        return str(said.get("login") or "") if isinstance(said, dict) else ""


def conversation(environ: Mapping[str, str], number: int | None = None) -> Conversation:
    """The pull request that a workflow runs for. InputError for what GitHub Actions would have set and is not there."""
    token, repository = environ.get("GITHUB_TOKEN", ""), environ.get("GITHUB_REPOSITORY", "")
    if not token:
        raise InputError("there is no GITHUB_TOKEN")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InputError("GITHUB_TOKEN is no token")
    if not _NAME.fullmatch(repository):
        raise InputError("GITHUB_REPOSITORY names no repository")
    number = number or _number(environ)
    if number is None:
        raise InputError("this is no run for a pull request")
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    base = trusted(environ.get("GITHUB_API_URL") or _PUBLIC, "GITHUB_API_URL")
    return Conversation(Site(base, headers, name="GitHub"), repository, number)


def _number(environ: Mapping[str, str]) -> int | None:
    """From the event, else from the ref `refs/pull/N/merge`."""
    try:
        event = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError):
        event = {}
    number = (event.get("pull_request") or {}).get("number") if isinstance(event, dict) else None
    if isinstance(number, int) and number > 0:
        return number
    match = _REF.match(environ.get("GITHUB_REF", ""))
    return int(match[1]) if match else None


def _rows(said: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a parsing border
    if not isinstance(said, list) or not all(isinstance(row, dict) for row in said):
        raise ScanError("GitHub answered with what is no list of what was asked for")
    return said


def known(name: str) -> str:
    """A name that a comment can have, or none. InputError for what is no name."""
    if name and not _WORD.fullmatch(name):
        raise InputError(
            f"{name[:60]!r} is no name of a comment", help="letters, digits, spaces and . _ / -, at most 50"
        )
    return name


def named(body: str, name: str) -> str:
    """A report as that of `name`, beside which there may be others on the same request; as it is without a name."""
    if not known(name):
        return body
    head, _, rest = body.removeprefix(MARKER).partition("\n## finops-guard")
    return f"<!-- finops-guard report {name} -->{head}\n## finops-guard {markdown(name)}{rest}"


def _is_report(comment: dict[str, Any], mark: str) -> bool:
    return str(comment.get("body") or "").partition("\n")[0].rstrip("\r") == mark and isinstance(comment.get("id"), int)


def _address(said: Any) -> str:  # noqa: ANN401 - a parsing border
    return str(said.get("html_url") or "") if isinstance(said, dict) else ""
