"""What a run leaves in the state so that questions about it can be answered years later, from the state alone.

`texts/<sha256>` holds the policy, the one it extends and the packs, each as it was written; `terms/<run>` which of them
a run went by, with the exemptions in force; `reports/<run>` what it found and did; `snapshots/<run>` what it judged
(`state.inventories`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import ActError
from finops_guard.outputs import json as report_json
from finops_guard.state.inventories import SNAPSHOTS
from finops_guard.state.lines import stamp, to_line
from finops_guard.state.store import Store, write_once

if TYPE_CHECKING:
    from finops_guard.model import Policy, Report

TEXTS, TERMS, REPORTS = "texts", "terms", "reports"


def texts(store: Store, policy: Policy) -> None:
    """Keep what the policy says, word for word. Before the first act: none is done by a rule that nobody can read."""
    for text in {*policy.texts, *(binding.pack.text for binding in policy.bindings)}:
        key = f"{TEXTS}/{digest(text)}"
        if not write_once(store, key, text.encode()):
            raise ActError(f"the state is damaged: {key} is another text")


def terms(store: Store, report: Report, policy: Policy) -> None:
    """Keep what a run goes by: its texts, and the exemptions in force."""
    texts(store, policy)
    store.create(f"{TERMS}/{report.run_id}", to_line(dict(_terms(report, policy))))


def result(store: Store, report: Report, snapshot: Path) -> None:
    """Keep what a run found and did, and the inventory that it judged."""
    out = io.StringIO()
    report_json.render(report, out)
    store.create(f"{REPORTS}/{report.run_id}", out.getvalue().encode())
    store.create(f"{SNAPSHOTS}/{report.run_id}", snapshot.read_bytes())


def digest(text: str) -> str:
    """By what a text is kept; `Policy.sha256` and `Pack.sha256` are this."""
    return sha256(text.encode()).hexdigest()


def _terms(report: Report, policy: Policy) -> Iterator[tuple[str, object]]:
    packs = {binding.pack.sha256: binding.pack for binding in policy.bindings}
    yield "run", report.run_id
    yield "at", stamp(report.at)
    yield "mode", report.mode
    yield "policy", {"name": policy.name, "sha256": policy.sha256, "mode": policy.mode}
    yield "extends", next((digest(text) for text in policy.texts[1:]), None)
    yield "packs", [{"name": pack.name, "version": pack.version, "sha256": key} for key, pack in packs.items()]
    raw = policy.raw.get("exempt")
    written = raw if isinstance(raw, list) else []
    today = report.at.date()
    yield "exempt", [entry for entry in written if isinstance(entry, dict) and _in_force(entry, today.isoformat())]


def _in_force(entry: dict[str, object], today: str) -> bool:
    return str(entry.get("until", "")) >= today
