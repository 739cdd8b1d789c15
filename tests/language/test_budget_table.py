"""Budgets in a table: read as the section they stand for, every mistake where it stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.language.policy import check_policy, load_policy
from finops_guard.model import All, Budget, Compare, Ref

TODAY = date(2026, 11, 25)
POLICY = """\
policy: acme
owner: finops@acme.example
packs: [{use: ai-tags}]
budgets:
  vision: {limit: 40000 EUR, every: month, for: {tags: {team: vision}}}
  from: BUDGETS
"""
MEANT = "did you mean 'every'? for a tag write tags.evry"
LIMIT = "a limit is an amount and a currency or accelerator-hours, for example 40000 EUR"
HEAD = "name,limit,currency,every,team\n"


def written(folder: Path, table: str, name: str = "budgets.csv") -> Path:
    """A policy with a table beside it."""
    (folder / "budgets.csv").write_bytes(table.encode())
    path = folder / "finops-guard.yaml"
    path.write_text(POLICY.replace("BUDGETS", name))
    return path


def budgets(folder: Path, table: str) -> dict[str, Budget]:
    return dict(load_policy(written(folder, table), TODAY).budgets)


def mistakes(folder: Path, table: str) -> list[tuple[str, int, int, str, str | None]]:
    """File, line, column, message and hint of every error."""
    _, found = check_policy(written(folder, table), TODAY)
    wrong = [each for each in found if not each.warning]
    return [(Path(each.file).name, each.line, each.column, each.message, each.hint) for each in wrong]


def test_a_row_says_all_that_a_budget_can_say(tmp_path: Path) -> None:
    table = (
        "name,limit,currency,every,team,account,tags.cost-center,owner,timezone,fiscal_start,rollover,metric\r\n"
        'nlp,25000.50,EUR,quarter,nlp,111122223333,cc-2,"Jan, of ""NLP""",Europe/Amsterdam,04-01,50%,billed\r\n'
    )
    found = budgets(tmp_path, table)
    assert list(found) == ["vision", "nlp"]
    nlp = found["nlp"]
    assert (nlp.limit, nlp.unit, nlp.every, nlp.metric) == (Decimal("25000.50"), "EUR", "quarter", "billed")
    assert (nlp.owner, nlp.timezone, nlp.fiscal_start, nlp.rollover) == (
        'Jan, of "NLP"', "Europe/Amsterdam", (4, 1), Decimal("0.5"),
    )  # fmt: skip
    assert nlp.covers == All(
        (
            Compare(Ref("tag", "team"), "eq", "nlp"),
            Compare(Ref("tag", "cost-center"), "eq", "cc-2"),
            Compare(Ref("field", "account"), "eq", "111122223333"),
        )
    )
    assert nlp.at is not None
    assert (Path(nlp.at.file).name, nlp.at.line) == ("budgets.csv", 2)


def test_what_a_spreadsheet_saves_is_read(tmp_path: Path) -> None:
    """A byte order mark, semicolons, blank lines, trailing blanks, and a column for each tag as people write it."""
    head = "\ufeffname;limit;every;Cost Center;accelerators.count\n"
    table = head + "\n a ; 10 EUR ;day; cc-1 ;8\n;;;;\nb;2 accelerator-hours;week;;\n"
    found = budgets(tmp_path, table)
    assert found["a"].covers == All(
        (Compare(Ref("tag", "cost-center"), "eq", "cc-1"), Compare(Ref("field", "accelerators.count"), "eq", 8))
    )
    assert (found["b"].covers, found["b"].unit) == (None, "accelerator-hours")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("name,limit,currency,evry,team\n", [(1, 21, "unknown column 'evry'", MEANT)]),
        ("name,limit,every,team,team\n", [(1, 23, "column 'team' stands there twice", None)]),
        ("limit,every\n1 EUR,day\n", [(1, 1, "no column 'name'", None)]),
        ("", [(1, 1, f"no column '{name}'", None) for name in ("every", "limit", "name")]),
        (HEAD + "a,10,EUR,day\n", [(2, 10, "4 cells under 5 columns", None)]),
        (HEAD + ",10,EUR,day,x\n", [(2, 1, "a budget without a name", None)]),
        (HEAD + "a,10,EUR,day,x\na,10,EUR,day,y\n", [(3, 1, "duplicate key 'a'", "first on line 2; remove one")]),
        (HEAD + "vision,1,EUR,day,x\n", [(2, 1, "there is a budget 'vision' already", "give one another name")]),
        (HEAD + "a,10,USB,day,x\n", [(2, 6, "unknown currency 'USB'", "did you mean 'USD'?")]),
        (HEAD + "a,10 USD,EUR,day,x\n", [(2, 10, "the limit is in USD, this is EUR", None)]),
        ("name,limit,every\na,10,day\n", [(2, 3, "'10' of what?", "add a column currency")]),
        (HEAD + "a,10,EUR,dya,x\n", [(2, 10, "unknown period 'dya' in 'budgets.a'", "did you mean 'day'?")]),
        (HEAD + "a,,EUR,day,x\n", [(2, 1, "'limit' is missing in 'budgets.a'", None)]),
        (HEAD + 'a,"1,000",EUR,day,x\n', [(2, 4, "'1,000 EUR' is not a limit in 'budgets.a'", LIMIT)]),
        (HEAD + 'a,1"0,EUR,day,x\n', [(2, 3, "a quote in the middle of a cell", None)]),
    ],
)  # fmt: skip
def test_every_mistake_is_shown_where_it_stands(
    tmp_path: Path, table: str, says: list[tuple[int, int, str, str | None]]
) -> None:
    assert mistakes(tmp_path, table) == [("budgets.csv", *each) for each in says]


def test_all_mistakes_of_a_table_come_at_once(tmp_path: Path) -> None:
    table = "name,limit,currency,every,timezone,rollover\na,1,EUR,day,Europ/Amsterdam,\nb,1,EUR,day,,150%\n"
    lines = [(line, column) for _, line, column, _, _ in mistakes(tmp_path, table)]
    assert lines == [(2, 13), (3, 14)]


def test_a_table_that_is_not_there_is_a_mistake_of_the_policy(tmp_path: Path) -> None:
    _, found = check_policy(written(tmp_path, HEAD, name="other.csv"), TODAY)
    wrong = [(Path(each.file).name, each.line, each.column) for each in found if not each.warning]
    assert wrong == [("finops-guard.yaml", 6, 9)]


def test_a_customer_cannot_take_the_name_of_a_budget_in_the_table_of_its_base(tmp_path: Path) -> None:
    written(tmp_path, HEAD + "everything,1,EUR,day,\n").rename(tmp_path / "base.yaml")
    own = tmp_path / "customer.yaml"
    own.write_text(
        "policy: own\nowner: a@b.example\nextends: base.yaml\npacks: [{use: ai-tags}]\n"
        "budgets: {everything: {limit: 9000 EUR, every: day}}\n"
    )
    _, found = check_policy(own, TODAY)
    wrong = [each.message for each in found if not each.warning]
    assert wrong == ["there is a budget 'everything' already"]
