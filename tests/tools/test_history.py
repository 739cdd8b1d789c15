"""What a changed policy would have done: over the state that the workflow names, and no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.advice.compared import Sum
from tests.advice.estate import PACK, POLICY, Estate
from tests.tools.checkout import Checkout
from tools.action import history

LAX = PACK.replace("after: 3d", "after: 30d").replace(
    "{team: {exists: true}}", "{team: {exists: true}, keep: {in: [x]}}"
)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    """Six daily enforcing runs of late, kept in a state."""
    (tmp_path / "estate").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        made = Estate(tmp_path / "estate", patch)
        made.add("i-1", tags={"keep": "yes"})
        made.add("i-2", tags={"team": "vision", "keep": "yes"})
        for day in range(6, 0, -1):
            made.run(datetime.now(UTC).replace(microsecond=0) - timedelta(days=day))
        yield made


@pytest.fixture
def there(tmp_path: Path) -> Checkout:
    made = Checkout.made(tmp_path / "work")
    made.commit(**{"finops-guard.yaml": "x"})
    return made


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A laxer policy, which names a state of its own."""
    folder = tmp_path / "own"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules/own.yaml").write_text(LAX)
    (folder / "finops-guard.yaml").write_text(POLICY.replace("state: state", "state: s3://evil/guard"))
    return folder / "finops-guard.yaml"


def told(there: Checkout, own: Path, estate: Estate, state: str | None = None) -> tuple[str, str]:
    given = str(estate.folder / "state") if state is None else state
    return history.told(there.asked(FG_STATE=given), own, estate.folder / "finops-guard.yaml")


def test_both_are_told_by_rule_verb_and_money(there: Checkout, own: Path, estate: Estate) -> None:
    line, table = told(there, own, estate)
    assert line.startswith("Over 6 stored runs, ")
    assert "an enforcing run would have had 2 findings instead of 1, done 2 tag instead of 1 stop, 1 tag," in line
    assert line.endswith(" nothing saved a month instead of 819.79 USD; budgets and unit costs aside.")
    assert "| own/whose | 2 | 1 | 2 tag | 1 stop, 1 tag | nothing | 819.79 USD |" in table
    assert table.count("\n| own/") == 1


def test_without_a_state_there_is_one_line(there: Checkout, own: Path, estate: Estate) -> None:
    assert told(there, own, estate, "") == (
        "What it would have done is not known: no stored runs were given (`state`).", ""
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("/nowhere/at/all", "the state is no folder that is here"),
        ("ftp://x", "not a place that state can be kept in"),
        ("committed", "the state is a part of the request"),
        ("link", "the state is a part of the request"),
        (".", "the state is a part of the request"),
    ],
)
def test_a_state_that_cannot_be_used_is_one_line(
    there: Checkout, own: Path, estate: Estate, state: str, why: str
) -> None:
    there.commit(**{"committed/snapshots/x": "evil"})
    (there.top / "link").symlink_to("committed")
    line, table = told(there, own, estate, state)
    assert line.startswith("What it would have done is not known: ")
    assert why in line
    assert ("\n" in line, table) == (False, "")


def test_a_state_in_the_workspace_that_is_not_the_request_s_will_do(there: Checkout, own: Path, estate: Estate) -> None:
    (estate.folder / "state").rename(there.top / "downloaded")
    assert told(there, own, estate, "downloaded")[0].startswith("Over 6 stored runs")


def test_no_runs_and_damaged_ones_are_one_line(there: Checkout, own: Path, estate: Estate, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no runs of the last 90 days are stored" in told(there, own, estate, str(tmp_path / "empty"))[0]
    one = next(path for path in (estate.folder / "state/snapshots").rglob("*") if path.is_file())
    one.chmod(0o600)
    one.write_bytes(b"damaged |`<b>")
    line, table = told(there, own, estate)
    assert line.startswith("What it would have done is not known: ")
    assert table == ""


def test_what_takes_too_long_is_cut_and_said(
    there: Checkout, own: Path, estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(100))
    monkeypatch.setattr(history, "PATIENCE", 2.5)
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))
    assert told(there, own, estate)[0].startswith("Over 2 stored runs (of 6: there was no time for more), ")


def test_a_policy_that_does_not_load_is_one_line(there: Checkout, own: Path, estate: Estate) -> None:
    own.write_text("policy: [")
    assert told(there, own, estate)[0] == "What it would have done is not known: it does not load."


def test_stops_without_a_price_save_no_known_amount_and_not_nothing() -> None:
    unpriced = Sum("own/idle", acts=Counter(stop=2))
    priced = Sum("own/idle", acts=Counter(stop=1), saves_month={"USD": Decimal("10.5")})
    assert history._saves([unpriced]) == "no known amount"
    assert history._saves([Sum("own/whose", acts=Counter(tag=2))]) == "nothing"
    assert history._saves([unpriced, priced]) == "at least 10.50 USD"
    assert history._saves([priced]) == "10.50 USD"
