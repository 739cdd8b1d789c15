"""What no single thing of the estate is metered by: tokens, transfer, contracts, commitments, fees, tax and credits."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops_guard.sources.sandbox._bills_book import Price, dice, first_of_month, labels
from finops_guard.sources.sandbox._bills_meters import DAY, covered, regional, service, sku

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from finops_guard.sources.sandbox._bills_book import Book
    from finops_guard.sources.sandbox.estate import Account

_SATURDAY = 5
_THOUSAND = Decimal(1000)
_YEAR = timedelta(days=365)


def extras(book: Book, accounts: Mapping[str, Account], first: datetime) -> None:
    """All of it, from `first` on; the plan last, for what it covered must be known."""
    for model in book.bills["tokens"]:
        for direction in ("input", "output"):
            _tokens(book, accounts[model["account"]], model, direction, first)
    for other in book.bills["others"]:
        _other(book, accounts[other["account"]], other, first)
    for contract in book.bills["contracts"]:
        _contract(book, accounts[contract["account"]], contract)
    for month in _months(first, book.today):
        _monthly(book, accounts, month)
    for correction in book.bills["corrections"]:
        _correction(book, accounts[correction["account"]], correction)
    _commitments(book, accounts, first)


def _tokens(book: Book, account: Account, model: Mapping[str, Any], direction: str, first: datetime) -> None:
    usage = f"{book.bills['region'][model['region']]['pair']}-{model['model']}-{direction}-tokens"
    bedrock = f"arn:aws:bedrock:{model['region']}:"
    each = Decimal(str(model["price"][direction]))
    paid = each * (1 - Decimal(str(book.bills["discount"])))
    line = book.line(
        account,
        Price(each, paid, paid, paid, per=_THOUSAND),
        **service(book, "bedrock"),
        **sku("bedrock", usage),
        ChargeDescription=f"${each:f} per 1K {direction} tokens for {model['model']}",
        PricingUnit="1000 Tokens",
        ConsumedUnit="Tokens",
        ResourceId=f"{bedrock}{account.id}:application-inference-profile/{model['profile']}"
        if "profile" in model
        else f"{bedrock}:foundation-model/{model['model']}",
        ResourceName=model.get("profile", model["model"]),
        ResourceType="AWS::Bedrock::ApplicationInferenceProfile" if "profile" in model else "",
        **_place(book, model["region"]),
        Tags=labels(model.get("tags", {}), book.bills["activated"]),
        x_Operation="InvokeModelInference",
    )
    surge = model.get("surge", {})
    for day in _days(first, book.today):
        times = surge["times"] if surge and day == book.today - surge["day"] * DAY else 1
        tokens = float(model["day"][direction]) * _people(book, day) * _stray(f"{usage}{account.id}", day) * times
        book.add(line, day, day + DAY, Decimal(round(tokens)))


def _other(book: Book, account: Account, other: Mapping[str, Any], first: datetime) -> None:
    place = book.bills["region"][other["region"]]
    usage = other["usage"].format(pair=place["pair"])
    usage = usage if "AWS-" in usage or other["service"] == "dx" else regional(book, other["region"], usage)
    each = Decimal(str(other["price"]))
    paid = each * (1 - Decimal(str(book.bills["discount"])))
    line = book.line(
        account,
        Price(each, paid, paid, paid),
        **service(book, other["service"]),
        **sku(other["service"], usage),
        ChargeDescription=f"${each:f} {other['about']}",
        PricingUnit=other["unit"],
        ResourceId=other.get("id", ""),
        ResourceType=other.get("type", ""),
        **_place(book, other["region"]),
        Tags=labels(other.get("tags", {}), book.bills["activated"]),
        x_Operation=other["operation"],
    )
    for day in _days(first, book.today):
        factor = 1 if other.get("steady") else _people(book, day) * _stray(usage, day)
        book.add(line, day, day + DAY, Decimal(f"{float(other['quantity']) * factor:.6f}"))


def _contract(book: Book, account: Account, contract: Mapping[str, Any]) -> None:
    """A year of software, bought once. It covers no later charge, so its EffectiveCost is what was paid (FOCUS 1.2)."""
    line = book.line(
        account,
        Price.flat(Decimal(contract["price"])),
        **service(book, "software") | {"ServiceName": contract["name"]},
        **sku(contract["name"], "ContractFee"),
        PublisherName=contract["publisher"],
        ChargeCategory="Purchase",
        ChargeFrequency="One-Time",
        ChargeDescription=f"AWS Marketplace contract|{contract['name']}",
        PricingUnit=contract["unit"],
        ConsumedUnit="",
        **_place(book, contract["region"]),
    )
    start = book.today - contract["ago"] * DAY
    book.add(line, start, start + _YEAR, Decimal(contract["quantity"]))


def _monthly(book: Book, accounts: Mapping[str, Account], month: datetime) -> None:
    support, after = book.bills["support"], first_of_month(month + timedelta(days=32))
    fee, tax = Decimal(support["fee"]), Decimal(str(support["tax"]))
    payer = accounts[support["account"]]
    cells = service(book, "support") | sku("support", "Dollar") | {"PricingUnit": "Dollars", "ConsumedUnit": ""}
    bought = book.line(
        payer,
        Price.flat(Decimal(1)),
        **cells,
        ChargeCategory="Purchase",
        ChargeFrequency="Recurring",
        ChargeDescription="AWS Support (Business)",
    )
    book.add(bought, month, after, fee)
    taxed = book.line(
        payer,
        Price.flat(Decimal(1)),
        **cells | {"PricingUnit": ""},
        ChargeCategory="Tax",
        ChargeFrequency="Recurring",
        ChargeDescription="VAT on AWS Support (Business)",
    )
    book.add(taxed, month, after, fee * tax)
    for credit in book.bills["credits"]:
        given = book.line(
            accounts[credit["account"]],
            Price.flat(Decimal(1)),
            **service(book, credit["service"]),
            ChargeCategory="Credit",
            ChargeFrequency="One-Time",
            ChargeDescription=credit["about"],
            ConsumedUnit="",
        )
        book.add(given, month, after, Decimal(credit["amount"]))


def _correction(book: Book, account: Account, correction: Mapping[str, Any]) -> None:
    """Usage of the month before the newest, put right in the newest."""
    month = first_of_month(book.today - DAY)
    day = first_of_month(month - DAY) + (correction["day"] - 1) * DAY
    usage = regional(book, correction["region"], correction["usage"])
    line = book.line(
        account,
        Price.flat(Decimal(1)),
        **service(book, correction["service"]),
        **sku(correction["service"], usage),
        ChargeClass="Correction",
        ChargeDescription=correction["about"],
        **_place(book, correction["region"]),
        Tags=labels(correction["tags"], book.bills["activated"]),
    )
    book.add(line, day, day + DAY, Decimal(str(correction["amount"])), month)


def _commitments(book: Book, accounts: Mapping[str, Account], first: datetime) -> None:
    """What was paid for the commitments: as much a day as the plan covered, a year of the reservation on one day."""
    plan, reservation = book.bills["plan"], book.bills["reservation"]
    bought = book.line(
        accounts[plan["account"]],
        Price(Decimal(1), Decimal(1), Decimal(1), Decimal(0)),
        **service(book, "plans"),
        **covered(plan, "Savings Plan", "Spend")
        | {"CommitmentDiscountStatus": "", "PricingCategory": "Standard", "ResourceId": plan["id"]},
        ChargeCategory="Purchase",
        ChargeFrequency="Recurring",
        ChargeDescription=plan["name"],
        PricingUnit="Dollars",
        ConsumedUnit="",
    )
    for day in _days(first, book.today):
        book.add(bought, day, day + DAY, book.used.get((plan["id"], day), Decimal(0)))
    covers = sum(amount for (commitment, _), amount in book.used.items() if commitment == reservation["id"])
    year = covers / ((book.today - first) // DAY) * _YEAR.days
    once = book.line(
        accounts[reservation["account"]],
        Price(Decimal(1), Decimal(1), Decimal(1), Decimal(0)),
        **service(book, "rds"),
        **covered(reservation, "Reserved Instance", "Usage")
        | {"CommitmentDiscountStatus": "", "PricingCategory": "Standard", "ResourceId": reservation["id"]},
        ChargeCategory="Purchase",
        ChargeFrequency="One-Time",
        ChargeDescription=reservation["name"],
        PricingUnit="Dollars",
        ConsumedUnit="",
    )
    book.add(once, first, first + _YEAR, Decimal(round(year)))


def _place(book: Book, region: str) -> dict[str, str]:
    return {"RegionId": region, "RegionName": book.bills["region"][region]["name"]}


def _days(first: datetime, end: datetime) -> Iterator[datetime]:
    while first < end:
        yield first
        first += DAY


def _months(first: datetime, end: datetime) -> Iterator[datetime]:
    """The months that began within the export."""
    month = first_of_month(first + timedelta(days=31))
    while month < end:
        yield month
        month = first_of_month(month + timedelta(days=32))


def _people(book: Book, day: datetime) -> float:
    return float(book.bills["weekend"]) if day.weekday() >= _SATURDAY else 1.0


def _stray(what: str, day: datetime) -> float:
    return 0.92 + 0.16 * dice(f"{what}{day}")
