"""The local store: read once by content, whole or not at all, and nothing but what is on disk here."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from finops_guard.costs.asks import Ask
from finops_guard.costs.ledger.database import connect
from finops_guard.errors import InputError
from finops_guard.model import Compare, Ref
from tests.costs.ledger.books import NOW, ledger, opened, text, total


def tables(folder: Path) -> list[Path]:
    return sorted((folder / "cache" / "ledger").glob("*.parquet"))


def columns_of(table: Path) -> list[str]:
    return [row[0] for row in duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(table)]).fetchall()]


def test_a_file_is_read_once_wherever_it_lies(tmp_path: Path) -> None:
    with ledger(tmp_path, {}) as book:
        assert total(book) == {"USD": Decimal("1.25")}
    (table,) = tables(tmp_path)
    before = table.stat().st_mtime_ns
    (tmp_path / "moved.csv").write_bytes((tmp_path / "focus.csv").read_bytes())
    with opened(tmp_path, "moved.csv") as book:
        assert book.files[0].path == "moved.csv"
        assert total(book) == {"USD": Decimal("1.25")}
    assert [path.stat().st_mtime_ns for path in tables(tmp_path)] == [before]


def test_the_same_content_twice_counts_once(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(text([{}]), "utf-8")
    with opened(tmp_path, "a.csv", "b.csv", "a.csv") as book:
        assert [file.rows for file in book.files] == [1, 0, 0]
        assert book.files[1].notes == ("the same content as a.csv: it counts once, there",)
        assert [one.amount for one in book.totals(Ask())] == [Decimal("1.25")]


def test_a_torn_table_is_made_again(tmp_path: Path) -> None:
    ledger(tmp_path, {}).close()
    (table,) = tables(tmp_path)
    table.write_bytes(table.read_bytes()[:100])
    with opened(tmp_path, "focus.csv") as book:
        assert [one.rows for one in book.totals(Ask())] == [1]
    table.unlink()
    with opened(tmp_path, "focus.csv") as book:
        assert [one.rows for one in book.totals(Ask())] == [1]
    (told,) = table.parent.glob("*.json")
    told.write_text("{", "utf-8")
    with opened(tmp_path, "focus.csv") as book:
        assert [one.rows for one in book.totals(Ask())] == [1]


def test_nothing_half_done_stays(tmp_path: Path) -> None:
    ledger(tmp_path, {}, {"EffectiveCost": "bad"}).close()
    ledger(tmp_path, {}).close()
    left = {path.name for path in (tmp_path / "cache" / "ledger").iterdir()}
    assert not {name for name in left if name.startswith(("work-", "said-"))}


def test_a_refusal_is_remembered_under_the_name_it_has_now(tmp_path: Path) -> None:
    ledger(tmp_path, {"EffectiveCost": "bad"}).close()
    (tmp_path / "focus.csv").rename(tmp_path / "new.csv")
    with opened(tmp_path, "new.csv") as book:
        assert book.files[0].refused == ("new.csv:1:EffectiveCost: 'bad' is no amount",)


def test_what_shapes_a_table_makes_another(tmp_path: Path) -> None:
    ledger(tmp_path, {"Tags": '{"Eigenaar": "vision"}'}).close()
    with opened(tmp_path, "focus.csv", aliases={"eigenaar": "team"}) as book:
        assert [one.key for one in book.totals(Ask(by=("tags.team",)))] == [("vision",)]
        assert book.tag_keys() == {"team": {"Eigenaar": 1}}
    assert len(tables(tmp_path)) == 2


def test_a_key_without_a_column_is_found_in_the_map_and_gets_one_when_asked_for(tmp_path: Path) -> None:
    many = ", ".join(f'"often-{n}": "x"' for n in range(60))
    rows = [{"Tags": f"{{{many}}}"}, {"Tags": f"{{{many}}}"}, {"Tags": '{"rare": "yes"}'}]
    where = Compare(Ref("tag", "rare"), "eq", "yes")
    with ledger(tmp_path, *rows) as book:
        assert [(one.rows, one.decided) for one in book.totals(Ask(where=where))] == [(1, True)]
    (first,) = tables(tmp_path)
    assert f"tag_{b'rare'.hex()}" not in columns_of(first)
    with opened(tmp_path, "focus.csv", keys=["rare", "never"]) as book:
        assert [(one.rows, one.decided) for one in book.totals(Ask(where=where))] == [(1, True)]
    (second,) = {*tables(tmp_path)} - {first}
    assert f"tag_{b'rare'.hex()}" in columns_of(second)
    assert {*columns_of(first)} < {*columns_of(second)}


def test_files_of_several_shapes_are_asked_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text([{"RegionId": "eu-west-1"}]), "utf-8")
    (tmp_path / "b.csv").write_text(text([{"Tags": '{"other": "x"}'}]), "utf-8")
    with opened(tmp_path, "a.csv", "b.csv") as book:
        groups = book.totals(Ask(by=("file", "tags.team", "tags.other", "region")))
        assert [one.key for one in groups] == [("a.csv", "vision", None, "eu-west-1"), ("b.csv", None, "x", None)]
        # A file that has no regions cannot say that a row is not in one.
        where = Compare(Ref("field", "region"), "eq", "eu-west-1")
        found = book.totals(Ask(where=where, by=("file",)))
        assert [(one.key[0], one.decided) for one in found] == [("a.csv", True), ("b.csv", False)]


def test_folders_are_read_whole_and_manifests_are_not(tmp_path: Path) -> None:
    for name in ("bills/year=2026/month=10/a.csv", "bills/year=2026/month=11/b.csv", "bills/_temporary/c.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text([{"EffectiveCost": str(len(name))}]), "utf-8")
    (tmp_path / "bills/manifest.json").write_text("{}", "utf-8")
    (tmp_path / "bills/Report-Manifest.json").write_text("{}", "utf-8")
    (tmp_path / "bills/README.md").write_text("bills", "utf-8")
    with opened(tmp_path, "bills") as book:
        assert [file.path for file in book.files] == [
            "bills/year=2026/month=10/a.csv",
            "bills/year=2026/month=11/b.csv",
        ]


@pytest.mark.parametrize("name", ["nothing.csv", "empty"])
def test_what_is_not_there_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=f"costs {name}: "):
        opened(tmp_path, name)


def test_names_are_no_patterns_and_no_sql(tmp_path: Path) -> None:
    name = "it's [a] *bill*; DROP TABLE x.csv"
    (tmp_path / name).write_text(text([{}]), "utf-8")
    with opened(tmp_path, name) as book:
        assert [one.key for one in book.totals(Ask(by=("file",)))] == [(name,)]


def test_no_extension_is_loaded_and_no_network_is_asked(tmp_path: Path) -> None:
    with connect(tmp_path) as base:
        loaded = base.execute("SELECT install_mode FROM duckdb_extensions() WHERE loaded").fetchall()
        assert {mode for (mode,) in loaded} == {"STATICALLY_LINKED"}
        for sql in ("INSTALL httpfs", "LOAD httpfs", "SELECT * FROM read_csv('https://localhost/x.csv')"):
            with pytest.raises(duckdb.Error):
                base.execute(sql)
        for sql in ("SET autoload_known_extensions = true", "SET memory_limit = '9GB'"):
            with pytest.raises(duckdb.Error, match="locked"):
                base.execute(sql)
        limit = base.execute("SELECT current_setting('memory_limit')").fetchone()
        assert limit == ("640.0 MiB",)


def test_without_duckdb_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(InputError) as caught:
        ledger(tmp_path, {})
    assert caught.value.help == "pip install 'finops-guard-engine[costs]'"


def test_two_runs_may_read_the_same_file_at_once(tmp_path: Path) -> None:
    rows = [{"EffectiveCost": f"{n}.5"} for n in range(2_000)]
    (tmp_path / "focus.csv").write_text(text(rows), "utf-8")
    script = (
        "import sys; from pathlib import Path; from tests.costs.ledger.books import opened, total\n"
        "with opened(Path(sys.argv[1]), 'focus.csv') as book: print(total(book)['USD'])"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", script, str(tmp_path)]
    runs = [subprocess.Popen(command, cwd=root, env=os.environ, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {run.communicate()[0].strip() for run in runs} == {"2000000"}


def test_a_row_that_does_not_tell_the_metric_is_not_added_silently(tmp_path: Path) -> None:
    with ledger(tmp_path, {}, {"ListCost": ""}) as book:
        found = book.totals(Ask("list"))
    assert [(one.amount, one.rows, one.decided) for one in found] == [(Decimal(2), 1, True), (Decimal(0), 1, False)]


def test_what_is_asked_wrongly_is_said(tmp_path: Path) -> None:
    with ledger(tmp_path, {}) as book, pytest.raises(InputError, match="not grouped by 'colour'"):
        book.totals(Ask(by=("colour",)))


def test_bounds_are_of_the_start(tmp_path: Path) -> None:
    rows = [{"ChargePeriodStart": f"2026-11-0{day}T00:00:00Z"} for day in (1, 2, 3)]
    with ledger(tmp_path, *rows) as book:
        start, end = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
        assert [one.key for one in book.totals(Ask(by=("day",), start=start, end=end))] == [("2026-11-02",)]
        assert [one.key for one in book.totals(Ask(by=("month",)))] == [("2026-11",)]
        assert book.days() == (datetime(2026, 11, 1, tzinfo=UTC).date(), datetime(2026, 11, 3, tzinfo=UTC).date())


def test_which_hours_are_complete(tmp_path: Path) -> None:
    rows = [
        {"ProviderName": "AWS", "ChargePeriodEnd": "2026-11-20T07:00:00Z", "ChargePeriodStart": "2026-11-20T06:00:00Z"},
        {"ProviderName": "Google Cloud", "SubAccountId": "p", "ChargePeriodStart": "2026-11-19T00:00:00Z",
         "ChargePeriodEnd": "2026-11-20T00:00:00Z"},
        # A month's fee, a correction and a row from the future say nothing.
        {"ChargePeriodStart": "2026-10-24T00:00:00Z", "ChargePeriodEnd": "2026-11-24T00:00:00Z"},
        {"ChargeCategory": "Tax", "ChargePeriodStart": "2026-11-24T00:00:00Z",
         "ChargePeriodEnd": "2026-11-25T00:00:00Z"},
        {"ChargePeriodStart": "2026-11-29T00:00:00Z", "ChargePeriodEnd": "2026-11-30T00:00:00Z"},
    ]  # fmt: skip
    with ledger(tmp_path, *rows) as book:
        assert book.complete_until() == {
            ("aws", "111111111111"): datetime(2026, 11, 18, tzinfo=UTC),
            ("gcp", "p"): datetime(2026, 11, 17, tzinfo=UTC),
        }
        assert book.complete_until({"aws": 0})["aws", "111111111111"] == datetime(2026, 11, 20, tzinfo=UTC)
        assert all(at <= NOW for at in book.complete_until().values())


def test_what_was_billed_after_a_boundary(tmp_path: Path) -> None:
    rows = [
        {"ChargePeriodStart": "2026-11-02T00:00:00Z", "EffectiveCost": "1"},
        {"ChargePeriodStart": "2026-11-03T00:00:00Z", "EffectiveCost": "2"},
        {"ChargePeriodStart": "2026-11-03T00:00:00Z", "EffectiveCost": "4", "BillingCurrency": "EUR"},
        {"ChargePeriodStart": "2026-11-03T00:00:00Z", "EffectiveCost": "8", "SubAccountId": "222222222222"},
        {"ChargePeriodStart": "2026-11-03T00:00:00Z", "EffectiveCost": "16", "ChargeCategory": "Tax"},
        {"ChargePeriodStart": "2026-11-03T00:00:00Z", "EffectiveCost": "32", "ResourceId": ""},
    ]
    with ledger(tmp_path, *rows) as book:
        when = {("aws", "111111111111"): datetime(2026, 11, 3, tzinfo=UTC)}
        assert book.billed_after(when) == {"i-1": {"USD": Decimal(2), "EUR": Decimal(4)}}
        assert book.billed_after({}) == {}


def test_what_an_hour_was_billed(tmp_path: Path) -> None:
    day = {"ChargePeriodStart": "2026-11-03T00:00:00Z", "ConsumedUnit": "Hours", "PricingUnit": "Hours"}
    rows = [
        {**day, "ChargePeriodStart": "2026-11-02T00:00:00Z", "EffectiveCost": "99", "ConsumedQuantity": "1"},
        {**day, "EffectiveCost": "48", "ConsumedQuantity": "24", "SkuMeter": "box"},
        {**day, "EffectiveCost": "12", "ConsumedQuantity": "24", "SkuMeter": "licence"},
        {**day, "EffectiveCost": "7", "ConsumedQuantity": "9", "ConsumedUnit": "GB", "PricingUnit": "GB"},
    ]
    with ledger(tmp_path, *rows) as book:
        rates = book.effective_rates(datetime(2026, 11, 1, tzinfo=UTC))
        assert rates == {"i-1": (Decimal("2.5"), "USD", datetime(2026, 11, 3, tzinfo=UTC).date())}
        assert book.effective_rates(datetime(2026, 11, 4, tzinfo=UTC)) == {}
