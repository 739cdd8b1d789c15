"""Conditions over cost rows and over resources are one language: what a rule means, a budget means."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.costs.asks import Ask
from finops_guard.evaluate import predicate
from finops_guard.model import All, AnyOf, Compare, Condition, Not, Ref, Resource, Tags, canonical
from tests.costs.ledger.books import NOW, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = ("team", "expires-on", "a'b", '"', "$p0", "ключ", "x;y")
SPELLINGS = (*KEYS, "Team", " team", "TEAM", "expires_on")
VALUES = ("vision", "Vision", "nlp", "", " ", "'; DROP TABLE rows; --", "2026-11-25", "2026-11-24",
          "2026-12-01T00:00:00Z", "a\nb", "é" * 256, "é" * 257, "\x00", "$p0", "null", "1")  # fmt: skip
PATTERNS = ("[a-z]+", "vision|nlp", ".*", "é+", "a.b", r"\d{4}-\d\d-\d\d", "(?:v|n).*", "")
FIELDS = {"account": "SubAccountId", "region": "RegionId", "charge.service": "ServiceName", "id": "ResourceId"}
TEXTS = ("i-1", "i-2", "eu-west-1", "Amazon EC2", "")
UNTOLD = ("state", "age", "kind", "cost.month", "accelerators.count")

tags = st.none() | st.dictionaries(st.sampled_from(SPELLINGS), st.sampled_from(VALUES), max_size=4)
rows = st.fixed_dictionaries({"tags": tags, **{name: st.sampled_from(TEXTS) for name in FIELDS}})


def refs() -> st.SearchStrategy[Ref]:
    return st.sampled_from(
        [*(Ref("tag", key) for key in KEYS), Ref("tag", "never"), *(Ref("field", name) for name in FIELDS),
         Ref("field", "owner"), Ref("account_tag", "team")]
    )  # fmt: skip


@st.composite
def compares(draw: st.DrawFn) -> Compare:
    ref = draw(refs())
    some = st.sampled_from(VALUES if ref.space == "tag" else TEXTS[:-1])
    op = draw(st.sampled_from(["eq", "in", "not_in", "matches", "same_as", "exists", "after_now"]))
    if op in ("in", "not_in"):
        return Compare(ref, op, tuple(draw(st.lists(some, min_size=op == "not_in", max_size=3))))
    if op == "matches":
        return Compare(ref, op, draw(st.sampled_from(PATTERNS)))
    if op == "same_as":
        return Compare(ref, op, draw(refs()))
    if op == "exists" or (op == "after_now" and ref.space == "tag"):
        return Compare(ref, op, draw(st.booleans()))
    return Compare(ref, "eq", draw(some))


conditions: st.SearchStrategy[Condition] = st.recursive(
    compares()
    | st.builds(Compare, st.sampled_from([Ref("field", name) for name in UNTOLD]), st.just("exists"), st.booleans()),
    lambda inner: st.builds(Not, inner)
    | st.builds(All, st.lists(inner, max_size=3).map(tuple))
    | st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    max_leaves=6,
)  # fmt: skip


def as_resource(row: Mapping[str, object]) -> Resource:
    """What a bill's row knows, as a resource knows it."""
    given = row["tags"] if isinstance(row["tags"], dict) else {}
    told = Tags.of(given)
    owner = told.look("owner")
    team = told.look("team")
    resource = Resource({name: row[name] or None for name in FIELDS}, told)  # type: ignore[misc] # texts
    resource.fields["owner"] = owner if isinstance(owner, str) else team if isinstance(team, str) else None
    if "team" in told.conflicts:
        del resource.fields["owner"]
    return resource


def as_cells(row: Mapping[str, object], number: int) -> dict[str, str]:
    cells = {column: str(row[name]) for name, column in FIELDS.items()}
    return {
        **cells,
        "Tags": json.dumps(row["tags"]) if row["tags"] is not None else "",
        "EffectiveCost": str(1 << number),
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, min_size=1, max_size=8), st.lists(conditions, min_size=1, max_size=20))
def test_a_row_is_selected_as_its_resource_is_judged(
    given_rows: list[dict[str, object]], asked: list[Condition]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cells = [as_cells(row, number) for number, row in enumerate(given_rows)]
        with ledger(Path(folder), *cells, keys=("team",)) as book:
            for condition in asked:
                verdicts = [predicate(condition, NOW)(as_resource(row)) for row in given_rows]
                expected = {
                    verdict: sum(1 << number for number, each in enumerate(verdicts) if each is verdict)
                    for verdict in {*verdicts} - {False}
                }
                found = {True if one.decided else None: int(one.amount) for one in book.totals(Ask(where=condition))}
                assert found == expected, condition


def test_keys_are_canonical_for_rows_as_for_resources() -> None:
    assert {canonical(key) for key in SPELLINGS} == {*KEYS}


def test_a_text_beyond_the_longest_matches_nothing(tmp_path: Path) -> None:
    row = {"EffectiveCost": "1", "Tags": json.dumps({"team": "é" * 257})}
    with ledger(tmp_path, row, {**row, "Tags": json.dumps({"team": "é" * 256})}) as book:
        (found,) = book.totals(Ask(where=Compare(Ref("tag", "team"), "matches", "é+")))
    assert (found.rows, found.decided) == (1, True)
