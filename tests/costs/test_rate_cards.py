from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finops_guard.costs.rate_cards import Card, load
from finops_guard.errors import InputError
from finops_guard.language.diagnostics import LanguageError
from finops_guard.model import Money

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "cloud,machine,region,purchase,price,currency,unit,from,to\n"


def write(folder: Path, text: str, name: str = "edp.csv") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def test_rows_by_what_they_price(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        "\ufeffcloud;machine;type;region;purchase;price;currency;unit;from;to\r\n"
        "aws;P5.48xlarge;;eu-north-1;on-demand;47.10;EUR;;2026-01-01;2026-12-31\r\n"
        "\r\n"
        "azure;;Microsoft.Network/natGateways;;;30;USD;month;2026-01-01;\r\n",
    )
    assert load(["edp.csv"], folder).by == {
        ("aws", "machine", "p5.48xlarge"): (
            Card(
                Money(Decimal("47.10"), "EUR"),
                "hour",
                "eu-north-1",
                "on-demand",
                date(2026, 1, 1),
                date(2026, 12, 31),
                "edp.csv:2",
            ),
        ),
        ("azure", "type", "microsoft.network/natgateways"): (
            Card(Money(Decimal(30), "USD"), "month", "", "", date(2026, 1, 1), None, "edp.csv:4"),
        ),
    }


ROW = ["aws", "p5.48xlarge", "", "", "1", "USD", "", "2026-01-01", ""]


def mistakes(folder: Path, *names: str) -> list[str]:
    """Place, message and hint of each, without the line itself."""
    with pytest.raises(InputError) as wrong:
        load(names or ["edp.csv"], folder)
    assert isinstance(wrong.value, LanguageError)
    assert wrong.value.exit_code == 2
    return [
        f"{each.file}:{each.line}:{each.column}: {each.message}" + (f" ({each.hint})" if each.hint else "")
        for each in wrong.value.diagnostics
    ]


@pytest.mark.parametrize(
    ("column", "cell", "mistake"),
    [
        (1, "asw", "'asw' is not one of aws, azure, gcp (did you mean 'aws'?)"),
        (4, "spt", "'spt' is not one of on-demand, spot, reserved, committed (did you mean 'spot'?)"),
        (5, "", "'' is not a price above 0 (write 12.50)"),
        (5, "0", "'0' is not a price above 0 (write 12.50)"),
        (5, "0.000", "'0.000' is not a price above 0 (write 12.50)"),
        (5, "-1", "'-1' is not a price above 0 (write 12.50)"),
        (5, "1e3", "'1e3' is not a price above 0 (write 12.50)"),
        (5, "\u0661\u0662", "'\u0661\u0662' is not a price above 0 (write 12.50)"),
        (6, "EURO", "'EURO' is not an ISO 4217 currency (did you mean 'EUR'?)"),
        (7, "hours", "'hours' is not one of hour, month, GB-month (did you mean 'hour'?)"),
        (8, "", "'' is not a day (write 2026-01-31)"),
        (8, "1 January", "'1 January' is not a day (write 2026-01-31)"),
        (9, "2025-12-31", "2025-12-31 lies before 2026-01-01"),
    ],
)
def test_a_mistake_says_where_it_stands(tmp_path: Path, column: int, cell: str, mistake: str) -> None:
    row = [*ROW[: column - 1], cell, *ROW[column:]]
    write(tmp_path, f"{HEAD}{','.join(ROW)}\n{','.join(row)}\n")
    place = len(",".join(row[: column - 1])) + (2 if column > 1 else 1)
    assert mistakes(tmp_path) == [f"edp.csv:3:{place}: {mistake}"]


def test_a_mistake_shows_its_line_quotes_and_spaces_counted(tmp_path: Path) -> None:
    write(tmp_path, f'{HEAD}aws,"p5.48xlarge"," eu ""x""", ,"  0",USD,,2026-01-01,\n')
    with pytest.raises(LanguageError) as wrong:
        load(["edp.csv"], tmp_path)
    assert str(wrong.value).splitlines() == [
        "edp.csv:2:36: error: '0' is not a price above 0",
        '  2 | aws,"p5.48xlarge"," eu ""x""", ,"  0",USD,,2026-01-01,',
        f"    | {' ' * 35}^ write 12.50",
    ]


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("aws,,,,1,USD,,2026-01-01,", "edp.csv:2:5: either 'machine' or 'type' says what is priced"),
        ("aws,p5.48xlarge,,,1", "edp.csv:2:1: 5 cells under 9 columns"),
        ('aws,"p5', "edp.csv:2:1: not a line of CSV: unexpected end of data"),
    ],
)
def test_a_row_that_prices_nothing(tmp_path: Path, row: str, mistake: str) -> None:
    assert mistakes(write(tmp_path, f"{HEAD}{row}\n")) == [mistake]


SAYS = " (columns: cloud, machine, type, region, purchase, price, currency, unit, from, to)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "cloud,machin,price,price,currency,from\n",
            [
                f"edp.csv:1:1: no column 'machine' or 'type'{SAYS}",
                "edp.csv:1:7: unknown column 'machin' (did you mean 'machine'?)",
                "edp.csv:1:20: column 'price' stands there twice",
            ],
        ),
        ("machine,price,currency\n", [f"edp.csv:1:1: no column '{name}'{SAYS}" for name in ("cloud", "from")]),
        ("cloud,machine,price,currency,from,owner\n", [f"edp.csv:1:35: unknown column 'owner'{SAYS}"]),
    ],
)
def test_a_card_without_its_columns_is_refused_whole(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert mistakes(write(tmp_path, text + "aws,1\n")) == expected


def test_an_empty_card_has_no_columns(tmp_path: Path) -> None:
    assert len(mistakes(write(tmp_path, ""))) == 5


def test_mistakes_of_all_cards_are_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"cloud\xff")
    write(tmp_path, HEAD + "aws,a.b,,,0,USD,,2026-01-01,\n" * 2)
    assert mistakes(tmp_path, "gone.csv", "latin.csv", "edp.csv") == [
        "edp.csv:2:11: '0' is not a price above 0 (write 12.50)",
        "edp.csv:3:11: '0' is not a price above 0 (write 12.50)",
        "gone.csv:1:1: cannot be read: No such file or directory",
        "latin.csv:1:1: not a file in UTF-8",
    ]
