"""Over 200 seeded mistakes: each refused once, at its line and column, in few lines, with what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finops_guard.language.document import Document
from finops_guard.language.pack import load_pack
from tests.language.seeded import FOLDER, MARK, Seeded, custodian, prepare, problems, seeded

CASES = list(seeded())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("mistakes"))


@pytest.mark.parametrize("kind", ["pack", "policy", "customer", "tests"])
def test_the_documents_without_a_mistake_load(kind: str, folder: Path) -> None:
    assert problems(kind, (FOLDER / f"{kind}.yaml").read_text("utf-8"), folder) == []


def test_there_are_over_200_and_each_has_a_name_of_its_own() -> None:
    names = [(case.kind, case.name) for case in CASES]
    assert len(names) == len(set(names))
    assert len(names) > 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_each_mistake_is_named_once_where_it_stands(case: Seeded, folder: Path) -> None:
    found = problems(case.kind, case.text, folder)
    assert len(found) == 1, [str(problem) for problem in found]
    problem = found[0]
    assert (problem.line, problem.column) == (case.line, case.column), str(problem)
    assert case.says in problem.message
    if case.suggests is not None:
        assert problem.hint == f"did you mean '{case.suggests}'?"
    else:
        assert not (problem.hint or "").startswith("did you mean"), problem.hint
        assert case.hint in (problem.hint or "")
    assert len(str(problem).split("\n")) <= 6
    assert str(problem).isprintable() or "\n" in str(problem)


@pytest.mark.parametrize("case", custodian(), ids=lambda case: str(case["name"]))
def test_what_another_tool_answers_with_a_page(case: dict[str, Any], folder: Path) -> None:
    *marked, _ = case["text"].split(MARK)
    before = ["".join(marked[: i + 1]) for i in range(len(marked))]
    places = [(text.count("\n") + 1, len(text) - text.rfind("\n")) for text in before]
    found = problems(case.get("kind", "pack"), case["text"].replace(MARK, ""), folder)
    found.sort(key=lambda problem: (problem.line, problem.column))
    assert [(problem.line, problem.column) for problem in found] == places, [str(problem) for problem in found]
    for problem, near in zip(found, case["suggests"], strict=True):
        assert len(str(problem).split("\n")) <= 6
        assert not near or problem.hint == f"did you mean '{near}'?"


@pytest.mark.parametrize(("text", "meant"), [("absent", "false"), ("abesnt", "false"), ("present", "true")])
def test_a_text_that_looks_like_a_test_is_warned_of(text: str, meant: str) -> None:
    pack = (FOLDER / "pack.yaml").read_text("utf-8").replace("environment: [dev, prod]", f"environment: {text}")
    _, found = load_pack(Document("rules/demo.yaml", pack))
    assert [(problem.line, problem.column, problem.warning) for problem in found] == [(47, 22, True)]
    assert f"the text '{text}'" in found[0].message
    assert str(found[0].hint).endswith(f"write {{exists: {meant}}}")


def test_all_mistakes_of_a_document_are_named_in_one_run(folder: Path) -> None:
    """Nine mistakes in one pack, after those that Cloud Custodian was measured with."""
    text = (FOLDER / "nine.yaml").read_text("utf-8")
    found = [(p.line, p.message, p.hint) for p in problems("pack", text, folder)]
    wanted = [int(line) for line in text.split("\n")[0].removeprefix("# lines ").split()]
    assert sorted({line for line, *_ in found}) == wanted, found
    assert len(found) == 9, found
