"""What the things of the estate are metered by: a line for each meter of each thing, and its rows day by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from finops_guard.costs import tables
from finops_guard.sources.sandbox._bills_book import Price, dice, labels
from finops_guard.sources.sandbox._bills_spans import Span, spans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.sources.sandbox._bills_book import Book, Line
    from finops_guard.sources.sandbox.estate import Account, Estate, Item

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_SATURDAY = 5
_HOURS_A_MONTH = 730
_GB = 1e9
_SECONDS_A_CALL = 0.35
_DISKS = ("disk", "data")
_SPOT = Decimal("0.42")
_HOURLY_DAYS = 4
_BALANCERS = {"application": "app", "network": "net", "gateway": "gwy"}


def metered(book: Book, estate: Estate, first: datetime, ids: Mapping[str, str]) -> None:
    """Every row of everything in the estate and of what it replaced, from `first` on.

    `ids`: name (and name/disk, name/data) -> ResourceId of what is there now, where the estate is running; without them
    ids are drawn.
    """
    accounts = {account.id: account for account in estate.accounts}
    for item in estate.items:
        meters = book.bills["meters"][item.kind]
        for span in spans(item, first, estate.now, book.bills["history"], estate.seed) if meters else ():
            planted = ids if not span.generation else {}
            identity = planted.get(item.name) or _drawn(book, item, span)
            for meter in meters:
                own = identity
                if meter["per"] in _DISKS:
                    drawn = identity.replace("i-", "vol-" if meter["per"] == "disk" else "vol-d", 1)
                    own = planted.get(f"{item.name}/{meter['per']}", drawn)
                line = _line(book, item, meter, accounts[item.account], own)
                _rows(book, item, meter, line, span, first)
            if "product" in item.facts:
                line = _software(book, item, accounts[item.account], identity)
                _rows(book, item, {"per": "machine"}, line, span, first)


def regional(book: Book, region: str, usage: str) -> str:
    """A usage type with the code of its region."""
    return f"{book.bills['region'][region]['code']}-{usage}"


def service(book: Book, key: str) -> dict[str, str]:
    """The cells that name a service."""
    name, code, category, subcategory = book.bills["services"][key]
    return {
        "ServiceName": name,
        "x_ServiceCode": code,
        "ServiceCategory": category,
        "ServiceSubcategory": subcategory,
    }


def sku(service_: str, usage: str) -> dict[str, str]:
    """Ids of the unit that is sold; the same meter has the same in every account."""
    found = sha256(f"{service_}{usage}".encode()).hexdigest().upper()[:16]
    return {"SkuId": found, "SkuPriceId": f"{found}.JRTCKXETXF.6YS6EN2CT7", "SkuMeter": usage, "x_UsageType": usage}


def _line(book: Book, item: Item, meter: Mapping[str, Any], account: Account, identity: str) -> Line:
    type_ = str(item.facts.get("type", ""))
    usage = regional(book, item.region, meter["usage"].format(type=type_))
    spot = meter["per"] == "machine" and (item.facts.get("purchase") == "spot" or bool(item.facts.get("spot")))
    if spot and item.kind == "instance":
        usage = usage.replace("BoxUsage", "SpotUsage")
    price, cells = _price(book, item, meter, account, spot=spot)
    place = book.bills["region"][item.region]
    return book.line(
        account,
        price,
        **service(book, meter["service"]),
        **sku(meter["service"], usage),
        **cells,
        ChargeDescription=f"${price.list:f} {meter['about'].format(type=type_)}",
        PricingUnit=meter["unit"],
        ResourceId=identity,
        ResourceName=item.name if item.name in identity else "",
        ResourceType="AWS::EC2::Volume" if meter["per"] in _DISKS else book.bills["kinds"][item.kind][0],
        RegionId=item.region,
        RegionName=place["name"],
        AvailabilityZone=f"{item.region}a" if item.kind in {"instance", "volume"} else "",
        SkuPriceDetails=f'{{"InstanceType": "{type_}"}}' if meter["per"] == "machine" else "",
        Tags=labels(item.tags, book.bills["activated"]),
        x_Operation=meter["operation"].format(type=type_),
    )


def _software(book: Book, item: Item, account: Account, identity: str) -> Line:
    """The second row of a marketplace appliance: its software, by the hour of the machine."""
    product, type_ = book.bills["products"][item.facts["product"]], item.facts["type"]
    usage = regional(book, item.region, f"SoftwareUsage:{type_}")
    return book.line(
        account,
        Price.flat(Decimal(str(product["price"]))),
        **service(book, "software") | {"ServiceName": product["name"]},
        **sku(item.facts["product"], usage),
        PublisherName=product["publisher"],
        ChargeDescription=f"AWS Marketplace hourly software usage|{item.region}|{type_}",
        PricingUnit="Hours",
        ResourceId=identity,
        ResourceType="AWS::EC2::Instance",
        RegionId=item.region,
        RegionName=book.bills["region"][item.region]["name"],
        Tags=labels(item.tags, book.bills["activated"]),
        x_Operation="Hourly",
    )


def _price(
    book: Book, item: Item, meter: Mapping[str, Any], account: Account, *, spot: bool
) -> tuple[Price, dict[str, str]]:
    """Four prices of a unit, and the cells of a commitment that covers it."""
    bills = book.bills
    each = _machine(book, item) if meter["per"] == "machine" else Decimal(str(meter["price"]))
    contracted = each * (1 - Decimal(str(bills["discount"])))
    if spot:
        paid = each * _SPOT
        return Price(each, paid, paid, paid), {"PricingCategory": "Dynamic"}
    if meter["per"] != "machine":
        return Price(each, contracted, contracted, contracted), {}
    family = str(item.facts["type"]).partition(".")[0]
    plan, reservation = bills["plan"], bills["reservation"]
    if item.kind == "instance" and family in plan["families"]:
        effective = each * Decimal(str(plan["pays"]))
        return Price(each, contracted, Decimal(0), effective), covered(plan, "Savings Plan", "Spend")
    if item.kind == "database" and family in reservation["families"] and account.name.endswith(reservation["account"]):
        effective = each * Decimal(str(reservation["pays"]))
        return Price(each, contracted, Decimal(0), effective), covered(reservation, "Reserved Instance", "Usage")
    return Price(each, contracted, contracted, contracted), {}


def covered(commitment: Mapping[str, Any], type_: str, category: str) -> dict[str, str]:
    """The cells of what a commitment covers."""
    return {
        "PricingCategory": "Committed",
        "CommitmentDiscountId": commitment["id"],
        "CommitmentDiscountName": commitment["name"],
        "CommitmentDiscountCategory": category,
        "CommitmentDiscountType": type_,
        "CommitmentDiscountStatus": "Used",
    }


def _machine(book: Book, item: Item) -> Decimal:
    """The list price of an hour of its machine: the snapshot's, in its region if there is one, else the company's."""
    type_ = str(item.facts["type"])
    bare = type_.removeprefix("ml.")
    own = "sagemaker" if bare != type_ else "rds" if item.kind == "database" else "ec2"
    for resource, name, times in ((own, type_, Decimal(1)), ("ec2", bare, Decimal(str(book.bills["sagemaker"])))):
        known = tables.rates().get(("aws", resource, name), ())
        if known:
            there = next((rate for rate in known if rate.region == item.region), known[0])
            return there.usd * (times if bare != type_ else 1)
    return Decimal(str(book.bills["machines"][bare])) * (Decimal(str(book.bills["sagemaker"])) if bare != type_ else 1)


def _rows(book: Book, item: Item, meter: Mapping[str, Any], line: Line, span: Span, first: datetime) -> None:
    an_hour = _an_hour(item, meter)
    until = span.ran_until if meter["per"] not in {*_DISKS, "size", "bytes_stored"} else span.gone
    start, until = max(first, span.made), min(until, book.today)
    if not an_hour:
        return
    machine = meter["per"] == "machine"
    weekend = book.bills["weekend"] if meter.get("weekly") or (machine and _scaled(book, item)) else 1
    hourly_from = book.today - _HOURLY_DAYS * DAY if machine and _accelerated(item) else until
    while start < until:
        step = HOUR if start >= hourly_from else DAY
        bottom = start.replace(minute=0, second=0, microsecond=0)
        bottom = bottom if step == HOUR else bottom.replace(hour=0)
        top = min(bottom + step, until)
        hours = (top - start) / HOUR
        share = weekend if start.weekday() >= _SATURDAY else 1
        stray = 1 if machine or not meter.get("weekly") else 0.92 + 0.16 * dice(f"{item.name}{meter['usage']}{bottom}")
        book.add(line, bottom, bottom + step, Decimal(f"{an_hour * hours * share * stray:.6f}"))
        start = top


def _an_hour(item: Item, meter: Mapping[str, Any]) -> float:
    """How much of a meter's unit one hour of a thing uses."""
    facts, load, share = item.facts, item.load, float(meter.get("share", 1))
    match meter["per"]:
        case "machine":
            return float(facts.get("nodes", 1))
        case "hour":
            return share
        case "disk" | "data" as disk:
            return float(facts.get(disk, 0)) / _HOURS_A_MONTH
        case "size":
            return float(facts["size"]) / _HOURS_A_MONTH
        case "bytes_stored":
            return float(facts["size"]) / _GB / _HOURS_A_MONTH * share
        case "invocations":
            return load.get("requests", 0.0) * float(facts["memory"]) / 1024 * _SECONDS_A_CALL
        case per:  # network, bytes: what the load says
            return load.get(per, 0.0) / _GB * share


def _scaled(book: Book, item: Item) -> bool:
    return any(item.name.startswith(f"{fleet}-") for fleet in book.bills["history"]["scaled"])


def _accelerated(item: Item) -> bool:
    return str(item.facts.get("type", "")).startswith(("p", "trn"))


def _drawn(book: Book, item: Item, span: Span) -> str:
    """The id of a thing that nobody planted: gone, or the estate is not running."""
    drawn = sha256(f"{item.account}{item.kind}{item.name}{span.generation}".encode()).hexdigest()[:17]
    name = f"{item.name}-{drawn[:5]}" if span.generation else item.name
    return str(
        book.bills["kinds"][item.kind][1].format(
            region=item.region,
            account=item.account,
            name=name,
            drawn=drawn,
            short=_BALANCERS.get(str(item.facts.get("type")), ""),
        )
    )
