"""Conditions over cost rows and over resources are one language: what a rule means, a budget means."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
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


AI_ROWS = {
    "the category": ({"ServiceCategory": "AI and Machine Learning"}, True),
    "the service": ({"ServiceName": "Amazon SageMaker"}, True),
    "an AWS machine": ({"SkuMeter": "EUW1-BoxUsage:p5.48xlarge"}, True),
    "a notebook's machine": ({"SkuMeter": "USE1-Notebk:ml.g5.xlarge"}, True),
    "another machine": ({"SkuMeter": "BoxUsage:m5.large"}, False),
    "an Azure machine": ({"ProviderName": "Microsoft", "SkuMeter": "NC24ads A100 v4"}, True),
    "another Azure machine": ({"ProviderName": "Microsoft", "SkuMeter": "D4s v5/D4ds v5"}, False),
    "a GCP accelerator": ({"ProviderName": "Google Cloud", "SkuMeter": "Nvidia H100 80GB GPU in Eemshaven"}, True),
    "a tag": ({"SkuMeter": "BoxUsage:m5.large", "Tags": '{"workload_type": "training"}'}, True),
    "a conflict": ({"SkuMeter": "Bytes", "Tags": '{"dataset": "a", "Dataset": "b"}'}, True),
    "a machine without a name": ({"ServiceCategory": "Compute"}, None),
    "no machine": ({"ServiceCategory": "Storage"}, False),
    "a tax": ({"ChargeCategory": "Tax"}, False),
}


@pytest.mark.parametrize("name", AI_ROWS)
def test_what_of_a_bill_is_ai(tmp_path: Path, name: str) -> None:
    row, expected = AI_ROWS[name]
    columns = {"ServiceCategory": "", "SkuMeter": ""}
    with ledger(tmp_path, {**columns, **row}) as book:
        found = book.totals(Ask(where=Compare(Ref("field", "ai"), "eq", value=True)))
        others = book.totals(Ask(where=Not(Compare(Ref("field", "ai"), "eq", value=True))))
    assert [one.decided for one in found] == {True: [True], None: [False], False: []}[expected]
    assert [one.decided for one in others] == {False: [True], None: [False], True: []}[expected]


def test_an_inventorys_word_for_a_service_is_not_told_by_a_bill(tmp_path: Path) -> None:
    def decided(op: str, value: object) -> list[bool]:
        return [one.decided for one in book.totals(Ask(where=Compare(Ref("field", "service"), op, value)))]

    with ledger(tmp_path, {"ServiceName": "Amazon SageMaker"}) as book:
        assert decided("eq", "Amazon SageMaker") == [True]
        assert decided("eq", "Amazon EC2") == []
        assert decided("eq", "sagemaker") == [False]
        assert decided("in", ("sagemaker", "Amazon SageMaker")) == [True]
        assert decided("not_in", ("sagemaker",)) == [False]
        assert decided("not_in", ("sagemaker", "Amazon SageMaker")) == []
