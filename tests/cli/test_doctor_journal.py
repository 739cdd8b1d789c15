"""`doctor --journal`: a journal that was tampered with is told from one that was not."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from finops_guard.errors import ActError
from finops_guard.model import Outcome
from finops_guard.state import history, lease
from finops_guard.state.entries import Act, hash_of
from finops_guard.state.episodes import About, EpisodeRecord
from finops_guard.state.journal import Journal
from finops_guard.state.store import Store, open_store
from tests.cli.command import finops_guard
from tests.state.histories import leave, machine, told_of

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def act(store: Store, number: int, *, finish: bool = True) -> str:
    at = NOW + timedelta(hours=number)
    journal = Journal.open(store, f"{at:%Y%m%dT%H%M%SZ}-x", "1", at, by="ci", policy="p", packs={}, mode="enforce")
    for batch in range(2):
        journal.intents([Act(f"s{batch}", "stop", f"arn:{number}", account="111111111111")], at)
        if finish:
            journal.outcomes([Outcome(f"s{batch}", "done", {}, {})], at)
    return journal.close(at) if finish else journal.head


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def store_at(folder: Path) -> Store:
    return open_store(str(folder), folder)


def rebuild(folder: Path, victim: Path, changed: dict[str, str]) -> None:
    """Write anew every hash that follows from an altered line, as one who knows how would."""
    pending = [victim]
    while pending:
        file = pending.pop(0)
        before = file.read_bytes()
        text = before.decode()
        for old, new in changed.items():
            text = text.replace(old, new)
        file.write_bytes(text.encode())
        if hash_of(before) != hash_of(file.read_bytes()):
            changed[hash_of(before)] = hash_of(file.read_bytes())
        rest = sorted(each for each in folder.rglob("*") if each.is_file())
        pending = [each for each in rest if any(old in each.read_text() for old in changed)][:1]


def test_a_whole_journal_is_whole_and_leads_to_every_head(state: Path) -> None:
    heads = [act(store_at(state), number) for number in range(3)]
    ran = finops_guard("doctor", "--journal", "--state", state)
    assert ran.code == 0, ran.err
    assert ran.out == f"The journal is whole: 3 runs, 15 lines, 3 seals.\nhead {heads[-1]}\n"
    for head in heads:
        assert finops_guard("doctor", "--journal", "--state", state, "--head", head).code == 0


def test_a_deleted_line_is_found(state: Path) -> None:
    act(store_at(state), 0)
    next((state / "journal").rglob("*000002")).unlink()
    ran = finops_guard("doctor", "--journal", "--state", state)
    assert ran.code == 2
    assert "of the lines before it are missing" in ran.out
    assert "not as it was written" in ran.out


def test_an_altered_line_is_found(state: Path) -> None:
    act(store_at(state), 0)
    line = next((state / "journal").rglob("*000001"))
    line.write_bytes(line.read_bytes().replace(b"arn:0", b"arn:7"))
    ran = finops_guard("doctor", "--journal", "--state", state, "-f", "json")
    assert ran.code == 2
    told = json.loads(ran.out)
    assert told["whole"] is False
    assert any("does not follow the line before it" in problem for problem in told["problems"])


@pytest.mark.parametrize("change", ["altered", "deleted"])
def test_a_line_changed_and_all_that_follows_built_anew_is_found_by_the_head(state: Path, change: str) -> None:
    store = store_at(state)
    heads = [act(store, number) for number in range(2)]
    run = next((state / "journal").glob("*T093000Z-x"))
    if change == "altered":
        rebuild(state, run / "1" / "000001", {"arn:0": "arn:7"})
    else:  # the last act, with its outcome, was never there
        kept = (run / "1" / "000002").read_bytes()
        for number in ("000003", "000004"):
            (run / "1" / number).unlink()
        seal = state / "seals" / "000000000001"
        content = json.loads(seal.read_bytes())
        count, last = content["heads"]["1"]
        assert count == 5
        rebuild(state, seal, {f'[5,"{last}"]': f'[3,"{hash_of(kept)}"]'})
    assert finops_guard("doctor", "--journal", "--state", state).code == 0, "no link is broken"
    for head in heads:
        ran = finops_guard("doctor", "--journal", "--state", state, "--head", head)
        assert ran.code == 2
        assert f"nothing has the hash {head}" in ran.out


def test_open_runs_and_acts_without_outcome_are_named(state: Path) -> None:
    act(store_at(state), 0)
    act(store_at(state), 1, finish=False)
    ran = finops_guard("doctor", "--journal", "--state", state)
    assert ran.code == 0
    assert "- run 20261102T103000Z-x is open: it was cut short, or is under way\n" in ran.out
    assert "- no outcome yet: stop arn:1 (run 20261102T103000Z-x)\n" in ran.out
    told = json.loads(finops_guard("doctor", "--journal", "--state", state, "-f", "json").out)
    assert told["open_runs"] == ["20261102T103000Z-x"]
    assert [each["step"] for each in told["unfinished"]] == ["s0", "s1"]
    assert told["whole"] is True


def test_the_state_of_the_policy_is_looked_at_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(
        "pack: own\nversion: 1.0.0\nrules: {a: {title: t, severity: low, match: all, require: {kind: vm}}}\n"
    )
    (tmp_path / "finops-guard.yaml").write_text("policy: own\nowner: o\npacks: [{use: own}]\nstate: kept\n")
    assert finops_guard("doctor", "--journal").code == 2, "there is no such folder"
    (tmp_path / "kept").mkdir()
    act(store_at(tmp_path / "kept"), 0)
    assert finops_guard("doctor", "--journal").out.startswith("The journal is whole: 1 run, 5 lines, 1 seal.")


def test_compact_folds_and_lets_the_lease_go(state: Path) -> None:
    store = store_at(state)
    for number in range(3):
        record = EpisodeRecord(About("p/r", "p", f"arn:{number}"), "l", timedelta(0), NOW, NOW)
        history.write(store, "r", {f"f{number}": record}, NOW, number)
    ran = finops_guard("doctor", "--compact", "--state", state)
    assert ran.code == 0, ran.err
    assert ran.out == "3 episodes in one object, 3 objects dropped\n"
    assert store.list("episodes") == []
    assert len(history.fold(store).records) == 3
    assert finops_guard("doctor", "--compact", "--state", state).code == 0, "nobody has the lease"


def test_compact_folds_older_snapshots_into_parquet(state: Path) -> None:
    pytest.importorskip("duckdb")
    store = store_at(state)
    for number in range(3):
        leave(store, number, [machine("i-1")])
    before = told_of(store)
    ran = finops_guard("doctor", "--compact", "--state", state)
    assert ran.code == 0, ran.err
    assert ran.out == "0 episodes in one object, 0 objects dropped\n3 snapshots folded, 3 objects dropped\n"
    assert told_of(store_at(state)) == before
    told = json.loads(finops_guard("doctor", "--compact", "--state", state, "-f", "json").out)
    assert told["snapshots"] == {"folded": 0, "dropped": 0, "left": []}


def test_compact_without_duckdb_says_so_and_does_the_rest(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    store = store_at(state)
    history.write(store, "r", {"f": EpisodeRecord(About("p/r", "p", "arn:1"), "l", timedelta(0), NOW, NOW)}, NOW, 0)
    leave(store, 0, [machine("i-1")])
    ran = finops_guard("doctor", "--compact", "--state", state)
    assert ran.code == 0, ran.err
    assert ran.out == (
        "1 episode in one object, 1 object dropped\n"
        "- not folded: snapshots are folded with DuckDB: install finops-guard-engine[costs]\n"
    )
    assert len(store.list("snapshots")) == 1


def test_compact_waits_for_whoever_acts(state: Path) -> None:
    held = lease.acquire(store_at(state), "run 7", datetime.now(UTC), timedelta(minutes=5))
    ran = finops_guard("doctor", "--compact", "--state", state)
    assert ran.code == ActError.exit_code
    assert "run 7 holds the lease" in ran.err
    held.check(datetime.now(UTC))
