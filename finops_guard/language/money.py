"""Sections of a policy about money: budgets, units, cost sources, rates and shared cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from finops_guard.language import counts, plain
from finops_guard.language.item import Item, Parts
from finops_guard.language.literals import CURRENCIES, parse
from finops_guard.model import All, Condition, Location, Money, canonical
from finops_guard.model.money import ACCELERATOR_HOURS, Budget, CostSource, Count, Rates, Split, Unit

_HUNDRED = Decimal(100)
_UNITS = CURRENCIES | {ACCELERATOR_HOURS}


def budgets(parts: Parts) -> dict[str, Budget]:
    """The budgets that stand in the policy itself; those of a table (`from`) are read by `budget_table`."""
    return {
        name: budget
        for part in parts
        for name, item in part.entries()
        if isinstance(item.data, dict) and (budget := _budget(name, item))
    }


def units(parts: Parts) -> dict[str, Unit]:
    """Unit costs by name."""
    return {
        name: unit
        for part in parts
        for name, item in part.entries()
        if isinstance(item.data, dict) and (unit := _unit(name, item))
    }


def sources(parts: Parts) -> Iterator[CostSource]:
    """Where cost data comes from."""
    for part in parts:
        for item in part.items():
            plain.amount(item.below("max_per_day"))
            if isinstance(item.data, dict) and isinstance(item.get("from"), str):
                rest = {key: value for key, value in item.data.items() if key != "from"}
                yield CostSource(item.data["from"], rest, _at(item))


def rates(parts: Parts) -> Rates:
    """Discounts and rate cards."""
    discount: dict[str, Decimal] = {}
    cards: list[str] = []
    for part in parts:
        for cloud, percent in part.below("discount").entries():
            share = _share(percent)
            if share is not None and not 0 <= share <= 1:
                percent.problem("a discount lies between 0% and 100%")
            elif share is not None:
                discount[cloud] = share
        cards += [card.data for card in part.below("cards").texts()]
    return Rates(discount, tuple(cards))


def shared(parts: Parts) -> Iterator[Split]:
    """Cost that is split over those who share it."""
    for part in parts:
        for item in part.items():
            charge = item.below("charge")
            tests = charge.reader.group("charge", charge.data, charge.place)
            if tests and item.get("split_by") in ("accelerator_hours", "cost", "even"):
                yield Split(tests[0] if len(tests) == 1 else All(tuple(tests)), item.data["split_by"])


def assumed(parts: Parts) -> dict[str, dict[str, object]]:
    """What is assumed of planned resources by address: sizes in bytes, numbers, texts; the policy's own win.

    An entry that is not well written is said by the schema and left out.
    """
    found: dict[str, dict[str, object]] = {}
    for part in parts:
        for address, item in part.entries():
            found[address] = {name: value for name, entry in item.entries() if (value := _usage(entry)) is not None}
    return found


def _usage(item: Item) -> object:
    name, data = item.place[-1], item.data
    if name == "instance_type":
        return _text(data)
    if isinstance(data, int | float) and not isinstance(data, bool):
        return data if isinstance(data, int) else Decimal(str(data))
    try:
        return parse("size", data)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _budget(name: str, item: Item) -> Budget | None:
    limit = _limit(item.below("limit"))
    covers = _condition(item.below("for"))
    start = item.below("fiscal_start")
    plain.day_of_year(start)
    zone = plain.timezone(item.below("timezone"))
    plan = item.below("plan")
    planned: dict[str, Decimal] = {}
    for period, entry in plan.entries():
        plain.period(plan, period)
        amount = _limit(entry)
        if amount and limit and amount[1] != limit[1]:
            entry.problem(f"the limit is in {limit[1]}, this in {amount[1]}")
        elif amount:
            planned[period] = amount[0]
    unused = _share(item.below("rollover", "unused"))
    if unused is not None and not 0 <= unused <= 1:
        item.below("rollover", "unused").problem("a share of what is unused lies between 0% and 100%")
        unused = None
    if limit is None or item.get("every") not in ("day", "week", "month", "quarter", "year"):
        return None
    return Budget(
        name,
        *limit,
        every=item.data["every"],
        covers=covers,
        metric=_among(item.get("metric"), ("effective", "billed", "list")),
        plan=planned,
        fiscal_start=_month_day(start.data),
        timezone=zone,
        rollover=unused or Decimal(0),
        owner=_text(item.get("owner")),
        at=_at(item),
    )


def _unit(name: str, item: Item) -> Unit | None:
    plain.amount(item.below("target"))
    covers = _condition(item.below("cost", "for"))
    count = item.below("count")
    match = _condition(count.below("match"))
    counts.check(count, item.below("by"))
    of, source, target = item.get("of"), count.get("from"), item.get("target")
    if not isinstance(of, str) or not isinstance(source, str) or covers is None:
        return None
    settings = {key: value for key, value in count.data.items() if key not in ("from", "match", "scale")}
    return Unit(
        name,
        of,
        covers,
        Count(source, settings, match, _number(count.get("scale"), Decimal(1))),
        tuple(canonical(key.data) for key in item.below("by").texts()),
        _number(item.get("minimum"), Decimal(0)),
        _money(target),
        _at(item),
    )


def _limit(item: Item) -> tuple[Decimal, str] | None:
    """An amount and its unit, None where the schema or we found it wrong."""
    plain.amount(item)
    amount, _, unit = item.data.partition(" ") if isinstance(item.data, str) else ("", "", "")
    if not amount.replace(".", "", 1).isdecimal() or unit not in _UNITS:
        return None
    return Decimal(amount), unit


def _share(item: Item) -> Decimal | None:
    text = item.data
    number = text.rstrip("%").rstrip() if isinstance(text, str) and text.endswith("%") else ""
    return Decimal(number) / _HUNDRED if number.lstrip("-").replace(".", "", 1).isdecimal() else None


def _money(text: Any) -> Money | None:
    try:
        value = parse("money", text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if isinstance(value, Money) else None


def _condition(item: Item) -> Condition | None:
    condition = item.reader.condition(item.data, item.place)
    return condition if isinstance(item.data, dict) else None


def _number(data: Any, default: Decimal) -> Decimal:
    return Decimal(str(data)) if isinstance(data, (int, float)) and not isinstance(data, bool) else default


def _month_day(data: Any) -> tuple[int, int]:
    month, _, day = data.partition("-") if isinstance(data, str) else ("", "", "")
    return (int(month), int(day)) if month.isdecimal() and day.isdecimal() else (1, 1)


def _among(data: Any, known: tuple[Any, ...]) -> Any:
    return data if data in known else known[0]


def _text(data: Any) -> str | None:
    return data if isinstance(data, str) else None


def _at(item: Item) -> Location:
    return item.reader.document.at(item.place)
