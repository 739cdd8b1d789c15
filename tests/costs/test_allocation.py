"""What costs are of whom: on small bills through the real ledger, money by money."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_guard.costs.allocation import Allocated, Spending, share, spending
from finops_guard.costs.allocation_asked import Wanted, dimension
from finops_guard.costs.allocation_showback import Showback, showback
from finops_guard.costs.allocation_unusual import UnusualDays, unusual_days
from finops_guard.costs.asks import Total
from finops_guard.costs.ledger import Ledger, open_ledger
from finops_guard.costs.reach import Reach
from finops_guard.costs.sharing import accelerator_hours
from finops_guard.language.policy import load_policy
from finops_guard.model import CostSource, Policy

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
Row = dict[str, str]
POLICY = """\
policy: acme
owner: finops@acme.example
currency: EUR
fx: {USD: {EUR: 0.5, as_of: 2026-11-01}}
teams: {vision: {}, nlp: {}}
packs: [{use: ai-tags}]
"""


def row(cost: str, /, tags: object = None, **cells: str) -> Row:
    """A usage row of a day of AWS; `tags` as a map, or as the text that stands there."""
    return {
        "ProviderName": "AWS",
        "PublisherName": "Amazon Web Services, Inc.",
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": "",
        "ChargePeriodStart": "2026-11-10T00:00:00Z",
        "ChargePeriodEnd": "2026-11-11T00:00:00Z",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ServiceName": "Amazon EC2",
        "ServiceCategory": "Compute",
        "SubAccountId": "111111111111",
        "SkuMeter": "",
        "ConsumedQuantity": "",
        "ConsumedUnit": "",
        "AllocatedMethodId": "",
        "AllocatedTags": "",
        "Tags": tags if isinstance(tags, str) else json.dumps(tags) if tags is not None else "",
        **cells,
    }


@contextmanager
def bills(*rows: Row, aliases: dict[str, str] | None = None) -> Iterator[Ledger]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "bill.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        reach = Reach(NOW, folder, folder / "cache")
        with open_ledger([CostSource("focus", {"path": "bill.csv"})], reach, aliases=aliases) as ledger:
            assert not ledger.files[0].refused
            yield ledger


def spent(*rows: Row, wanted: Wanted | None = None, aliases: dict[str, str] | None = None) -> Spending:
    with bills(*rows, aliases=aliases) as ledger:
        return spending(ledger, wanted or Wanted())


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path = tmp_path_factory.mktemp("policy") / "acme.yaml"
    path.write_text(POLICY, "utf-8")
    return load_policy(path, date(2026, 11, 25))


def dollars(text: str) -> dict[str, Decimal]:
    return {"USD": Decimal(text)}


def test_groups_are_as_asked_and_add_up() -> None:
    found = spent(
        row("1.5", {"team": "vision"}, ServiceName="A"),
        row("2", {"Team": "vision"}, ServiceName="A"),
        row("4", {"team": "vision"}, ServiceName="B"),
        row("8", ServiceName="B"),
        wanted=Wanted(("team", "service")),
    )
    assert [(line.key, line.cost, line.rows) for line in found.by] == [
        ((None, "B"), dollars("8"), 1),
        (("vision", "A"), dollars("3.5"), 2),
        (("vision", "B"), dollars("4"), 1),
    ]
    assert (found.total, found.rows) == (dollars("15.5"), 4)
    assert [line.key for line in found.services] == [("B",), ("A",)]


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("service", "service"),
        ("team", "tags.team"),
        ("Cost_Center", "tags.cost-center"),
        ("tags.service", "tags.service"),
        ("tags.Model Version", "tags.model-version"),
    ],
)
def test_a_name_is_a_dimension_or_a_tag(name: str, called: str) -> None:
    assert dimension(name) == called


def test_a_period_ends_before_its_end() -> None:
    rows = [
        row(str(day), ChargePeriodStart=f"2026-11-{day}", ChargePeriodEnd=f"2026-11-{day + 1}") for day in (10, 11, 12)
    ]
    asked = Wanted((), since=datetime(2026, 11, 11, tzinfo=UTC), until=datetime(2026, 11, 12, tzinfo=UTC))
    found = spent(*rows, wanted=asked)
    assert found.total == dollars("11")
    assert (found.first, found.last, found.complete) == (date(2026, 11, 11), date(2026, 11, 11), date(2026, 11, 10))


def test_a_currency_without_a_rate_stays_apart(policy: Policy) -> None:
    rows = row("3", {"team": "nlp"}), row("5", {"team": "nlp"}, BillingCurrency="GBP")
    found = spent(*rows, wanted=Wanted(policy=policy))
    assert found.total == {"EUR": Decimal("1.5"), "GBP": Decimal(5)}
    assert [line.cost for line in found.by] == [found.total]
    assert spent(*rows).total == {"USD": Decimal(3), "GBP": Decimal(5)}


def test_not_a_digit_is_lost() -> None:
    large, small = "12345678901234567890.123456789012345678", "0.000000000000000001"
    found = spent(row(large, {"team": "a"}), row(small, {"team": "a"}), row(small, {"team": "b"}))
    with localcontext() as context:
        context.prec = 60
        assert found.total == {"USD": Decimal(large) + 2 * Decimal(small)}


def test_a_metric_that_a_file_does_not_tell_is_said() -> None:
    found = spent(row("3"), row("4"), wanted=Wanted(metric="list"))
    assert (found.total, found.rows, found.untold) == ({}, 0, 2)


def test_shares_are_of_usage_alone() -> None:
    found = spent(
        row("6", {"team": "vision", "project": "a", "workload-type": "x"}),
        row("2"),
        row("100", ChargeCategory="Purchase"),
        row("10", ChargeCategory="Tax"),
    )
    assert (found.usage, found.valid, found.nobodys) == (dollars("8"), dollars("6"), dollars("2"))
    assert share(found.valid, found.usage) == Decimal("0.75")
    assert {line.key[0]: line.cost["USD"] for line in found.charges} == {"Usage": 8, "Purchase": 100, "Tax": 10}


def test_a_policy_says_which_tags_are_valid(policy: Policy) -> None:
    right = {"team": "vision", "project": "churn", "workload-type": "training"}
    found = spent(
        row("1", right),
        row("2", right | {"team": "visoin"}),
        row("4", right | {"workload-type": "trainning"}),
        row("8", {"team": "vision"}),
        row("16", right | {"Team": "nlp"}),
        row("32", {"team": "vision", "Team": "nlp"}),
        wanted=Wanted(policy=policy),
    )
    assert found.wanted.rule == "ai-tags/whose"
    half = Decimal("0.5")
    assert sorted(found.allocation, key=lambda each: each.team or "") == [
        Allocated(None, {"EUR": 48 * half}, {}, {"EUR": 16 * half}),
        Allocated("vision", {"EUR": 13 * half}, {"EUR": 1 * half}, {}),
        Allocated("visoin", {"EUR": 2 * half}, {}, {}),
    ]


def test_without_a_policy_the_keys_have_to_be_there() -> None:
    found = spent(
        row("1", {"team": "anything", "project": "!", "workload-type": "?"}), row("2", {"team": "", "project": "a"})
    )
    assert (found.wanted.rule, found.wanted.keys) == (None, ("project", "team", "workload-type"))
    assert found.valid == dollars("1")
    assert found.present == {"project": dollars("3"), "team": dollars("1"), "workload-type": dollars("1")}


def test_nobodys_is_what_none_of_the_keys_is_on() -> None:
    found = spent(
        row("1", {"owner": "x"}, SubAccountId="1", ServiceName="A"),
        row("2", "", SubAccountId="1", ServiceName="A"),
        row("4", {"Project": "p"}, SubAccountId="1", ServiceName="A"),
        row("8", SubAccountId="2", ServiceName="B"),
    )
    assert [(line.key, line.cost) for line in found.untagged] == [
        (("2", None, "B"), dollars("8")),
        (("1", None, "A"), dollars("3")),
    ]


def test_what_the_provider_allocated_is_its_tenants() -> None:
    shared = json.dumps({"team": "nlp"})
    found = spent(
        row("5", {"team": "platform"}, AllocatedMethodId="even", AllocatedTags=shared), row("7", {"team": "platform"})
    )
    assert [(line.key, line.cost) for line in found.shared] == [(("even", "nlp"), dollars("5"))]
    assert {line.key[0]: line.cost["USD"] for line in found.by} == {"nlp": 5, "platform": 7}


def test_software_of_others_is_told_by_its_publisher() -> None:
    found = spent(row("5", PublisherName="Red Hat Inc."), row("7"), row("9", PublisherName="", InvoiceIssuerName=""))
    assert [(line.key[0], line.cost) for line in found.marketplace] == [("Red Hat Inc.", dollars("5"))]
    assert found.marketplace_unknown == 1


def test_keys_that_differ_in_separators_are_named() -> None:
    tags = [{"ModelVersion": "1"}, {"model-version": "1"}, {"Model_Version": "1"}, {"team": "a"}]
    found = spent(*(row("1", each) for each in tags))
    assert found.variants == (("model-version", "modelversion"),)
    assert found.spellings["model-version"] == {"Model_Version": 1, "model-version": 1}
    aliased = spent(*(row("1", each) for each in tags), aliases={"modelversion": "model-version"})
    assert aliased.variants == ()


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ({}, {"USD": 4}, Decimal(0)),
        ({"USD": 1}, {"USD": 4}, Decimal("0.25")),
        ({"USD": 1}, {"USD": 4, "EUR": 0}, Decimal("0.25")),
        ({"USD": 1}, {"USD": 4, "EUR": 1}, None),
        ({"EUR": 1}, {"USD": 4}, None),
        ({}, {}, None),
        ({}, {"USD": 0}, None),
    ],
)
def test_a_share_is_of_one_currency(part: dict[str, int], whole: dict[str, int], expected: Decimal | None) -> None:
    as_money = [{code: Decimal(amount) for code, amount in amounts.items()} for amounts in (part, whole)]
    assert share(*as_money) == expected


def test_each_row_is_shown_to_one_team_or_shared(policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(f"{POLICY}shared: [{{charge: {{service: EKS}}, split_by: cost}}]\n", "utf-8")
    splitting = load_policy(path, date(2026, 11, 25))
    rows = (
        row("6", {"team": "vision"}),
        row("2", {"team": "nlp"}),
        row("2", {"team": "visoin"}),
        row("10", {"team": "nlp"}, ServiceName="EKS"),
    )
    with bills(*rows) as ledger:
        assert showback(ledger, Wanted(policy=splitting)) == (
            Showback("nlp", {"EUR": Decimal(1)}, {"EUR": Decimal(1)}),
            Showback("vision", {"EUR": Decimal(3)}, {"EUR": Decimal(3)}),
            Showback(None, {"EUR": Decimal(1)}, {"EUR": Decimal(1)}),
        )
        alone = showback(ledger, Wanted(policy=policy))
    assert [(each.team, each.own["EUR"], each.shared) for each in alone] == [
        ("nlp", Decimal(6), {}),
        ("vision", Decimal(3), {}),
        (None, Decimal(1), {}),
    ]


def test_accelerator_hours_are_read_off_the_bill() -> None:
    def hours(team: str | None, usage: str, unit: str, quantity: str) -> Total:
        return Total((team, "aws", usage, None, unit), "USD", Decimal(1), 1, Decimal(quantity))

    totals = [
        hours("vision", "EU-BoxUsage:p4d.24xlarge", "Hours", "3"),
        hours("vision", "EU-BoxUsage:g5.xlarge", "Hours", "2"),
        hours("vision", "EU-BoxUsage:m6i.large", "Hours", "9"),
        hours("nlp", "EUW1-nova-pro-input-tokens", "Tokens", "9"),
        hours(None, "EU-BoxUsage:p4d.24xlarge", "Hours", "5"),
    ]
    assert accelerator_hours(totals) == {"vision": Decimal(26)}


def steady(days: Sequence[int], dear: int | None = None) -> list[Row]:
    """A row a day of November 2026 and before: day 1 is the first of October."""
    made = []
    for day in days:
        start = datetime.fromordinal(datetime(2026, 10, 1, tzinfo=UTC).toordinal() + day - 1)
        end = datetime.fromordinal(start.toordinal() + 1)
        cost = "5000" if day == dear else "300"
        made.append(
            row(cost, {"team": "nlp"}, ChargePeriodStart=f"{start:%Y-%m-%d}", ChargePeriodEnd=f"{end:%Y-%m-%d}")
        )
    return made


def test_a_dear_day_is_named_with_what_is_usual() -> None:
    with bills(*steady(range(1, 56), dear=50)) as ledger:
        (found,) = unusual_days(ledger, Wanted()).days
        assert (found.day, found.currency) == (date(2026, 11, 19), "USD")
        assert (found.cost, found.usual) == (Decimal(5000), Decimal(300))
        assert found.group.team == "nlp"
        before = Wanted(until=datetime(2026, 11, 19, tzinfo=UTC))
        assert unusual_days(ledger, before).days == ()


def test_a_day_that_is_not_complete_is_not_judged() -> None:
    with bills(*steady(range(1, 56), dear=54)) as ledger:
        assert unusual_days(ledger, Wanted()).days == ()


def test_too_short_a_history_is_said() -> None:
    with bills(*steady(range(30, 56), dear=50)) as ledger:
        found = unusual_days(ledger, Wanted())
    assert found.days == ()
    assert "the bills begin on 2026-10-30" in (found.unknown or "")


def test_no_rows_are_no_mistake() -> None:
    empty = row("1")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bill.csv").write_text(",".join(empty) + "\n", "utf-8")
        with open_ledger([CostSource("focus", {"path": "bill.csv"})], Reach(NOW, folder, folder / "cache")) as ledger:
            found = spending(ledger, Wanted())
            assert (found.total, found.by, found.first, found.complete) == ({}, (), None, None)
            assert showback(ledger, Wanted()) == ()
            assert unusual_days(ledger, Wanted()) == UnusualDays(())


AMOUNT = st.decimals("-99999999", "99999999", allow_nan=False, allow_infinity=False, places=18)
ROWS = st.lists(
    st.builds(
        lambda cost, team, spelt, currency, charge: row(
            f"{cost:f}", {spelt: team} if team else None, BillingCurrency=currency, ChargeCategory=charge
        ),
        AMOUNT,
        st.sampled_from(["vision", "nlp", "x", None]),
        st.sampled_from(["team", "Team", "TEAM"]),
        st.sampled_from(["USD", "EUR", "GBP"]),
        st.sampled_from(["Usage", "Purchase", "Credit"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=12, deadline=None)
@given(ROWS)
def test_every_way_of_adding_up_comes_to_the_same(rows: list[Row]) -> None:
    with localcontext() as context:
        context.prec = 60
        expected: dict[str, Decimal] = defaultdict(Decimal)
        for each in rows:
            expected[each["BillingCurrency"]] += Decimal(each["EffectiveCost"])
        with bills(*rows) as ledger:
            found, shown = spending(ledger, Wanted()), showback(ledger, Wanted())
        for parts in (
            [found.total],
            [line.cost for line in found.by],
            [line.cost for line in found.charges],
            [line.cost for line in found.services],
            [each.own for each in shown],
        ):
            sums: dict[str, Decimal] = defaultdict(Decimal)
            for part in parts:
                for code, amount in part.items():
                    sums[code] += amount
            assert sums == expected
        usage = [each.cost for each in found.allocation]
        assert sum(part.get("USD", Decimal(0)) for part in usage) == found.usage.get("USD", Decimal(0))


def test_an_account_that_ended_does_not_hold_back_what_is_complete() -> None:
    ended = row("1", SubAccountId="2", ChargePeriodStart="2026-10-01", ChargePeriodEnd="2026-10-02")
    late = row("1", SubAccountId="3", ChargePeriodStart="2026-11-08", ChargePeriodEnd="2026-11-09")
    assert spent(row("1"), ended).complete == date(2026, 11, 8)
    assert spent(row("1"), ended, late).complete == date(2026, 11, 6)


def test_a_vendor_that_invoices_its_own_service_is_no_marketplace() -> None:
    own = row("5", ProviderName="Oracle", PublisherName="Oracle", InvoiceIssuerName="Oracle")
    cloud = row("7", ProviderName="Google Cloud", PublisherName="Google", InvoiceIssuerName="Google Cloud")
    found = spent(own, cloud)
    assert (found.marketplace, found.marketplace_unknown) == ((), 0)


def test_of_the_dearest_days_alone_it_is_asked_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops_guard.costs.allocation_unusual.CAUSES", 1)
    dearest, other = steady(range(1, 56), dear=50), steady(range(1, 56), dear=49)
    for each in dearest:
        each |= {"EffectiveCost": f"{each['EffectiveCost']}0", "ServiceName": "A", "ResourceId": "i-1"}
    for each in other:
        each |= {"ResourceId": "i-2"}
    with bills(*dearest, *other) as ledger:
        found = unusual_days(ledger, Wanted()).days
    assert [(each.group.service, each.cause) for each in found] == [
        ("A", "resource i-1"),
        ("Amazon EC2", "not looked for"),
    ]
