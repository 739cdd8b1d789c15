"""The seeded mistakes in `mistakes/`: each a document with one mistake, and what must be said about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import Document
from finops_guard.language.pack import load_pack
from finops_guard.language.policy import check_policy
from finops_guard.language.testfile import load_tests, unknown_rules

FOLDER = Path(__file__).parent / "mistakes"
TODAY = date(2026, 11, 25)
MARK = "»"
RULES = ("demo/dear", "demo/idle", "demo/whose")


@dataclass(frozen=True)
class Seeded:
    """One mistake: the document's kind (pack, policy, customer, tests), its text, and what is expected."""

    name: str
    kind: str
    text: str
    line: int
    column: int
    says: str
    suggests: str | None
    hint: str


def seeded() -> Iterator[Seeded]:
    """Every case of `cases.yaml` and `texts.yaml`."""
    cases: dict[str, list[dict[str, Any]]] = _as_text("cases.yaml")
    for kind, listed in cases.items():
        base = (FOLDER / f"{kind}.yaml").read_text("utf-8")
        for case in listed:
            text = base
            for old, new in ((case["from"], case["to"]), *case.get("edit", ())):
                assert text.count(old) == 1, f"{case['name']}: {old!r} stands {text.count(old)} times in {kind}.yaml"
                text = text.replace(old, new)
            yield _seeded(kind, text, case)
    for case in _as_text("texts.yaml"):
        yield _seeded("pack", case.get("raw", case["text"]), case)


def custodian() -> list[dict[str, Any]]:
    """The documents of `custodian.yaml`, with a mark before each mistake."""
    cases: list[dict[str, Any]] = _as_text("custodian.yaml")
    return cases


def _as_text(name: str) -> Any:
    """A file of cases; every scalar of it is text."""
    return yaml.load((FOLDER / name).read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - it constructs text only


def _seeded(kind: str, text: str, case: dict[str, Any]) -> Seeded:
    if "at" in case:
        line, column = (int(part) for part in str(case["at"]).split(":"))
    else:
        assert text.count(MARK) == 1, case["name"]
        before = text[: text.index(MARK)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    name = str(case["name"])
    return Seeded(
        name, kind, text.replace(MARK, ""), line, column, case["says"], case.get("suggests"), case.get("hint", "")
    )


def problems(kind: str, text: str, folder: Path) -> list[Diagnostic]:
    """The errors of a document; a policy stands in `folder`, beside `rules/demo.yaml` and `base.yaml`."""
    try:
        if kind == "pack":
            found = load_pack(Document("rules/demo.yaml", text))[1]
        elif kind == "tests":
            tests, found = load_tests(Document("tests.yaml", text))
            found += unknown_rules(tests, RULES) if tests else ()
        else:
            path = folder / f"{kind}.yaml"
            path.write_text(text, "utf-8")
            found = check_policy(path, TODAY)[1]
    except LanguageError as error:
        found = error.diagnostics
    return [problem for problem in found if not problem.warning]


def prepare(folder: Path) -> Path:
    """A folder with the pack, the base policy and the table of budgets that policies of the corpus use."""
    (folder / "rules").mkdir()
    (folder / "rules" / "demo.yaml").write_text((FOLDER / "pack.yaml").read_text("utf-8"), "utf-8")
    for name in ("base.yaml", "budgets.csv"):
        (folder / name).write_text((FOLDER / name).read_text("utf-8"), "utf-8")
    return folder
