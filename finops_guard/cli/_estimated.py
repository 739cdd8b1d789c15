"""An estimate, for eyes or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from finops_guard.cli import _options
from finops_guard.cli._paint import painter, write, write_json
from finops_guard.costs.prices import STALE_AFTER_DAYS
from finops_guard.language.diagnostics import printable
from finops_guard.model import Money, Unknown

if TYPE_CHECKING:
    from finops_guard.cli._left import Left
    from finops_guard.costs.choices import Choice, Machine, Offer
    from finops_guard.costs.tables import Accelerator
    from finops_guard.costs.tokens import TokenPrice

SCHEMA = "finops-guard/estimate/1"
_SHOWN = 5
_GIB = 1024**3
_CENT, _HOUR = Decimal("0.01"), Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: so many machines for so many hours.

    `asked`: the region that was asked for, if any. `verbose`: say where each list price was read.
    """

    choice: Choice
    count: int
    hours: Decimal
    day: date
    left: Left | None
    asked: str | None
    verbose: bool = False


def machines(request: Request, shape: str) -> None:
    """Print an estimate of machines."""
    if shape == "json":
        write_json(_record(request))
        return
    write(*_lines(request))


def tokens(model: str, provider: str | None, read: int, written: int, shape: str) -> None:
    """Print what tokens of a model cost."""
    from finops_guard.costs.tokens import token_price

    found = token_price(model, provider, read, written)
    if shape == "json":
        write_json(_tokens_record(found, read, written))
        return
    paint = painter()
    lines = [paint("bold", f"{printable(found.model)}, {printable(found.provider)}")]
    for what, number, cost in (("input", read, found.input), ("output", written, found.output)):
        if number:
            lines.append(f"{what:7}{number:>16,} tokens   {_money(cost)}")
    lines += [f"{'total':7}{read + written:>16,} tokens   {_money(found.total)}", ""]
    write(*lines, paint("dim", f"{printable(found.each)}; {found.source}"))


def _lines(request: Request) -> Iterator[str]:
    choice, paint = request.choice, painter()
    machine = choice.machine
    where = choice.offers[0].region
    yield paint("bold", f"{machine.name}, {machine.cloud} {printable(where)}".rstrip()) + _specification(machine)
    hours = f"{request.hours:,f}"
    asked_for = f"{_options.counted(request.count, 'machine')} for {hours} hour{'s' * (hours != '1')}"
    yield asked_for + _elsewhere(where, request.asked)
    yield ""
    yield from _table(request, [(offered.purchase, "", offered) for offered in choice.offers])
    if choice.cheaper:
        least = choice.machine.accelerator
        memory = f"{(least.memory_bytes or 0) / _GIB:g} GiB" if least else ""
        asked = f"at least {least.count} of at least {memory} each by {least.vendor}" if least else ""
        yield from ("", paint("bold", f"Cheaper ({choice.basis.purchase}), with {asked}"))
        rows = [(other.name, _count(other.accelerator), offered) for other, offered in choice.cheaper[:_SHOWN]]
        yield from _table(request, rows)
        if len(choice.cheaper) > _SHOWN:
            yield f"… and {len(choice.cheaper) - _SHOWN} more (-f json)"
    if choice.not_compared:
        yield paint("dim", f"Not compared: {choice.not_compared}.")
    if request.left is not None:
        yield from ("", *_left_lines(request.left))
    yield ""
    stale = any(offered.stale(request.day) for offered in (*choice.offers, *(each for _, each in choice.cheaper)))
    note = "Machines only: without disks, addresses, data transfer and tax."
    yield paint("dim", f"{note} stale: older than {STALE_AFTER_DAYS} days." if stale else note)


def _elsewhere(where: str, asked: str | None) -> str:
    """Why prices are of this region, where nobody asked for it."""
    if not where or where == asked:
        return ""
    return f"; no price of {printable(asked)}, so {where}" if asked else f"; no --region given, so {where}"


def _left_lines(left: Left) -> Iterator[str]:
    status = left.status
    unit = status.budget.unit
    of = f"{_money(Money(status.limit, unit))} in {status.period}"
    if left.before is None:
        yield f"budget {status.budget.name}: {of}, left: unknown"
    else:
        until = f", billed to {status.billed_until:%Y-%m-%d}" if status.billed_until else ""
        yield f"budget {status.budget.name}: {_money(Money(left.before, unit))} left of {of}{until}"
    if left.after is not None:
        over = ", over the limit" if left.after < 0 else ""
        after = f"{_money(Money(left.after, unit))} left{over}"
        yield f"after this: {after}; what runs and is not billed yet is not counted"
    yield from (f"unknown: {printable(reason)}" for reason in left.because)


def _table(request: Request, rows: Sequence[tuple[str, str, Offer]]) -> Iterator[str]:
    first, second = max(len(name) for name, _, _ in rows), max(len(what) for _, what, _ in rows)
    for name, what, offered in rows:
        head = f"{name:{first}}  " + (f"{what:{second}}  " if second else "")
        yield head + _cost(request, offered)


