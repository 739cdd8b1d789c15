"""The address of a source that the policy names, and how we show who we are there."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from finops_guard.costs.web import Site, trusted
from finops_guard.errors import InputError
from finops_guard.language.secrets import resolve
from finops_guard.model import Calls

if TYPE_CHECKING:
    from finops_guard.costs.counts._counted import Asked


def site(asked: Asked, what: str) -> Site:
    """Where `url` leads. An address from a variable is called by the variable's name, for it may be a secret."""
    written, environ = asked.text("url"), asked.reach.environ
    url = trusted(resolve(written, environ), what)
    calls = asked.reach.notes.calls.setdefault(what, Calls())
    return Site(url, _headers(asked), calls, written if written.startswith("$") else "")


def _headers(asked: Asked) -> dict[str, str]:
    written = asked.text("secret")
    if not written:
        return {}
    secret, user = resolve(written, asked.reach.environ), resolve(asked.text("user"), asked.reach.environ)
    if not secret or not (secret + user).isprintable() or not (secret + user).isascii():
        raise InputError(f"the secret {written} is empty or no text for a header")
    if user:
        return {"Authorization": f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"}
    return {"Authorization": f"Bearer {secret}"}
