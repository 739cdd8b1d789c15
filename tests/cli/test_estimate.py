"""What a choice costs before it is made."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Ran, finops_guard
from tests.costs.answering import Answer, Asked, answering

AT = ("--at", "2026-11-25")
GOLDEN = """\
g5.12xlarge, aws eu-central-1: 4 × A10G (nvidia, 22.3516 GiB each), 48 vCPU, 192 GiB
2 machines for 100 hours

on-demand                                 7.0928 USD/h        1,418.56 USD  list-price, 2026-01-21, stale
spot                                  unknown: no spot price for g5.12xlarge in the snapshot of 2026-07-20
reserved for a year, nothing upfront      4.4685 USD/h          893.70 USD  list-price, 2026-01-21, stale

Cheaper (on-demand), with at least 4 of at least 22.3516 GiB each by nvidia
g6.12xlarge  4 × L4      5.7543 USD/h        1,150.86 USD  list-price, 2026-01-21, stale
Not compared: 10 types with as much, not priced in eu-central-1.

Machines only: without disks, addresses, data transfer and tax. stale: older than 90 days.
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(*args: object) -> dict[str, Any]:
    ran = finops_guard("estimate", *args, "-f", "json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    assert found["schema"] == "finops-guard/estimate/1"
    return found


def test_a_machine_by_each_way_to_buy_it_and_what_is_cheaper() -> None:
    ran = finops_guard("estimate", "g5.12xlarge", "--region", "eu-central-1", "--hours", 100, "--count", 2, *AT)
    assert ran == Ran(0, GOLDEN, "")


def test_json_carries_every_digit_and_where_it_was_read() -> None:
    found = told("g5.12xlarge", "--region", "eu-central-1", "--hours", "1.5", "--count", 3, *AT)
    assert found["offers"][0] == {
        "purchase": "on-demand",
        "price_region": "eu-central-1",
        "hour": "7.09282",
        "total": "31.917690",
        "currency": "USD",
        "source": "list-price",
        "as_of": "2026-01-21",
        "stale": True,
        "read_from": "instances.vantage.sh as quoted by tsaol/aws-gpu all_gpu_instances.js@7412fd2",
    }
    assert found["offers"][1]["unknown"] == "no spot price for g5.12xlarge in the snapshot of 2026-07-20"
    assert found["offers"][1]["total"] is None
    assert found["accelerators"] == {"count": 4, "model": "A10G", "vendor": "nvidia", "memory_bytes": 22888 * 1024**2}
    assert [each["type"] for each in found["cheaper"]] == ["g6.12xlarge"]


@pytest.mark.parametrize(
    ("args", "region", "source"),
    [
        (("m5.large",), "us-east-1", "list-price"),
        (("m5.large", "--region", "eu-west-1"), "us-east-1", "list-price us-east-1"),
        (("NC24ads_A100_v4", "--region", "westeurope"), "westeurope", "list-price"),
        (("ml.g5.xlarge", "--region", "eu-west-1"), "eu-west-1", "list-price"),
        (("e2-standard-4", "--region", "europe-west4"), "europe-west4", "list-price"),
    ],
)
def test_a_price_names_the_region_it_is_of(args: tuple[str, ...], region: str, source: str) -> None:
    offer = told(*args, *AT)["offers"][0]
    assert (offer["price_region"], offer["source"]) == (region, source)


def test_a_region_without_a_price_is_said_where_another_stands_in() -> None:
    ran = finops_guard("estimate", "m5.large", "--region", "eu-wset-1", *AT)
    assert "1 machine for 730 hours; no price of eu-wset-1, so us-east-1" in ran.out


def test_spot_compares_spot_with_spot() -> None:
    found = told("a2-highgpu-2g", "--region", "us-central1", "--spot", *AT)
    on_demand, spot, _ = found["offers"]
    assert Decimal(spot["hour"]) < Decimal(on_demand["hour"])
    assert found["cheaper"], "two of the same GPU cost less in another type"
    assert {each["purchase"] for each in found["cheaper"]} == {"spot"}
    for each in found["cheaper"]:
        assert Decimal(each["hour"]) < Decimal(spot["hour"])
        assert each["accelerators"]["count"] >= 2
        assert each["accelerators"]["memory_bytes"] >= found["accelerators"]["memory_bytes"]
        assert each["accelerators"]["vendor"] == "nvidia"
        assert each["price_region"] == "us-central1"


@pytest.mark.parametrize(
    ("machine", "why", "not_compared"),
    [
        (
            "p5e.48xlarge",
            "no us-east-1 on-demand list price in source (Capacity Blocks / other regions only)",
            "without a price of its own there is nothing to compare",
        ),
        ("m5.large", None, "types without accelerators are not compared"),
        ("g6f.large", None, "how many accelerators it has is not known, so nothing is compared"),
    ],
)
def test_what_is_not_known_says_why(machine: str, why: str | None, not_compared: str) -> None:
    found = told(machine, *AT)
    assert found["offers"][0].get("unknown") == why
    assert (found["cheaper"], found["not_compared"]) == ([], not_compared)
    assert "unknown: " in finops_guard("estimate", machine, *AT).out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("p5.48xlarg",), "no machine type 'p5.48xlarg' in the snapshot (did you mean 'p5.48xlarge'?)"),
        (("p5.48xlarge", "--cloud", "gcp"), "no machine type 'p5.48xlarge' of gcp in the snapshot"),
        (("standard_nc24ads_a100_v3",), "(did you mean 'Standard_NC24ads_A100_v4'?)"),
        (("\x1b[31m",), "no machine type '\\x1b[31m' in the snapshot"),
        (("p5.48xlarge", "--hours", "0"), "'0' is not a number above 0"),
        (("p5.48xlarge", "--hours", "1e400"), "'1e400' is not a number above 0 and below a billion"),
        (("p5.48xlarge", "--hours", "NaN"), "'NaN' is not a number above 0"),
        (("p5.48xlarge", "--cloud", "gpc"), "(did you mean 'gcp'?)"),
        (("p5.48xlarge", "--provider", "x"), "--provider belongs to --input-tokens and --output-tokens"),
    ],
)
def test_a_mistake_is_said_with_what_was_meant(args: tuple[str, ...], said: str) -> None:
    ran = finops_guard("estimate", *args)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_rates_and_currency_of_a_policy_that_is_here_count(tmp_path: Path) -> None:
    (tmp_path / "edp.csv").write_text("cloud,machine,price,currency,from\naws,g6.12xlarge,3,USD,2026-01-01\n")
    (tmp_path / "finops-guard.yaml").write_text(
        "policy: acme\nowner: finops@acme.example\ncurrency: EUR\nfx: {USD: {EUR: 0.5, as_of: 2026-11-01}}\n"
        "rates: {discount: {aws: 10%}, cards: [edp.csv]}\npacks: [{use: ai-tags, with: {teams: [vision]}}]\n"
    )
    found = told("g5.12xlarge", "--region", "eu-central-1", *AT)
    listed, cheaper = found["offers"][0], found["cheaper"][0]
    assert (Decimal(listed["hour"]), listed["currency"]) == (Decimal("7.09282") * Decimal("0.9") / 2, "EUR")
    assert listed["source"] == "list-price less 10%"
    assert (Decimal(cheaper["hour"]), cheaper["source"]) == (Decimal("1.5"), "rate-card edp.csv:2")
    assert cheaper["stale"] is True


