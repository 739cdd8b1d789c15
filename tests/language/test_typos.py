"""Every one-edit typo of a key, choice, boolean, `$parameter` or name in a document is refused where it stands, with
what was meant. Where several words are one edit away, the one suggested must be one of those.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from finops_guard.language import testfile
from finops_guard.language.document import Document
from finops_guard.language.policy_schema import policy_schema
from finops_guard.language.schema import pack_schema
from tests.language.seeded import FOLDER, RULES, prepare, problems
from tests.language.typos import Word, known_here, one_edit, typos, with_typo, words

SCHEMAS = {"pack": pack_schema, "policy": policy_schema, "customer": policy_schema, "tests": testfile.tests_schema}
PARAMS = {"teams", "grace", "floor", "least", "dear", "big", "strict", "since", "word"}
IDS = {rule.partition("/")[2] for rule in RULES}
SHIPPED = {path.stem for path in (FOLDER.parents[2] / "rules").glob("*.yaml")}
ROOT = FOLDER.parents[2]
RIGHT = 0.97
"""The share of typos whose suggestion is the very word; the rest are those near two words."""


def named(word: Word) -> set[str] | None:
    """Names a policy or test takes from elsewhere: packs, parameters, rules, teams, policies."""
    match word.path:
        case ("packs", int(), "use") if not word.key:
            return {"demo", *SHIPPED}
        case ("packs", int(), "with", _) if word.key:
            return PARAMS
        case ("packs", int(), "skip", int()) | ("packs", int(), "severity", _) if word.key or word.path[2] == "skip":
            return IDS
        case ("exempt", int(), "rule") | ("waivers", "inline", int()) if not word.key:
            return set(RULES)
        case ("tests", int(), "expect", _) if word.key:
            return set(RULES)
        case ("notify", int(), "for", "team") if not word.key:
            return {"vision", "nlp"}
        case ("currency",) if not word.key:
            return {"EUR"}
    return None


def misspelt(kind: str, each: int) -> Iterator[tuple[Word, str, set[str]]]:
    """Every word of ours in a document, in each way misspelt."""
    text = (FOLDER / f"{kind}.yaml").read_text("utf-8")
    document = Document(f"{kind}.yaml", text)
    schema = SCHEMAS[kind]()
    rng = random.Random(kind)
    for word in words(document):
        known = named(word) or known_here(schema, document.data, word)
        if known is None:
            continue
        for _, wrong in typos(word.core, rng, each):
            whole = f"${wrong}" if word.text.startswith("$") else wrong
            if whole not in known:
                yield word, wrong, known


def refusal(found: list[Any], word: Word, wrong: str) -> str:
    """What was suggested; AssertionError unless the typo is named once, where it stands, with a word one edit away."""
    assert len(found) == 1, [str(problem) for problem in found]
    problem = found[0]
    assert (problem.line, problem.column) == (word.line + 1, word.column + 1), str(problem)
    meant = re.fullmatch(r"did you mean '(.*)'\?", problem.hint or "")
    assert meant, str(problem)
    suggested = meant[1].removeprefix("$")
    assert one_edit(suggested.rpartition(".")[2], wrong) or one_edit(suggested, wrong), str(problem)
    return suggested


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_typos_of_our_documents(kind: str, tmp_path: Path) -> None:
    folder = prepare(tmp_path)
    text = (FOLDER / f"{kind}.yaml").read_text("utf-8")
    right = tried = 0
    for word, wrong, _ in misspelt(kind, each=1):
        tried += 1
        found = problems(kind, with_typo(text, word, wrong), folder)
        right += refusal(found, word, wrong).rpartition(".")[2] in (word.core, word.core.rpartition(".")[2])
    assert tried > 100 or kind in ("customer", "tests")
    assert right / tried >= RIGHT, f"{right} of {tried}"


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.yaml")), ids=lambda path: str(path.stem))
def test_typos_of_shipped_packs(path: Path) -> None:
    text = path.read_text("utf-8")
    document = Document("rules/demo.yaml", text)
    schema = pack_schema()
    rng = random.Random(path.stem)
    ours = [(word, known) for word in words(document) if (known := known_here(schema, document.data, word))]
    for word, known in rng.sample(ours, min(60, len(ours))):
        for _, wrong in typos(word.core, rng):
            if wrong not in known and f"${wrong}" not in known:
                refusal(problems("pack", with_typo(text, word, wrong), Path()), word, wrong)


@pytest.mark.parametrize("kind", ["pack", "policy"])
def test_many_typos_are_all_named_in_one_run_and_nothing_else_is(kind: str, tmp_path: Path) -> None:
    """Also those below a misspelt key: it is read as what it means."""
    folder = prepare(tmp_path)
    text = (FOLDER / f"{kind}.yaml").read_text("utf-8")
    document = Document(f"{kind}.yaml", text)
    schema = SCHEMAS[kind]()
    rng = random.Random(kind)
    ours = [(word, known) for word in words(document) if (known := known_here(schema, document.data, word))]
    for _ in range(40):
        wrong: dict[Word, str] = {}
        for word, known in rng.sample(ours, 5):
            possible = [typo for _, typo in typos(word.core, rng) if typo not in known and f"${typo}" not in known]
            if possible:
                wrong[word] = possible[0]
        mangled = text
        for word in sorted(wrong, key=lambda word: (-word.line, -word.column)):
            mangled = with_typo(mangled, word, wrong[word])
        wanted = {
            (word.line + 1, word.column + 1 + sum(len(wrong[o]) - len(o.core) for o in wrong if _before(o, word)))
            for word in wrong
        }
        found = problems(kind, mangled, folder)
        assert {(problem.line, problem.column) for problem in found} == wanted, [str(problem) for problem in found]
        assert len(found) == len(wanted)


def _before(one: Word, other: Word) -> bool:
    return one.line == other.line and one.column < other.column
