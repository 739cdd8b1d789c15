"""What tokens of a model cost, by the list that comes with the package genai-prices (extra `tokens`).

The list is the installed package's own: nothing is downloaded. Its version stands for its date.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.model import Money, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """What so many tokens cost at list price: `input` and `output` apart, Unknown where the list has no price.

    `each` is what a million of each kind costs, as the list writes it.
    """

    model: str
    provider: str
    input: Money | Unknown
    output: Money | Unknown
    each: str
    source: str

    @property
    def total(self) -> Money | Unknown:
        """Both; Unknown where one is."""
        if isinstance(self.input, Unknown):
            return self.input
        return self.output if isinstance(self.output, Unknown) else Money(self.input.amount + self.output.amount, "USD")


def token_price(model: str, provider: str | None, input_tokens: int, output_tokens: int) -> TokenPrice:
    """The price of tokens of a model; without a provider that of the one who makes it.

    InputError without the extra, and for a model or provider that the list does not know.
    """
    try:
        from importlib.metadata import version

        from genai_prices import Usage, calc_price
    except ImportError:
        raise InputError(
            "prices of tokens need the package genai-prices", help="pip install 'finops-guard-engine[tokens]'"
        ) from None
    try:
        found = calc_price(
            Usage(input_tokens=input_tokens, output_tokens=output_tokens), model_ref=model, provider_id=provider
        )
    except LookupError:
        raise _unknown(model, provider) from None
    return TokenPrice(
        found.model.id,
        found.provider.id,
        _part(found.input_price, input_tokens, "input"),
        _part(found.output_price, output_tokens, "output"),
        str(found.model_price),
        f"genai-prices {version('genai-prices')}",
    )


def _part(amount: Decimal, tokens: int, kind: str) -> Money | Unknown:
    # What the list has no price for it counts as free.
    if tokens and not amount:
        return Unknown(f"the list has no price for its {kind} tokens")
    return Money(amount, "USD")


def _unknown(model: str, provider: str | None) -> InputError:
    from genai_prices.data_snapshot import get_snapshot

    providers = {each.id: each for each in get_snapshot().providers}
    if provider is not None and provider not in providers:
        near = suggest(provider, providers)
        return InputError(f"no provider '{provider}' in the list" + (f" (did you mean '{near}'?)" if near else ""))
    near = suggest(model, _models(provider))
    hint = f" (did you mean '{near}'?)" if near else ""
    return InputError(f"no model '{model}' in the list{f' of {provider}' if provider else ''}{hint}")


def _models(provider: str | None) -> Iterator[str]:
    from genai_prices.data_snapshot import get_snapshot

    for each in get_snapshot().providers:
        if provider in (None, each.id):
            yield from (model.id for model in each.models)