def test_several_policies_are_none(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"policies/{name}.yaml").write_text("policy: wrong\n")
    assert told("m5.large", *AT)["offers"][0]["hour"] == "0.096"


def test_live_asks_the_price_list_of_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: Asked) -> Answer:
        item = {"currencyCode": "USD", "unitOfMeasure": "1 Hour", "productName": "NCads", "skuName": "NC24ads A100 v4"}
        return 200, {}, {"Items": [item | {"retailPrice": 4.5, "effectiveStartDate": "2026-01-01T00:00:00Z"}]}

    with answering(answer) as here:
        monkeypatch.setenv("FINOPS_GUARD_AZURE_ENDPOINT", here.url)
        ran = finops_guard(
            "estimate", "Standard_NC24ads_A100_v4", "--region", "westeurope", "--live", "-f", "json", *AT
        )
    on_demand, spot, _ = json.loads(ran.out)["offers"]
    assert (on_demand["hour"], on_demand["source"], on_demand["as_of"]) == ("4.5", "live-price", "2026-11-25")
    assert on_demand["stale"] is False
    assert spot["hour"] is None
    assert "Standard_NC24ads_A100_v4 has no spot price in westeurope today" in ran.err


def test_tokens_of_a_model() -> None:
    found = told("gpt-4o", "--input-tokens", 1_000_000, "--output-tokens", 200_000)
    parts = [Decimal(found[part]["amount"]) for part in ("input", "output", "total")]
    assert parts[0] + parts[1] == parts[2] > 0
    assert (found["provider"], found["source"].split()[0]) == ("openai", "genai-prices")
    shown = finops_guard("estimate", "gpt-4o", "--input-tokens", 1_000_000, "--output-tokens", 200_000).out
    assert "gpt-4o, openai\n" in shown
    assert "1,200,000 tokens" in shown


