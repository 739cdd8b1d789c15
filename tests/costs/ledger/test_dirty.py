"""What real files do: read and counted, or refused with record, column and reason."""

from __future__ import annotations

import gzip
import io
import random
import tempfile
import zipfile
from decimal import Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_guard.costs.asks import Ask
from finops_guard.costs.ledger.database import connect
from tests.costs.ledger.books import ROW, ledger, opened, text, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("$1,234.50 ", "1234.5"),
        ("-$5.00", "-5"),
        ("($1,000.25)", "-1000.25"),
        ("1.5E-7", "0.00000015"),
        ("+2", "2"),
        (".5", "0.5"),
        ("0.1234567890123456780000", "0.123456789012345678"),
        ("12345678901234567890.5", "12345678901234567890.5"),
        ("-0.0", "0"),
    ],
)
def test_amounts_keep_every_digit(tmp_path: Path, written: str, amount: str) -> None:
    with ledger(tmp_path, {"EffectiveCost": written}) as book:
        (file,) = book.files
        assert not file.refused
        assert file.total["effective"] == {"USD": Decimal(amount)}


@pytest.mark.parametrize(
    ("column", "written", "said"),
    [
        ("EffectiveCost", "12,5", "'12,5' is no amount"),
        ("EffectiveCost", "1.234,56", "'1.234,56' is no amount"),
        ("EffectiveCost", "nan", "'nan' is no amount"),
        ("EffectiveCost", "", "is empty"),
        ("EffectiveCost", "NULL", "is empty"),
        ("BilledCost", "0.1234567890123456789", "'0.1234567890123456789' has more than 18 decimals"),
        ("BilledCost", "1e-19", "'1e-19' has more than 18 decimals"),
        ("BilledCost", "123456789012345678901", "'123456789012345678901' has more than 18 decimals, or over 20 digits"),
        ("ListCost", "€5", "'€5' is no amount"),
        ("BillingCurrency", "Dollars", "'Dollars' is no currency"),
        ("BillingCurrency", "", "is empty"),
        ("ChargePeriodStart", "31/12/2026", "'31/12/2026' is no time"),
        ("ChargePeriodStart", "2026-02-30T00:00:00Z", "'2026-02-30T00:00:00Z' is no time"),
        ("ChargePeriodEnd", "tomorrow", "'tomorrow' is no time"),
        ("ChargeCategory", "", "is empty"),
        ("Tags", "team=vision", "'team=vision' is no JSON object of tags"),
        ("Tags", "[1]", "'[1]' is no JSON object of tags"),
    ],
)
def test_a_wrong_cell_refuses_the_file_and_is_named(tmp_path: Path, column: str, written: str, said: str) -> None:
    with ledger(tmp_path, {}, {column: written}, {}) as book:
        (file,) = book.files
        (refused,) = file.refused
        assert refused.startswith(f"focus.csv:2:{column}: {said}")
        assert book.totals(Ask()) == []


def test_of_many_wrong_cells_the_first_are_named(tmp_path: Path) -> None:
    with ledger(tmp_path, *({"EffectiveCost": "x"} for _ in range(9))) as book:
        assert len(book.files[0].refused) == 6


@pytest.mark.parametrize(
    "column", ["BilledCost", "EffectiveCost", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory"]
)
def test_a_column_that_nothing_can_do_without_is_named(tmp_path: Path, column: str) -> None:
    (tmp_path / "focus.csv").write_text(text([{}], [name for name in ROW if name != column]), "utf-8")
    with opened(tmp_path, "focus.csv") as book:
        assert book.files[0].refused == (f"focus.csv: lacks {column}",)


@pytest.mark.parametrize("column", ["ListCost", "ProviderName", "SubAccountId", "ServiceName", "ResourceId", "Tags"])
def test_other_columns_may_be_missing(tmp_path: Path, column: str) -> None:
    (tmp_path / "focus.csv").write_text(text([{}], [name for name in ROW if name != column]), "utf-8")
    with opened(tmp_path, "focus.csv") as book:
        assert total(book) == {"USD": Decimal("1.25")}


@pytest.mark.parametrize(
    ("cell", "start"),
    [
        ("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:00Z"),
        ("2026-11-01 00:00:00 UTC", "2026-11-01T00:00:00Z"),
        ("2026-11-01 00:00:00.123456", "2026-11-01T00:00:00.123456Z"),
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("11/1/26", "2026-11-01T00:00:00Z"),
        ("11/01/2026 00:00", "2026-11-01T00:00:00Z"),
    ],
)
def test_times_are_utc(tmp_path: Path, cell: str, start: str) -> None:
    with ledger(tmp_path, {"ChargePeriodStart": cell}) as book:
        assert not book.files[0].refused
        days = book.totals(Ask(by=("day",)))
    assert [one.key for one in days] == [(start[:10],)]


def test_a_record_that_does_not_fit_is_named(tmp_path: Path) -> None:
    lines = text([{}, {}, {}]).splitlines()
    lines[2] += ",more"
    (tmp_path / "focus.csv").write_text("\n".join(lines) + "\n", "utf-8")
    with opened(tmp_path, "focus.csv") as book:
        assert book.files[0].refused == ("focus.csv:2: has 13 cells where the header has 12",)


def test_what_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "focus.csv").write_bytes(text([{"ServiceName": "Café"}]).encode("latin-1"))
    with opened(tmp_path, "focus.csv") as book:
        assert book.files[0].refused == ("focus.csv:1:ServiceName: is not UTF-8 text",)


