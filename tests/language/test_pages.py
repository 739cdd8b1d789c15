"""What is made from the language and committed is fresh, and the examples in its page load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from finops_guard import docs
from finops_guard.language import pages
from finops_guard.language.document import Document
from finops_guard.language.pack import load_pack
from finops_guard.language.testfile import load_tests, unknown_rules

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "language.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("name", docs.WRITTEN)
def test_what_is_committed_is_what_would_be_written(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert docs.WRITTEN[name](text) == text, "python -m finops_guard.docs"


def test_a_stale_file_is_named_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "WRITTEN", {"docs/a.md": lambda _: "new\n"})
    assert docs.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/a.md: stale: python -m finops_guard.docs\n"
    assert docs.main([]) == 0
    assert (tmp_path / "docs" / "a.md").read_text("utf-8") == "new\n"
    assert docs.main(["--check"]) == 0


def test_the_examples_of_the_page_load() -> None:
    pack, tests = EXAMPLES
    loaded, problems = load_pack(Document("rules/house.yaml", pack))
    assert problems == []
    assert loaded is not None
    file, problems = load_tests(Document("tests.yaml", tests))
    assert problems == []
    assert file is not None
    assert list(unknown_rules(file, {rule.id for rule in loaded.rules.values()})) == []


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="operators"):
        pages.language_page("# The language\n")
