from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finops_guard.outputs.markdown import MARKER
from tests.cli.command import finops_guard
from tests.notify.hub import Hub, hub
from tests.notify.suggesting import BLOB, row, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = f"{MARKER}\n## finops-guard: 1 failing\n"


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.md").write_text(BODY)
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    with hub() as made:
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made


def test_the_report_becomes_the_comment_and_the_summary(there: Hub, tmp_path: Path) -> None:
    ran = finops_guard("comment", "report.md")
    assert (ran.code, ran.out, ran.err) == (0, "https://github.example/c/1\n", "")
    assert there.comments[0]["body"] == BODY
    assert (tmp_path / "summary.md").read_text() == f"{BODY}\n"


def test_a_fork_gets_the_summary_and_no_other_exit_code(there: Hub, tmp_path: Path) -> None:
    there.refuses = {"POST", "PATCH"}
    ran = finops_guard("comment", "report.md")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "not commented: GitHub answered 403; the report is in the job summary\n"
    assert (tmp_path / "summary.md").read_text() == f"{BODY}\n"


PATCH = "@@ -1 +1,3 @@\n a\n+b\n+c"


def test_fixes_stand_below_the_report_and_on_the_lines_where_that_is_asked(there: Hub, tmp_path: Path) -> None:
    written(tmp_path / "s.json", row(), row(first=9, last=9, severity="low"))
    there.files.append({"filename": "infra/main.tf", "sha": BLOB, "patch": PATCH})
    ran = finops_guard("comment", "report.md", "--suggestions", "s.json", "--suggestions", "s.json")
    assert (ran.code, ran.err) == (0, "")
    body = there.comments[0]["body"]
    assert body.startswith(f"{BODY}\n### Fixes\n\n1 finding can be put right")
    assert body.count("```suggestion") == 2
    assert (tmp_path / "summary.md").read_text() == f"{body}\n"
    assert there.reviews == []
    ran = finops_guard("comment", "report.md", "--suggestions", "s.json", "--review")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1:] == ["1 suggestion made, 1 outside of the request's lines"]
    assert len(there.reviews[0]["comments"]) == 1


def test_the_whole_fits_what_github_takes(there: Hub, tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text(BODY + "x" * 60_000)
    written(tmp_path / "s.json", *(row(first=n, last=n, new=["y" * 90]) for n in range(1, 200)))
    assert finops_guard("comment", "report.md", "--suggestions", "s.json").code == 0
    body = there.comments[0]["body"]
    assert len(body) <= 65_536
    assert 1 < body.count("```suggestion") < 199
    assert body.endswith(
        f"{199 - body.count('```suggestion')} more edits. `finops-guard fix PATH --diff` has every one.\n"
    )
    (tmp_path / "report.md").write_text(BODY + "x" * 65_200)
    assert finops_guard("comment", "report.md", "--suggestions", "s.json").code == 0
    assert len(there.comments[0]["body"]) <= 65_536


def test_a_review_that_is_refused_leaves_the_comment(there: Hub, tmp_path: Path) -> None:
    written(tmp_path / "s.json", row())
    there.files.append({"filename": "infra/main.tf", "sha": BLOB, "patch": PATCH})
    there.add(BODY)
    there.refuses = {"POST"}
    ran = finops_guard("comment", "report.md", "--suggestions", "s.json", "--review")
    assert ran.code == 0
    assert ran.err == "not suggested on lines: GitHub answered 403; the comment has the fixes\n"
    assert "### Fixes" in there.comments[0]["body"]


@pytest.mark.usefixtures("there")
def test_suggestions_that_are_none_are_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{}")
    ran = finops_guard("comment", "report.md", "--suggestions", "s.json")
    assert ran.code == 2
    assert "s.json: no suggestions" in ran.err


@pytest.mark.usefixtures("there")
def test_outside_of_a_workflow_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    ran = finops_guard("comment", "report.md")
    assert (ran.code, ran.err) == (0, "not commented: there is no GITHUB_TOKEN; the report is in the file\n")


def test_several_comments_are_told_apart_by_their_names(there: Hub) -> None:
    for _ in range(2):
        for name in ("", "stacks/a", "stacks/b"):
            assert finops_guard("comment", "report.md", "--name", name).code == 0
    assert [comment["body"].splitlines()[:2] for comment in there.comments] == [
        [MARKER, "## finops-guard: 1 failing"],
        ["<!-- finops-guard report stacks/a -->", "## finops-guard stacks/a: 1 failing"],
        ["<!-- finops-guard report stacks/b -->", "## finops-guard stacks/b: 1 failing"],
    ]
    for wrong in ("--> <b>", "a\nb", "x" * 51, "-->"):
        ran = finops_guard("comment", "report.md", f"--name={wrong}")
        assert (ran.code, len(there.comments)) == (2, 3)
        assert "is no name of a comment" in ran.err


def test_update_only_begins_no_comment(there: Hub) -> None:
    assert finops_guard("comment", "report.md", "--update-only").out == ""
    assert there.sent == []


def test_a_summary_that_cannot_be_written_is_said(there: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    ran = finops_guard("comment", "report.md")
    assert ran.code == 0
    assert ran.err.startswith("GITHUB_STEP_SUMMARY cannot be written")
    assert len(there.comments) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff", "it is not UTF-8"),
        (b"# other", "no Markdown report"),
        (BODY.encode() + b"x" * 65_536, "and GitHub takes 65,336"),
    ],
)
def test_what_is_no_report_is_an_input_error(there: Hub, tmp_path: Path, text: bytes | None, why: str) -> None:
    if text is None:
        (tmp_path / "report.md").unlink()
    else:
        (tmp_path / "report.md").write_bytes(text)
    ran = finops_guard("comment", "report.md")
    assert ran.code == 2
    assert why in ran.err
    assert there.server.asked == []