def _cost(request: Request, offered: Offer) -> str:
    total = offered.total(request.count, request.hours)
    if isinstance(offered.price, Unknown) or total is None:
        return _unknown(offered)
    hour = offered.price.hour
    each = f"{hour.amount.quantize(_HOUR, ROUND_HALF_EVEN):>10,} {hour.currency}/h"
    source = f"{offered.price.source}, {offered.price.as_of}{', stale' if offered.stale(request.day) else ''}"
    read = f" ({offered.read_from})" if request.verbose and offered.read_from else ""
    return f"{each}  {_money(total):>18}  {printable(source + read)}"


def _unknown(offered: Offer) -> str:
    return f"unknown: {printable(offered.price.reason)}" if isinstance(offered.price, Unknown) else ""


def _money(cost: Money | Unknown) -> str:
    if isinstance(cost, Unknown):
        return f"unknown: {cost.reason}"
    if 0 < abs(cost.amount) < _CENT:
        return f"{cost.amount:f} {cost.currency}"
    return f"{cost.amount.quantize(_CENT, ROUND_HALF_EVEN):,} {cost.currency}"


def _specification(machine: Machine) -> str:
    parts = []
    if machine.accelerator is not None:
        memory = machine.accelerator.memory_bytes
        each = f", {memory / _GIB:g} GiB each" if memory else ""
        parts.append(f"{_count(machine.accelerator)} ({machine.accelerator.vendor}{each})")
    if machine.vcpus is not None:
        parts.append(f"{machine.vcpus} vCPU")
    if machine.memory_gib is not None:
        parts.append(f"{machine.memory_gib:,f} GiB")
    return f": {', '.join(parts)}" if parts else ""


def _count(has: Accelerator | None) -> str:
    if has is None:
        return ""
    return f"{has.count} × {has.model}" if has.count is not None else f"part of a {has.model}"


def _record(request: Request) -> dict[str, object]:
    choice = request.choice
    return {
        "schema": SCHEMA,
        "count": request.count,
        "hours": f"{request.hours:f}",
        **_machine_record(choice.machine),
        "region": choice.offers[0].region,
        "offers": [_offer_record(request, offered) for offered in choice.offers],
        "cheaper": [{**_machine_record(other), **_offer_record(request, offered)} for other, offered in choice.cheaper],
        "not_compared": choice.not_compared or None,
        "budget": _left_record(request.left),
    }


def _left_record(left: Left | None) -> dict[str, object] | None:
    if left is None:
        return None
    amounts = {"limit": left.status.limit, "left": left.before, "takes": left.takes, "after": left.after}
    until = left.status.billed_until
    return {
        "name": left.status.budget.name,
        "period": left.status.period,
        "unit": left.status.budget.unit,
        **{name: None if amount is None else f"{amount:f}" for name, amount in amounts.items()},
        "billed_until": None if until is None else f"{until:%Y-%m-%dT%H:%M:%SZ}",
        "unknown": list(left.because),
    }


def _machine_record(machine: Machine) -> dict[str, object]:
    has = machine.accelerator
    return {
        "cloud": machine.cloud,
        "type": machine.name,
        "accelerators": has
        and {"count": has.count, "model": has.model, "vendor": has.vendor, "memory_bytes": has.memory_bytes},
        "vcpus": machine.vcpus,
        "memory_gib": None if machine.memory_gib is None else f"{machine.memory_gib:f}",
    }


def _offer_record(request: Request, offered: Offer) -> dict[str, object]:
    record: dict[str, object] = {"purchase": offered.purchase, "price_region": offered.region}
    total = offered.total(request.count, request.hours)
    if isinstance(offered.price, Unknown) or total is None:
        reason = offered.price.reason if isinstance(offered.price, Unknown) else None
        return {**record, "hour": None, "total": None, "unknown": reason}
    return {
        **record,
        "hour": f"{offered.price.hour.amount:f}",
        "total": f"{total.amount:f}",
        "currency": total.currency,
        "source": offered.price.source,
        "as_of": offered.price.as_of,
        "stale": offered.stale(request.day),
        "read_from": offered.read_from or None,
    }


def _tokens_record(found: TokenPrice, read: int, written: int) -> dict[str, object]:
    def cost(each: Money | Unknown) -> dict[str, object]:
        if isinstance(each, Unknown):
            return {"amount": None, "unknown": each.reason}
        return {"amount": f"{each.amount:f}", "currency": each.currency}

    return {
        "schema": SCHEMA,
        "model": found.model,
        "provider": found.provider,
        "input_tokens": read,
        "output_tokens": written,
        "input": cost(found.input),
        "output": cost(found.output),
        "total": cost(found.total),
        "each": found.each,
        "source": found.source,
    }
