"""What a policy asks for and this version has not: channels and tickets, as warnings where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops_guard.language.diagnostics import Diagnostic
    from finops_guard.model import Policy


def not_yet(policies: Mapping[str, Policy]) -> Iterator[Diagnostic]:
    """Warnings about policies, by the name that they are shown under. What they extend is told of where it stands."""
    from finops_guard import notify
    from finops_guard.language.document import Document
    from finops_guard.plan.authority import NO_TICKETS

    for name, policy in policies.items():
        if not policy.texts:
            continue
        document = Document(name, policy.texts[0])
        written = document.data if isinstance(document.data, dict) else {}
        for number, to in enumerate(written.get("notify") or ()):
            for wanting in notify.unavailable([to]):
                hint = f"channels there are: {', '.join(notify.names())}"
                yield document.problem(("notify", number, "to"), wanting, hint, warning=True)
        permit = written.get("permit") or []
        if "ticket" in permit:
            yield document.problem(("permit", permit.index("ticket")), NO_TICKETS, warning=True)