def test_an_open_quote_is_refused(tmp_path: Path) -> None:
    (tmp_path / "focus.csv").write_text(text([{}]) + '"open', "utf-8")
    with opened(tmp_path, "focus.csv") as book:
        (said,) = book.files[0].refused
        assert said.startswith("focus.csv:2: ")


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    lines = text([{}]).splitlines()
    (tmp_path / "focus.csv").write_text(f"{lines[0]},billedcost\n{lines[1]},9\n", "utf-8")
    with opened(tmp_path, "focus.csv") as book:
        assert book.files[0].refused == ("focus.csv: has the column BilledCost 2 times",)


def parquet(body: str) -> bytes:
    file = Path(tempfile.mkstemp(suffix=".parquet")[1])
    duckdb.execute(f"COPY ({body}) TO '{file}'")
    made = file.read_bytes()
    file.unlink()
    return made


BROKEN = {
    "empty.csv": (b"", "is empty"),
    "cut.csv.gz": (gzip.compress(text({} for _ in range(500)).encode())[:-9], "is no CSV: Compressed file ended"),
    "cut.parquet": (parquet("SELECT 1 AS a")[:-20], "is no Parquet file that can be read"),
    "broken.zip": (b"PK\x03\x04 and no more", "is a zip archive that cannot be opened"),
    "wide.csv": (text([{}]).encode("utf-16"), "is not UTF-8 text"),
    "list.json": (b'[{"BilledCost": 1}]', "is no JSON object on one line"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_and_the_others_count(tmp_path: Path, name: str) -> None:
    body, said = BROKEN[name]
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / name).write_bytes(body)
    (tmp_path / "bills" / "whole.csv").write_text(text([{}]), "utf-8")
    with opened(tmp_path, "bills") as book:
        refused = [reason for file in book.files for reason in file.refused]
        assert len(refused) == 1
        assert refused[0].startswith(f"bills/{name}:")
        assert said in refused[0]
        assert [one.amount for one in book.totals(Ask())] == [Decimal("1.25")]


def test_typed_parquet_is_read_exactly(tmp_path: Path) -> None:
    rows = """SELECT CAST('1.5' AS DECIMAL(38, 20)) AS BilledCost, 0.1 :: DOUBLE + 0.2 :: DOUBLE AS EffectiveCost,
        CAST(3 AS BIGINT) AS ListCost, CAST(0.1 AS FLOAT) AS ContractedCost, 'USD' AS BillingCurrency,
        DATE '2026-11-01' AS ChargePeriodStart, TIMESTAMPTZ '2026-11-02 02:00:00+02' AS ChargePeriodEnd,
        'Usage' AS ChargeCategory, MAP {'team': 'vision', ' team': 'nlp'} AS Tags, uuid() AS ResourceId"""
    (tmp_path / "typed.parquet").write_bytes(parquet(rows))
    with opened(tmp_path, "typed.parquet") as book:
        (file,) = book.files
        assert file.refused == ()
        assert {metric: str(by["USD"]) for metric, by in file.total.items()} == {
            "effective": "0.30000000000000004",
            "billed": "1.5",
            "list": "3",
            "contracted": "0.1",
        }
        said = "binary floating point, read through its shortest decimal text: ContractedCost, EffectiveCost"
        assert said in file.notes
        assert [one.key for one in book.totals(Ask(by=("day", "tags.team")))] == [("2026-11-01", None)]
        assert str(book.newest()) == "2026-11-02 00:00:00+00:00"


def zipped(body: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/part.csv", body)
        archive.writestr("inner/manifest.json", "{}")
    return file.getvalue()


ROWS = [
    {"EffectiveCost": f"{n}.0{n}", "ServiceName": f'a "b"\nc,{n}', "Tags": '{"team": "vision"}'} for n in range(1, 6)
]
PLAIN = text(ROWS)
LOOKS = {
    "bom.csv": b"\xef\xbb\xbf" + PLAIN.encode(),
    "crlf.csv": PLAIN.replace("\n", "\r\n").encode(),
    "mixed.csv": PLAIN.replace("\n", "\r\n", 2).encode(),
    "blank.csv": PLAIN.replace("Z,Usage", "Z,usage").replace("\n" + "1.5,", "\n\n" + "1.5,").encode(),
    "packed.csv.gz": gzip.compress(PLAIN.encode()),
    "packed.csv": gzip.compress(PLAIN.encode()),
    "packed.zip": zipped(PLAIN.encode()),
    "leading.csv": b"\n\r\n" + PLAIN.encode(),
    "no-end.csv": PLAIN.rstrip("\n").encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_however_a_file_is_written_it_says_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LOOKS[name])
    with opened(tmp_path, name) as book:
        assert [file.refused for file in book.files] == [()]
        assert book.files[0].rows == 5
        assert total(book) == {"USD": Decimal("15.15")}
        groups = book.totals(Ask(by=("tags.team", "service", "charge_category")))
    assert [(one.key[0], one.key[2], one.rows) for one in groups] == [("vision", "Usage", 1)] * 5


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(shuffler: random.Random) -> None:
    columns, rows = [*ROW], [*ROWS]
    shuffler.shuffle(columns)
    shuffler.shuffle(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.csv").write_text(text(rows, columns), "utf-8")
        with opened(folder, "a.csv") as book:
            assert total(book) == {"USD": Decimal("15.15")}


amounts = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**15), max_value=10**15)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(amounts, st.sampled_from(["USD", "EUR", "JPY"])), min_size=1, max_size=50))
def test_sums_are_exact(cells: list[tuple[Decimal, str]]) -> None:
    expected: dict[str, Decimal] = {}
    with localcontext(prec=60):
        for amount, currency in cells:
            expected[currency] = expected.get(currency, Decimal(0)) + amount
    with tempfile.TemporaryDirectory() as name:
        rows = ({"EffectiveCost": f"{amount:f}", "BillingCurrency": currency} for amount, currency in cells)
        with ledger(Path(name), *rows) as book:
            assert total(book) == expected
            assert {one.currency: one.amount for one in book.totals(Ask())} == expected


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    with connect(tmp_path_factory.mktemp("numbers")) as base:
        yield base


