"""Money that cannot be compared: prices are in US dollars, and the policy has no rate to the currency of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from finops_guard.language.params import tests, uses_of_params
from finops_guard.language.uses import Use
from finops_guard.model import Binding, Money, money_in

PRICES = "USD"
"""Currency of every list price."""
_PRICED = ("cost.", "traffic.", "plan.")
Rates: TypeAlias = Mapping[tuple[str, str], tuple[Decimal, date]]


def unpriced(use: Use, binding: Binding, fx: Rates) -> None:
    """Warn of each amount of a binding's rules that is compared with prices and cannot be."""
    warned: set[str] = set()
    for rule in binding.rules:
        written = use.pack.rules[rule.name]
        params = {test.ref: param for test, param in uses_of_params(written)}
        for test in (*tests(rule.match), *tests(rule.require)):
            money = test.value
            if not isinstance(money, Money) or not test.ref.name.startswith(_PRICED):
                continue
            param = params.get(test.ref)
            name = f"parameter '{param}'" if param else f"'{test.ref}' of {rule.id}"
            if money_in(money, PRICES, fx) is None and name not in warned:
                warned.add(name)
                currency = money.currency
                message = f"{name} is {money}, prices are in {PRICES}: not to be compared without a rate"
                hint = f"fx: {{{PRICES}: {{{currency}: …, as_of: …}}}}"
                given = use.given.get(param) if param else None
                (given or use.item.below("use")).problem(message, hint, warning=True)
