"""What an enforcing run leaves in the state."""

from __future__ import annotations

import json
from hashlib import sha256

from finops_guard.state.lines import from_line
from finops_guard.state.store import MemoryStore
from tests.advice.estate import POLICY, START, Estate


def test_a_run_keeps_its_report_its_snapshot_its_terms_and_every_text(estate: Estate) -> None:
    estate.add("i-1")
    report = estate.run(START)
    store = estate.store
    kept = json.loads(store.get(f"reports/{report.run_id}") or b"")
    assert [finding["resource"]["id"] for finding in kept["findings"]] == ["i-1", "i-1"]
    assert store.get(f"snapshots/{report.run_id}") is not None
    terms = from_line(store.get(f"terms/{report.run_id}") or b"")
    assert terms["policy"] == {"name": "acme", "sha256": kept["run"]["policy"]["sha256"], "mode": "enforce"}
    assert terms["exempt"] == [
        {
            "rule": "own/whose",
            "where": {"id": "spare"},
            "until": "2026-06-30",
            "reason": "Warm standby.",
            "by": "cto@acme.example",
        }
    ]
    texts = {key.rpartition("/")[2]: store.get(key) or b"" for key in store.list("texts")}
    assert sorted(text.decode() for text in texts.values()) == sorted([estate.pack, estate.policy])
    assert all(sha256(text).hexdigest() == digest for digest, text in texts.items())


def test_the_text_of_a_policy_that_is_extended_is_kept_too(estate: Estate) -> None:
    (estate.folder / "base.yaml").write_text(POLICY.replace("acme\n", "base\n", 1), "utf-8")
    estate.policy = (
        "policy: child\nowner: o\nextends: ./base.yaml\nstate: state\npacks: [{use: ai-tags, with: {teams: [a]}}]\n"
    )
    estate.write()
    report = estate.run(START)
    terms = from_line(estate.store.get(f"terms/{report.run_id}") or b"")
    assert (estate.store.get(f"texts/{terms['extends']}") or b"").startswith(b"policy: base\n")
    assert (estate.store.get(f"texts/{report.policy_sha256}") or b"").startswith(b"policy: child\n")


def test_an_exemption_that_ended_is_not_in_force(estate: Estate) -> None:
    estate.policy = POLICY.replace("2026-06-30", "2026-03-01")
    estate.write()
    report = estate.run(START)
    assert from_line(estate.store.get(f"terms/{report.run_id}") or b"")["exempt"] == []


def test_nothing_is_done_where_the_texts_cannot_be_kept(estate: Estate) -> None:
    estate.pack = estate.pack.replace("{do: stop, after: 3d}", "{do: stop, after: now}")
    estate.write()
    estate.add("i-1")
    store = MemoryStore()
    estate.run(START)
    key = estate.store.list("texts")[0]
    store.create(key, b"another text")
    estate.patch.setattr("finops_guard.orders.state_of", lambda *_: store)
    estate.add("i-2")
    report = estate.run(START)
    assert report.barred is not None
    assert f"the state is damaged: {key} is another text" in report.barred
    assert estate.cloud.machines["i-2"].state == "running"
    assert store.list("journal") == []
