"""Billing APIs in a ledger: what they cannot tell is unknown, and one that does not answer loses no other source."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finops_guard.costs.asks import Ask
from finops_guard.costs.budgets import statuses
from finops_guard.costs.ledger import open_ledger
from finops_guard.costs.reach import Reach
from finops_guard.model import All, AnyOf, Budget, Compare, Condition, CostSource, Gap, Ref
from tests.costs.answering import Answer, Asked, answering
from tests.costs.ledger.books import NOW, ROW, text
from tests.costs.ledger.books import opened as files
from tests.costs.live.test_aws_cost_explorer import aws, reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from finops_guard.costs.ledger import Ledger

LIVE = CostSource("aws-cost-explorer")
TEAM, PROJECT, OWNER = (
    Compare(ref, "eq", "vision") for ref in (Ref("tag", "team"), Ref("tag", "project"), Ref("field", "owner"))
)


@contextmanager
def opened(
    folder: Path,
    answer: Callable[[Asked], Answer] = aws,
    *more: CostSource,
    aliases: Mapping[str, str] | None = None,
    keys: tuple[str, ...] = ("team",),
) -> Iterator[tuple[Ledger, Reach]]:
    with answering(answer) as here:
        given = reach(here, folder, keys=keys)
        with open_ledger([LIVE, *more], given, aliases=aliases, keys=keys) as ledger:
            yield ledger, given


def asked(ledger: Ledger, where: Condition, *by: str) -> dict[tuple[object, ...], Decimal]:
    return {
        (total.decided, *total.key): total.amount for total in ledger.totals(Ask("billed", where, by, usage_only=True))
    }


def refuse(_: Asked) -> Answer:
    return 400, {}, {"__type": "AccessDeniedException", "message": "no"}


def test_only_the_key_that_was_asked_for_is_known(tmp_path: Path) -> None:
    whole = Decimal("14.0000000001")
    with opened(tmp_path) as (ledger, _):
        assert asked(ledger, TEAM) == {(True,): Decimal("13.0000000001")}
        assert asked(ledger, Compare(Ref("tag", "team"), "exists", value=False)) == {(True,): Decimal(1)}
        for untold in (PROJECT, OWNER, Compare(Ref("tag", "project"), "exists", value=False)):
            assert asked(ledger, untold) == {(False,): whole}
        assert asked(ledger, AnyOf((TEAM, PROJECT))) == {(True,): Decimal("13.0000000001"), (False,): Decimal(1)}
        assert asked(ledger, All((TEAM, PROJECT))) == {(False,): Decimal("13.0000000001")}
        assert asked(ledger, All(()), "tags.team", "tags.project") == {
            (True, None, None): Decimal(1),
            (True, "vision", None): Decimal("13.0000000001"),
        }
        assert ledger.tag_keys() == {"team": {"Team": 3}}


def test_it_stays_so_when_it_is_read_again_from_the_store(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path) as (ledger, _):
            assert {decided for decided, *_ in asked(ledger, PROJECT)} == {False}


def test_the_policys_other_spelling_of_the_key_is_that_key(tmp_path: Path) -> None:
    def crew(asked: Asked) -> Answer:
        status, headers, said = aws(asked)
        assert isinstance(said, dict)
        return status, headers, {"CostAllocationTags": []} if "CostAllocationTags" in said else said

    with opened(tmp_path, crew, aliases={"crew": "team"}, keys=("crew",)) as (ledger, _):
        assert asked(ledger, TEAM) == {(True,): Decimal("13.0000000001")}
        assert {decided for decided, *_ in asked(ledger, PROJECT)} == {False}


def test_a_file_beside_it_tells_all_of_its_tags(tmp_path: Path) -> None:
    (tmp_path / "focus.csv").write_text(text([{"Tags": '{"project": "vision"}', "BilledCost": "7"}]), "utf-8")
    with opened(tmp_path, aws, CostSource("focus", {"path": "focus.csv"})) as (ledger, _):
        assert asked(ledger, PROJECT) == {(True,): Decimal(7), (False,): Decimal("14.0000000001")}


def test_a_budget_on_the_known_key_is_told_and_one_on_another_is_not(tmp_path: Path) -> None:
    budgets = [Budget(name, Decimal(100), "USD", "month", where) for name, where in (("team", TEAM), ("x", PROJECT))]
    with opened(tmp_path) as (ledger, _):
        team, project = statuses(budgets, ledger, None, NOW, {})
    assert team.actual == Decimal("13.10")  # 8 + 3 effective, and the tax of 2.10
    assert not any("bill does not say" in said for said in team.unknown)
    assert project.actual == 0
    assert any(said.startswith("5 billed rows") and "does not say" in said for said in project.unknown)


def test_a_file_that_tells_one_key_stands_apart_from_one_that_tells_all(tmp_path: Path) -> None:
    more = {"ServiceCategory": "Compute", "SkuMeter": "BoxUsage:m5.large", "ResourceType": "AWS::EC2::Instance"}
    told = {name: value for name, value in (ROW | more).items() if name != "Tags"}
    for name, column, value in (("one", "x_OnlyTag/Team", "vision"), ("all", "Tags", '{"Team": "vision"}')):
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, [*told, column])
            out.writeheader()
            out.writerow(told | {column: value})
    with files(tmp_path, "one.csv", "all.csv") as ledger:
        assert asked(ledger, TEAM) == {(True,): Decimal(3)}
        for untold in (
            Compare(Ref("tag", "project"), "exists", value=False),
            Compare(Ref("field", "ai"), "eq", value=False),
        ):
            assert asked(ledger, untold, "file") == {
                (True, "all.csv"): Decimal("1.5"),
                (False, "one.csv"): Decimal("1.5"),
            }


@pytest.mark.parametrize(
    ("answer", "more", "said"),
    [
        (refuse, {}, "AccessDeniedException ce:GetCostAndUsage"),
        (aws, {"max_usd": Decimal("0.03")}, "aws-cost-explorer would cost more than 0.03 USD in one run"),
    ],
)
def test_what_does_not_answer_is_a_gap_and_the_others_count(
    answer: Callable[[Asked], Answer], more: dict[str, Decimal], said: str, tmp_path: Path
) -> None:
    """With 3 cents the usage is read and its credits are not: half of an answer is none."""
    (tmp_path / "focus.csv").write_text(text([{"BilledCost": "7"}]), "utf-8")
    with answering(answer) as here:
        given = reach(here, tmp_path, keys=("team",), **more)
        with open_ledger([LIVE, CostSource("focus", {"path": "focus.csv"})], given, keys=("team",)) as ledger:
            assert asked(ledger, TEAM) == {(True,): Decimal(7)}
            assert [file.path for file in ledger.files] == ["focus.csv"]
    assert given.notes.gaps == [Gap("costs", "*", "*", "aws-cost-explorer", said)]


def test_after_the_answer_is_stale_it_is_asked_again(tmp_path: Path) -> None:
    with answering(aws) as here:
        given = reach(here, tmp_path, keys=("team",))
        open_ledger([LIVE], given, keys=("team",)).close()
        later = Reach(NOW + timedelta(hours=9), tmp_path, tmp_path, aws=given.aws, keys=("team",))
        sent = len(here.asked)
        open_ledger([LIVE], later, keys=("team",)).close()
    assert len(here.asked) > sent + 1