def test_tokens_that_the_list_has_no_price_for_are_not_free() -> None:
    args = ("text-embedding-3-small", "--provider", "openai", "--input-tokens", 1_000_000)
    assert Decimal(told(*args)["total"]["amount"]) > 0
    found = told(*args, "--output-tokens", 5)
    assert found["total"] == {"amount": None, "unknown": "the list has no price for its output tokens"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("gpt-4p",), "no model 'gpt-4p' in the list (did you mean"),
        (("gpt-4o", "--provider", "opnai"), "no provider 'opnai' in the list (did you mean 'openai'?)"),
        (("gpt-4p", "--provider", "openai"), "no model 'gpt-4p' in the list of openai (did you mean"),
    ],
)
def test_a_model_that_the_list_does_not_know(args: tuple[str, ...], said: str) -> None:
    ran = finops_guard("estimate", *args, "--input-tokens", 10)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_tokens_without_the_extra_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    ran = finops_guard("estimate", "gpt-4o", "--input-tokens", 10)
    assert ran.code == 2
    assert "prices of tokens need the package genai-prices" in ran.err
    assert "pip install 'finops-guard-engine[tokens]'" in ran.err


def test_today_is_the_day_that_counts_without_another() -> None:
    offer = told("m5.large")["offers"][0]
    age = datetime.now(UTC).date() - datetime.fromisoformat(offer["as_of"]).date()
    assert offer["stale"] is (age.days > 90)


BUDGETS = """\
policy: acme
owner: finops@acme.example
currency: EUR
fx: {USD: {EUR: 0.5, as_of: 2026-11-01}}
packs: [{use: ai-tags, with: {teams: [vision]}}]
budgets:
  vision: {limit: 1000 EUR, every: month, for: {tags: {team: vision}}}
  quota: {limit: 2000 accelerator-hours, every: month, for: {tags: {team: vision}}}
"""
BILL = (
    "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,ChargeCategory,ChargePeriodStart,"
    "ChargePeriodEnd,SubAccountId,ProviderName,ServiceName,ServiceCategory,ResourceId,Tags\n"
    "100,100,100,100,USD,Usage,2026-11-03T00:00:00Z,2026-11-04T00:00:00Z,1,AWS,Amazon EC2,Compute,i-1,"
    '"{""team"": ""vision""}"\n'
)


@pytest.fixture
def budgets(tmp_path: Path) -> Path:
    (tmp_path / "finops-guard.yaml").write_text(BUDGETS)
    (tmp_path / "bill.csv").write_text(BILL)
    return tmp_path / "bill.csv"


def test_what_a_choice_leaves_of_a_budget_by_the_bill(budgets: Path) -> None:
    args = ("g5.xlarge", "--region", "us-east-1", "--hours", 1000, "--budget", "vision", "--costs", budgets, *AT)
    assert told(*args)["budget"] == {
        "name": "vision",
        "period": "2026-11",
        "unit": "EUR",
        "limit": "1000",
        "left": "950.0",
        "takes": "503.0000",
        "after": "447.0000",
        "billed_until": "2026-11-02T00:00:00Z",
        "unknown": [],
    }
    shown = finops_guard("estimate", *args).out
    assert "budget vision: 950.00 EUR left of 1,000.00 EUR in 2026-11, billed to 2026-11-02\n" in shown
    assert "after this: 447.00 EUR left; what runs and is not billed yet is not counted\n" in shown
    over = finops_guard("estimate", *args[:-2], "--count", 2, *AT).out
    assert "after this: -56.00 EUR left, over the limit" in over


def test_what_a_budget_cannot_say_is_unknown(budgets: Path) -> None:
    without = told("g5.xlarge", "--budget", "vision", *AT)["budget"]
    assert (without["left"], without["after"]) == (None, None)
    assert without["unknown"] == ["nothing tells what was billed: give cost data with --costs"]
    spot = told("g5.xlarge", "--spot", "--budget", "vision", "--costs", budgets, *AT)["budget"]
    assert (spot["takes"], spot["unknown"]) == (None, ["no spot price is known"])
    quota = told("g5.12xlarge", "--hours", 10, "--count", 3, "--budget", "quota", "--costs", budgets, *AT)["budget"]
    assert (quota["unit"], quota["takes"]) == ("accelerator-hours", "120")
    part = told("g6f.large", "--budget", "quota", "--costs", budgets, *AT)["budget"]
    assert "how many accelerators it has is not known" in part["unknown"]


def test_a_budget_that_is_not_there(budgets: Path) -> None:
    ran = finops_guard("estimate", "g5.xlarge", "--budget", "visoin", "--costs", budgets)
    assert ran.code == 2
    assert "no budget 'visoin' in the policy (did you mean 'vision'?)" in ran.err
    assert finops_guard("estimate", "g5.xlarge", "--costs", budgets).code == 2