@settings(max_examples=300, deadline=None)
@given(written=st.from_regex(r"[-+]?[0-9]{1,6}(\.[0-9]{0,12})?([eE][-+]?[0-9]{1,2})?", fullmatch=True))
def test_a_number_is_itself_or_nothing(numbers: DuckDBPyConnection, written: str) -> None:
    found = numbers.execute("SELECT amount($1)", [written]).fetchone()
    assert found is not None
    exact = Decimal(written)
    assert found[0] in (None, exact)
    if "e" not in written.lower():
        assert found[0] == exact


def test_a_large_file_is_numbered_and_summed_as_it_stands(tmp_path: Path) -> None:
    """Over several of DuckDB's read buffers, with line ends inside cells."""
    body = "x" * 900
    rows = [{"EffectiveCost": f"{n % 97}.{n % 1000:03}", "ServiceName": f'{body}\n"{n}"'} for n in range(45_000)]
    (tmp_path / "big.csv").write_text(text(rows), "utf-8")
    expected = sum((Decimal(row["EffectiveCost"]) for row in rows), Decimal(0))
    with opened(tmp_path, "big.csv") as book:
        assert book.files[0].rows == len(rows)
        assert total(book) == {"USD": expected}
    rows[41_233]["EffectiveCost"] = "bad"
    (tmp_path / "big.csv").write_text(text(rows), "utf-8")
    with opened(tmp_path, "big.csv") as book:
        assert book.files[0].refused == ("big.csv:41234:EffectiveCost: 'bad' is no amount",)
