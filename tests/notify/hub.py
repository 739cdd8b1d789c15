"""GitHub's comments on loopback: what a pull request's conversation needs of the REST API, and no more."""

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
    """`refuses`: methods that are answered 403, as for a token that may only read. `user` None: a workflow's token."""

    server: Answering = field(default_factory=Answering)
    comments: list[dict[str, Any]] = field(default_factory=list)
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
            match = re.fullmatch(r"/repos/acme/infra/issues/7/comments\?per_page=100&page=(\d+)", asked.path)
            assert match, asked.path
            start = 100 * (int(match[1]) - 1)
            return 200, {}, self.comments[start : start + 100]
        if asked.method == "POST":
            assert asked.path == "/repos/acme/infra/issues/7/comments"
            number = self.add(asked.body["body"], {"login": self.user, "type": "User"} if self.user else None)
            return 201, {}, {"html_url": f"https://github.example/c/{number}"}
        assert asked.method == "PATCH"
        match = re.fullmatch(r"/repos/acme/infra/issues/comments/(\d+)", asked.path)
        assert match, asked.path
        self.comments[int(match[1]) - 1]["body"] = asked.body["body"]
        return 200, {}, {"html_url": f"https://github.example/c/{match[1]}"}


@contextmanager
def hub() -> Iterator[Hub]:
    made = Hub()
    with answering(lambda asked: made.answer(asked)) as server:  # noqa: PLW0108 - a test may put another in its place
        made.server = server
        yield made
