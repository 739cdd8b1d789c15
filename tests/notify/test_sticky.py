from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from finops_guard.errors import InputError, ScanError
from finops_guard.notify._sticky import conversation
from finops_guard.outputs.markdown import MARKER
from tests.notify.hub import Hub, hub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD, NEW = f"{MARKER}\nold", f"{MARKER}\nnew é"
STRANGER = {"login": "mallory", "type": "User"}


@pytest.fixture
def there() -> Iterator[Hub]:
    with hub() as made:
        yield made


def test_the_first_run_comments_and_the_next_updates_in_place(there: Hub) -> None:
    there.add("Looks good!", STRANGER)
    place = conversation(there.environ)
    assert place.tell(OLD) == "https://github.example/c/2"
    assert place.tell(NEW) == "https://github.example/c/2"
    assert [comment["body"] for comment in there.comments] == ["Looks good!", NEW]
    assert there.sent == ["POST /repos/acme/infra/issues/7/comments", "PATCH /repos/acme/infra/issues/comments/2"]


def test_it_is_found_on_a_later_page(there: Hub) -> None:
    for n in range(230):
        there.add(f"comment {n}", STRANGER)
    there.add(OLD)
    assert conversation(there.environ).tell(NEW) == "https://github.example/c/231"
    assert there.comments[230]["body"] == NEW


def test_a_strangers_comment_with_our_marker_is_left_alone(there: Hub) -> None:
    """They could change what we wrote into it."""
    there.add(OLD, STRANGER)
    assert conversation(there.environ).tell(NEW) == "https://github.example/c/2"
    assert there.comments[0]["body"] == OLD


def test_a_person_who_runs_it_finds_their_own(there: Hub) -> None:
    there.user = "anna"
    there.add(OLD, STRANGER)
    there.add(OLD, {"login": "anna", "type": "User"})
    assert conversation(there.environ).tell(NEW) == "https://github.example/c/2"
    assert [comment["body"] for comment in there.comments] == [OLD, NEW]


def test_a_marker_that_is_only_quoted_is_no_comment_of_ours(there: Hub) -> None:
    there.add(f"See {MARKER}")
    conversation(there.environ).tell(NEW)
    assert len(there.comments) == 2


def test_update_only_begins_none(there: Hub) -> None:
    place = conversation(there.environ)
    assert place.tell(NEW, new=False) is None
    assert there.sent == []
    there.add(OLD)
    assert place.tell(NEW, new=False) == "https://github.example/c/1"


def test_a_token_that_may_only_read_is_a_scan_error_without_the_token(there: Hub) -> None:
    there.refuses = {"POST"}
    with pytest.raises(ScanError, match=r"^GitHub answered 403$"):
        conversation(there.environ).tell(NEW)
    assert len(there.sent) == 1


def test_a_comment_that_may_stand_there_is_not_sent_twice(there: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = there.answer
    monkeypatch.setattr(there, "answer", lambda a: (502, {}, {}) if a.method == "POST" else answer(a))
    with pytest.raises(ScanError, match=r"^GitHub answered 502$"):
        conversation(there.environ).tell(NEW)
    assert len(there.sent) == 1


@pytest.mark.parametrize("said", [{"message": "x"}, ["x"], 7])
def test_what_are_no_comments_is_said(there: Hub, said: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(there, "answer", lambda _: (200, {}, said))
    with pytest.raises(ScanError, match="no list of what was asked for"):
        conversation(there.environ).tell(NEW)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("GITHUB_TOKEN", "", "no GITHUB_TOKEN"),
        ("GITHUB_TOKEN", "a\r\nX: y", "is no token"),
        ("GITHUB_REPOSITORY", "acme", "names no repository"),
        ("GITHUB_REPOSITORY", "acme/infra/../..", "names no repository"),
        ("GITHUB_REF", "refs/heads/main", "no run for a pull request"),
        ("GITHUB_API_URL", "http://api.github.example", "not https"),
    ],
)
def test_what_a_workflow_would_have_set(there: Hub, name: str, value: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        conversation({**there.environ, name: value})


@pytest.mark.parametrize("event", [{"pull_request": {"number": 12}}, {"pull_request": None}, [], {"number": 3}])
def test_the_number_comes_from_the_event_else_from_the_ref(there: Hub, event: object, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps(event))
    environ = {**there.environ, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    named = isinstance(event, dict) and event.get("pull_request")
    assert conversation(environ).number == (12 if named else 7)
    assert conversation(environ, 4).number == 4
