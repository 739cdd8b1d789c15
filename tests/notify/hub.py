"""GitHub's comments on loopback: what a pull request's conversation and reviews need of the REST API, and no more."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.costs.answering import Answer, Answering, Asked, answering

if TYPE_CHECKING:
    from collections.abc import Iterator

BOT = {"login": "github-actions[bot]", "type": "Bot"}


@dataclass
class Hub:
    """`refuses`: methods that are answered 403, as for a token that may only read. `user` None: a workflow's token.

    `files`: those of the request, as GitHub tells of them; `notes`: comments on their lines; `reviews`: what was sent.
    """

    server: Answering = field(default_factory=Answering)
    comments: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    user: str | None = None

    @property
    def environ(self) -> dict[str, str]:
        return {
            "GITHUB_API_URL": self.server.url,
            "GITHUB_TOKEN": "t0ken",
            "GITHUB_REPOSITORY": "acme/infra",
            "GITHUB_REF": "refs/pull/7/merge",
        }

    @property
    def sent(self) -> list[str]:
        """Methods and paths, without what is read."""
        return [f"{asked.method} {asked.path}" for asked in self.server.asked if asked.method != "GET"]

    def add(self, body: str, user: dict[str, str] | None = None) -> int:
        self.comments.append({"id": len(self.comments) + 1, "body": body, "user": user or BOT})
        return len(self.comments)

    def answer(self, asked: Asked) -> Answer:
        assert asked.headers["Authorization"] == "Bearer t0ken"
        if asked.method in self.refuses:
            return 403, {}, {"message": "Resource not accessible by integration", "status": "403"}
        if asked.path == "/user":
            return (200, {}, {"login": self.user}) if self.user else (403, {}, {"message": "no user"})
        if asked.method == "GET":
            return self._read(asked.path)
        if asked.path == "/repos/acme/infra/pulls/7/reviews":
            return self._reviewed(asked.body)
        if asked.method == "POST":
            assert asked.path == "/repos/acme/infra/issues/7/comments"
            number = self.add(asked.body["body"], {"login": self.user, "type": "User"} if self.user else None)
            return 201, {}, {"html_url": f"https://github.example/c/{number}"}
        assert asked.method == "PATCH"
        match = re.fullmatch(r"/repos/acme/infra/issues/comments/(\d+)", asked.path)
        assert match, asked.path
        self.comments[int(match[1]) - 1]["body"] = asked.body["body"]
        return 200, {}, {"html_url": f"https://github.example/c/{match[1]}"}

    def _read(self, path: str) -> Answer:
        if path == "/repos/acme/infra/pulls/7":
            return 200, {}, {"number": 7, "head": {"sha": "c0ffee"}}
        match = re.fullmatch(
            r"/repos/acme/infra/(issues/7/comments|pulls/7/comments|pulls/7/files)\?per_page=100&page=(\d+)", path
        )
        assert match, path
        rows = {"issues/7/comments": self.comments, "pulls/7/comments": self.notes, "pulls/7/files": self.files}
        start = 100 * (int(match[2]) - 1)
        return 200, {}, rows[match[1]][start : start + 100]

    def _reviewed(self, review: dict[str, Any]) -> Answer:
        """As GitHub does: all of it, or none where one comment is not on lines of one hunk of the diff."""
        assert (review["event"], review["commit_id"]) == ("COMMENT", "c0ffee")
        assert review["body"]
        for each in review["comments"]:
            assert each["side"] == "RIGHT"
            assert each.get("start_line", 0) < each["line"], "GitHub: start line must precede the end line"
            if not self._in_diff(each):
                return 422, {}, {"message": "Unprocessable Entity", "errors": ["line must be part of the diff"]}
        self.reviews.append(review)
        self.notes += [{"body": each["body"], "user": BOT, "path": each["path"]} for each in review["comments"]]
        return 200, {}, {"html_url": "https://github.example/r/1"}

    def _in_diff(self, comment: dict[str, Any]) -> bool:
        for file in self.files:
            for hunk in re.split(r"(?m)^(?=@@ )", file.get("patch", "")):
                at = re.match(r"@@ -\S+ \+(\d+)", hunk)
                if file["filename"] == comment["path"] and at:
                    shown = sum(line[:1] in (" ", "+") for line in hunk.split("\n")[1:])
                    lines = range(int(at[1]), int(at[1]) + shown)
                    if comment["line"] in lines and comment.get("start_line", comment["line"]) in lines:
                        return True
        return False


@contextmanager
def hub() -> Iterator[Hub]:
    made = Hub()
    with answering(lambda asked: made.answer(asked)) as server:  # noqa: PLW0108 - a test may put another in its place
        made.server = server
        yield made
