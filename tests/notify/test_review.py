from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.errors import ScanError
from finops_guard.notify._review import MOST, suggest
from finops_guard.notify._sticky import conversation
from finops_guard.notify._suggestions import read
from tests.notify.hub import BOT, Hub, hub
from tests.notify.suggesting import BLOB, row, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finops_guard.notify._review import Suggested

PATCH = "@@ -1,2 +1,4 @@ head\n a\n+b\n+c\n d\n@@ -20,3 +22,3 @@\n x\n-y\n+y2\n z\n\\ No newline at end of file"
FILE = {"filename": "infra/main.tf", "sha": BLOB, "status": "modified", "patch": PATCH}


@pytest.fixture
def there() -> Iterator[Hub]:
    with hub() as made:
        made.files.append(dict(FILE))
        yield made


@pytest.fixture
def told(tmp_path: Path, there: Hub) -> Any:
    def tell(*rows: dict[str, Any]) -> Suggested:
        return suggest(conversation(there.environ), read(written(tmp_path / "s.json", *rows)))

    return tell


def at(first: int, last: int, **more: Any) -> dict[str, Any]:
    return row(first=first, last=last, old=[f"old {first} {n}" for n in range(last - first + 1)], **more)


def test_one_review_with_a_comment_for_each(there: Hub, told: Any) -> None:
    said = told(at(3, 3), at(22, 24))
    assert str(said) == "2 suggestions made"
    (review,) = there.reviews
    one, two = review["comments"]
    assert (one["path"], one["line"], "start_line" in one) == ("infra/main.tf", 3, False)
    assert (two["start_line"], two["line"], two["start_side"]) == (22, 24, "RIGHT")
    assert one["body"].startswith("<!-- finops-guard fix ")
    assert '```suggestion\n  tags = { team = "vision" }\n```' in one["body"]


def test_none_is_made_twice(there: Hub, told: Any) -> None:
    told(at(3, 3))
    assert str(told(at(3, 3))) == "0 suggestions made, 1 there already"
    assert len(there.reviews) == 1
    moved = {**at(3, 3), "first": 23, "last": 23}  # lines above it are new
    assert told(moved, at(22, 22)).made == 1


def test_a_stranger_s_mark_and_one_that_is_quoted_keep_nothing_back(there: Hub, told: Any) -> None:
    told(at(3, 3))
    body = there.notes.pop()["body"]
    there.notes.append({"body": body, "user": {"login": "mallory", "type": "User"}})
    there.notes.append({"body": f"<!-- finops-guard fix {'0' * 24} -->\n```suggestion\n{body}\n```", "user": BOT})
    assert told(at(3, 3)).made == 1


@pytest.mark.parametrize(("first", "last"), [(5, 5), (4, 5), (4, 22), (21, 22), (25, 25), (1_000, 1_000)], ids=str)
def test_lines_outside_of_the_diff_stay_in_the_comment(there: Hub, told: Any, first: int, last: int) -> None:
    assert str(told(at(first, last))) == "0 suggestions made, 1 outside of the request's lines"
    said = told(at(first, last), at(3, 3))
    assert (said.made, said.outside) == (1, 1)
    assert "1 more are in the comment" in there.reviews[0]["body"]


@pytest.mark.parametrize(
    "change",
    [
        {"filename": "main.tf"},
        {"sha": "c" * 40},
        {"patch": None},
        {"patch": ""},
        {"patch": "@@ -3 +2,0 @@\n-a"},
        {"patch": 7},
    ],
    ids=["another file", "another content", "too large", "binary", "only taken away", "odd"],
)
def test_a_file_that_is_not_as_it_was_judged_gets_none(there: Hub, told: Any, change: dict[str, Any]) -> None:
    there.files[0] = {name: value for name, value in {**FILE, **change}.items() if value is not None}
    assert (told(at(3, 3)).made, there.reviews) == (0, [])


def test_lines_that_end_in_cr_are_only_told_of(there: Hub, told: Any) -> None:
    assert told(row(new=["a\r"])).outside == 1
    assert there.reviews == []


def test_the_file_is_found_on_a_later_page(there: Hub, told: Any) -> None:
    there.files[:0] = [{"filename": f"{n}", "sha": "", "patch": ""} for n in range(150)]
    assert told(at(3, 3)).made == 1


def test_no_more_than_some_a_run_the_most_severe_first(there: Hub, told: Any) -> None:
    rows = [row(old=[f"{n}"], severity="low" if n < 30 else "high") for n in range(60)]
    said = told(*rows)
    assert (said.made, said.more) == (MOST, 60 - MOST)
    assert len(there.reviews[0]["comments"]) == MOST
    assert told(*rows).there == MOST
    assert told(*rows).made == MOST
    assert told(*rows).made == 0


def test_the_same_mistake_on_two_machines_is_told_of_both(told: Any) -> None:
    other = [{"id": "f2", "rule": "ai-tags/whose", "severity": "high", "resource": "aws_instance.b", "also": []}]
    assert told(row(), row(first=23, last=23, findings=other)).made == 2


def test_the_same_edit_twice_is_one(there: Hub, told: Any) -> None:
    assert told(at(3, 3), {**at(3, 3), "first": 23, "last": 23}).made == 1
    assert len(there.reviews[0]["comments"]) == 1


def test_nothing_to_suggest_asks_nothing(there: Hub, told: Any) -> None:
    assert told().made == 0
    assert there.server.asked == []


def test_who_may_only_read_is_told_so(there: Hub, told: Any) -> None:
    there.refuses = {"POST"}
    with pytest.raises(ScanError, match="GitHub answered 403"):
        told(at(3, 3))


def test_what_was_not_answered_is_not_sent_again(there: Hub, told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub may have taken it."""
    answer = there.answer
    monkeypatch.setattr(there, "answer", lambda asked: (502, {}, {}) if asked.method == "POST" else answer(asked))
    with pytest.raises(ScanError, match="502"):
        told(at(3, 3))
    assert there.sent == ["POST /repos/acme/infra/pulls/7/reviews"]


def test_where_not_all_comments_are_seen_none_is_made(there: Hub, told: Any) -> None:
    there.notes += [{"body": "x", "user": BOT}] * 2_500
    with pytest.raises(ScanError, match="more comments than we look through"):
        told(at(3, 3))
