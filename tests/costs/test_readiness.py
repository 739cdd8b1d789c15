"""How ready a bill is, from what a provider says of it and from its rows."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.costs.readiness import accounts_of, readiness
from finops_guard.model import Resource, Tags, Unknown
from tests.costs.budgeting import NOW, RATES, days, ledger
from tests.costs.ledger.books import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from tests.costs.budgeting import Row

PAYER = "999988887777"
KEYS = ("team", "project")
NOVA: dict[str, str] = {"ServiceName": "Amazon Bedrock", "SkuMeter": "EUW1-nova-pro-input-tokens"}
HIDDEN = Unknown("the bill does not show what does not reach it")


def account(inactive: Iterable[str] = (), number: str = PAYER, **exports: Any) -> Resource:
    """An account as AWS tells of it; what is Unknown could not be read."""
    told = {"present": True, "fresh": True, "activated_keys": ["team", "Project"]} | exports
    fields: dict[str, Any] = {"kind": "account", "cloud": "aws", "account": number, "id": f"arn:aws:iam::{number}:root"}
    unknown = {f"exports.{name}": value.reason for name, value in told.items() if isinstance(value, Unknown)}
    fields |= {f"exports.{name}": value for name, value in told.items() if not isinstance(value, Unknown)}
    return Resource(fields, Tags.of({}), unknown, facts={"inactive_keys": [*inactive]})


def said(resource: Resource) -> dict[str, object]:
    names = {*resource.fields, *resource.unknown}
    return {name.removeprefix("exports."): resource.look(name) for name in names if name.startswith("exports.")}


def joined(resource: Resource, aliases: Mapping[str, str] | None = None) -> dict[str, object]:
    readiness(None, KEYS, NOW, aliases=aliases or {}).join(resource)
    return said(resource)


def of_rows(
    folder: Path, rows: Iterable[Row], *there: Resource, at: datetime = NOW, **more: Any
) -> list[dict[str, object]]:
    """What is said of accounts that a source found, then of the others, by number."""
    with ledger(folder, rows, at) as bills:
        ready = readiness(bills, KEYS, at, aliases={}, **more)
    for each in there:
        ready.join(each)
    others = sorted(ready.others(accounts_of(there)), key=lambda each: each.id)
    return [{"id": each.id, "type": each.fields.get("type"), **said(each)} for each in (*there, *others)]


@pytest.mark.parametrize(
    ("active", "inactive", "aliases", "missing", "misspelled"),
    [
        (["team", "project"], [], {}, None, None),
        (["Team", "PROJECT"], [], {}, None, None),
        (["team"], [], {}, "project", None),
        ([], [], {}, "project, team", None),
        (None, [], {}, "project, team", None),
        (["team", "project"], ["Team", "run-id"], {}, None, "Team"),
        (["team", "project", "stage"], ["Stage"], {}, None, None),  # nobody relies on it
        (["team"], ["Project"], {}, "project", None),  # said once: not activated in any spelling
        (["crew", "project"], ["Crew"], {"crew": "team"}, None, "Crew"),
    ],
)
def test_keys_reach_the_bill_in_the_spelling_that_was_activated(
    active: list[str] | None, inactive: list[str], aliases: dict[str, str], missing: str | None, misspelled: str | None
) -> None:
    found = joined(account(inactive, activated_keys=active), aliases)
    assert (found["inactive_keys"], found["misspelled_keys"]) == (missing, misspelled)
    assert found["inherits"] is None
    assert found["unattributed_ai_percent"] == Unknown("no cost data of its bill was read")


def test_keys_that_could_not_be_listed_are_unknown() -> None:
    why = Unknown("AccessDenied ce:ListCostAllocationTags")
    found = joined(account(activated_keys=why))
    assert (found["inactive_keys"], found["misspelled_keys"]) == (why, why)


def test_a_machine_is_left_alone() -> None:
    machine = Resource({"kind": "vm", "cloud": "aws", "account": PAYER, "id": "i-1"}, Tags.of({}))
    assert joined(machine) == {}


def test_rows_are_an_export_of_their_bill(tmp_path: Path) -> None:
    rows = days("2026-11-01", "2026-11-24", "1", tags={"Team": "vision"})
    (found,) = of_rows(tmp_path, rows)
    assert found == {
        "id": f"arn:aws:iam::{PAYER}:root",
        "type": "AWS::Organizations::Account",
        "present": True,
        "fresh": True,
        "activated_keys": ("Team",),
        "inactive_keys": "project",
        "misspelled_keys": HIDDEN,
        "inherits": None,
        "unattributed_ai_percent": None,
    }


@pytest.mark.parametrize(("later", "fresh"), [(0, True), (36, True), (61, False), (24 * 30, False)])
def test_a_bill_may_be_a_day_later_than_it_always_is(tmp_path: Path, later: int, fresh: bool) -> None:  # noqa: FBT001
    rows = days("2026-11-01", "2026-11-24", "1") + days("2026-12-24", "2026-12-24", "1", ChargeCategory="Tax")
    (found,) = of_rows(tmp_path, rows, at=NOW + timedelta(hours=later))
    assert (found["present"], found["fresh"]) == (True, fresh)


def test_what_is_billed_ahead_makes_no_bill_fresh(tmp_path: Path) -> None:
    (found,) = of_rows(tmp_path, days("2026-11-01", "2026-11-10", "1") + days("2026-12-01", "2026-12-01", "1"))
    assert found["fresh"] is False


def test_azure_and_gcp_bring_every_tag_and_what_they_inherit_is_not_known(tmp_path: Path) -> None:
    rows = days("2026-11-24", "2026-11-24", "1", tags={"team": "a", "project": "b"}, ProviderName="Microsoft")
    rows += days("2026-11-24", "2026-11-24", "1", ProviderName="Google Cloud", BillingAccountId="0A-1")
    azure, gcp = of_rows(tmp_path, rows)
    assert (azure["id"], azure["type"]) == (f"billing-account/azure/{PAYER}", "Microsoft.Billing/billingAccounts")
    assert (azure["inactive_keys"], azure["misspelled_keys"]) == (None, None)
    assert azure["inherits"] == Unknown("this version does not read tag inheritance of Cost Management")
    assert isinstance(gcp["inherits"], Unknown)
    assert gcp["inactive_keys"] == "project, team"


def test_what_a_source_could_not_tell_is_filled_in_and_the_rest_stays(tmp_path: Path) -> None:
    denied = Unknown("AccessDenied bcm-data-exports:ListExports")
    payer = account(["TEAM"], present=denied, fresh=denied, activated_keys=["team"])
    other = account(number="111122223333", present=False, fresh=False)
    found, alone = of_rows(tmp_path, days("2026-11-24", "2026-11-24", "1", tags={"project": "x"}), payer, other)
    assert (found["present"], found["fresh"]) == (True, True)
    assert (found["activated_keys"], found["inactive_keys"]) == (["team"], "project")
    assert found["misspelled_keys"] == "TEAM"
    assert (alone["present"], alone["fresh"]) == (False, False)


def test_rows_without_a_payer_are_nobodys_bill(tmp_path: Path) -> None:
    assert of_rows(tmp_path, days("2026-11-24", "2026-11-24", "1", BillingAccountId="")) == []


def test_a_key_whose_spellings_disagree_in_some_rows_reaches_the_bill(tmp_path: Path) -> None:
    rows = days("2026-11-23", "2026-11-23", "1", tags={"team": "a", "Team": "b"})
    (found,) = of_rows(tmp_path, rows + days("2026-11-24", "2026-11-24", "1", tags={"team": "a", "project": "p"}))
    assert found["inactive_keys"] is None
    (found,) = of_rows(tmp_path, rows)
    assert found["activated_keys"] == Unknown("its rows do not tell team")


def nova(cost: str, tags: Mapping[str, str] | None = None, **more: str) -> list[Row]:
    return days("2026-11-24", "2026-11-24", cost, tags=tags or {}, **(NOVA | more))


@pytest.mark.parametrize(
    ("rows", "percent"),
    [
        (nova("30") + nova("70", {"team": "nlp"}), 30.0),
        (nova("30") + nova("70", {"project": "bot"}), 30.0),
        (nova("70", {"team": "nlp"}), 0.0),
        (nova("5", {"dataset": "x"}), 100.0),
        (nova("30") + nova("70", ServiceName="Amazon EC2"), 100.0),
        (nova("30", SkuMeter="EUW1-nova-pro-ProvisionedThroughput-1MU"), None),
        (nova("30", ChargeCategory="Tax"), None),
        (days("2026-10-01", "2026-10-20", "9", **NOVA), None),  # more than 28 days ago
        (nova("30") + nova("70", {"team": "a", "Team": "b"}), "untold"),
        (nova("30") + nova("70", BillingCurrency="JPY"), "several"),
        (nova("46") + nova("54", {"team": "nlp"}, BillingCurrency="EUR"), "rates"),
    ],
)
def test_what_models_on_demand_cost_and_nobody_claims(tmp_path: Path, rows: list[Row], percent: object) -> None:
    (found,) = of_rows(tmp_path, rows, currency="EUR", fx=RATES)
    share = found["unattributed_ai_percent"]
    if percent in ("untold", "several"):
        assert isinstance(share, Unknown)
    elif percent == "rates":
        assert share == pytest.approx(
            float(Decimal(46) * Decimal("0.92") / (Decimal(46) * Decimal("0.92") + 54) * 100), abs=0.01
        )
    else:
        assert share == percent


def test_who_called_is_as_good_as_a_tag(tmp_path: Path) -> None:
    """CUR 2.0 tells the principal; a bill without that column tells nobody."""
    same = {
        "bill_payer_account_id": PAYER,
        "line_item_usage_account_id": "111122223333",
        "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": "2026-11-24T00:00:00Z",
        "line_item_usage_end_date": "2026-11-24T01:00:00Z",
        "line_item_product_code": "AmazonBedrock",
        "line_item_usage_type": "EUW1-nova-pro-input-tokens",
        "line_item_currency_code": "USD",
        "resource_tags": "{}",
    }
    told = [("60", "arn:aws:sts::111122223333:assumed-role/bot/x"), ("40", "")]
    lines = [same | {"line_item_unblended_cost": cost, "line_item_iam_principal": who} for cost, who in told]
    shares = []
    for name, columns in (("with", list(lines[0])), ("without", list(lines[0])[:-1])):
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, columns, extrasaction="ignore")
            out.writeheader()
            out.writerows(lines)
        with opened(tmp_path, f"{name}.csv") as bills:
            ready = readiness(bills, KEYS, NOW, aliases={})
        shares += [bill["exports.unattributed_ai_percent"] for bill in ready.bills.values()]
    assert shares == [40.0, 100.0]
