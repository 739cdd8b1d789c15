"""An inventory in a CSV file: fields by their names, mistakes by row and column."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Location, Money, Notes, Resource, Unknown
from finops_guard.sources.csv import collect

if TYPE_CHECKING:
    from pathlib import Path


def _read(tmp_path: Path, text: str, encoding: str = "utf-8") -> list[Resource]:
    path = tmp_path / "licences.csv"
    path.write_bytes(text.encode(encoding))
    return list(collect(path, Notes()))


def _refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputError) as error:
        _read(tmp_path, text)
    return error.value.what.replace(str(tmp_path / "licences.csv"), "licences.csv")


def test_cells_are_typed_by_their_fields(tmp_path: Path) -> None:
    (licence,) = _read(
        tmp_path,
        "kind,id,name,licence.entitled,licence.used,licence.renews_on,licence.unit_cost,licence.auto_renew,tags.Team\n"
        'licence,l-1,"Netwerk, AIOps",200,50,2027-01-31,12.50 EUR,true,netops\n',
    )
    assert licence.fields == {
        "kind": "licence",
        "id": "l-1",
        "name": "Netwerk, AIOps",
        "licence.entitled": 200,
        "licence.used": 50,
        "licence.used_percent": 25.0,
        "licence.renews_on": datetime(2027, 1, 31, tzinfo=UTC),
        "licence.unit_cost": Money(Decimal("12.50"), "EUR"),
        "licence.auto_renew": True,
    }
    assert dict(licence.tags) == {"team": "netops"}
    assert licence.at == Location(str(tmp_path / "licences.csv"), 2)


def test_an_empty_cell_is_absent_and_a_column_that_is_not_there_unknown(tmp_path: Path) -> None:
    (box,) = _read(tmp_path, "kind,id,owner,tags.team,tags.project\nappliance,a-1,,,x\n")
    assert box.look("owner") is None
    assert isinstance(box.look("region"), Unknown)
    assert box.tags.look("team") is None
    assert box.tags.raw == {"project": "x"}
    assert box.tags.look("other") is None
    (box,) = _read(tmp_path, "kind,id\nappliance,a-1\n")
    assert isinstance(box.tags.look("team"), Unknown)


def test_semicolons_a_byte_order_mark_and_blank_rows_are_what_spreadsheets_write(tmp_path: Path) -> None:
    boxes = _read(tmp_path, "kind;id;name\r\nappliance;a-1;Één\r\n;;\r\n\r\nappliance;a-2;x\r\n", "utf-8-sig")
    assert [box.id for box in boxes] == ["a-1", "a-2"]
    assert boxes[0].fields["name"] == "Één"


def test_every_mistake_is_named_by_row_and_column(tmp_path: Path) -> None:
    text = (
        "kind,id,licence.entitled,licence.renews_on,licence.vendor,state\n"
        "license,l-1,200,2027-01-31,x,running\n"
        "licence,l-2,many,31-01-2027,x,runing\n"
        "licence,,1,2027-01-31,x,\n"
        "appliance,a-1,,,x,\n"
        "licence,l-2,1\n"
        "licence,l-2,1,,,\n"
    )
    assert _refused(tmp_path, text).splitlines() == [
        "licences.csv:2:1: kind: no kind is called 'license' (did you mean 'licence'?)",
        "licences.csv:3:3: licence.entitled: a number is written without quotes or unit, for example 8",
        "licences.csv:3:4: licence.renews_on: a date is YYYY-MM-DD, for example 2027-01-31",
        "licences.csv:3:6: state: no state is called 'runing' (did you mean 'running'?)",
        "licences.csv:4:2: id: must not be empty",
        "licences.csv:5:5: licence.vendor: not of kind appliance, only licence",
        "licences.csv:6:4: 3 cells under 6 columns",
        "licences.csv:7:1: 'l-2' stands in row 3 already",
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "licences.csv:1:1: no column 'id'"),
        ("kind,id,licence.vendro\n", "1:3: unknown column 'licence.vendro' (did you mean 'licence.vendor'?)"),
        ("kind,id,id\n", "1:3: column 'id' stands there twice"),
        ("kind,id,age\n", "1:3: 'age' is not given, it follows"),
        ("kind,id,usage.cpu_percent\n", "1:3: 'usage.cpu_percent' is not given"),
        ('kind,id\nvm,"x\n', "not a CSV file"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, text: str, what: str) -> None:
    assert what in _refused(tmp_path, text)


def test_a_list_that_is_wrong_everywhere_is_not_printed_whole(tmp_path: Path) -> None:
    told = _refused(tmp_path, "kind,id\n" + "vmm,x\n" * 100)
    assert len(told.splitlines()) == 21
    assert told.endswith("… and 179 more")


def test_a_file_that_is_not_there_or_not_text_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list(collect(tmp_path / "no.csv", Notes()))
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        _read(tmp_path, "kind,id\nvm,é\n", "latin-1")
