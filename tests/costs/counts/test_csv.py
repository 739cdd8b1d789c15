from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.costs.counts import Counted, counted
from finops_guard.errors import InputError
from tests.costs.counts.asking import asked, told


def of(folder: Path, text: str, by: tuple[str, ...] = (), **settings: object) -> Counted:
    (folder / "usage.csv").write_bytes(text.encode())
    return counted(asked("csv", {"path": "usage.csv", **settings}, by=by, folder=folder))


def test_rows_of_a_day_are_added_up_and_days_without_a_row_are_not_known(tmp_path: Path) -> None:
    found = of(tmp_path, "date,count\n2026-11-01,10\n2026-11-01,0.5\n2026-11-03,0\n2026-10-31,7\n2026-11-06,7\n")
    assert told(found) == {1: {(): Decimal("10.5")}, 3: {(): Decimal(0)}}
    assert not found.estimated
    assert found.source == "usage.csv"


def test_columns_tell_the_keys_however_they_are_spelled(tmp_path: Path) -> None:
    text = "Model_Version;date;count;team\r\nv1;2026-11-01;1;a\r\n;2026-11-01;2;a\r\nv1;2026-11-01;4;b\r\n"
    assert told(of(tmp_path, "\ufeff" + text, by=("model-version",))) == {1: {("v1",): Decimal(5), (None,): Decimal(2)}}


def test_a_label_names_another_column(tmp_path: Path) -> None:
    text = "date,count,variant\n2026-11-01,1,blue\n"
    found = of(tmp_path, text, by=("model-version",), labels={"model_version": "variant"})
    assert told(found) == {1: {("blue",): Decimal(1)}}


def test_a_time_counts_for_its_utc_day(tmp_path: Path) -> None:
    text = "date,count\n2026-11-02T00:30:00+01:00,1\n2026-11-01T23:30:00-01:00,2\n2026-11-01T12:00:00Z,4\n"
    assert told(of(tmp_path, text)) == {1: {(): Decimal(5)}, 2: {(): Decimal(2)}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("day,count\n", "usage.csv:1:1: no column 'date'"),
        ("dtae,count\n", "usage.csv:1:1: no column 'date' (did you mean 'dtae'?)"),
        ("date,count,count\n", "usage.csv:1:3: column 'count' stands there twice"),
        ("date,count\n2026-11-01,1\nfirst,1\n", "usage.csv:3:1: 'first' is not a day; write 2026-11-25"),
        ("date,count\n2026-02-30,1\n", "usage.csv:2:1: '2026-02-30' is not a day"),
        ("date,count\n2026-11-01T10:00:00,1\n", "usage.csv:2:1: '2026-11-01T10:00:00' is not a day"),
        ("date,count\n2026-11-01,-1\n", "usage.csv:2:2: '-1' is not a count"),
        ('date,count\n2026-11-01,"1,000"\n', "usage.csv:2:2: '1,000' is not a count"),
        ("date,count\n2026-11-01,NaN\n", "usage.csv:2:2: 'NaN' is not a count"),
        ("date,count\n2026-11-01,1_0\n", "usage.csv:2:2: '1_0' is not a count"),
        ('date,count,note\n2026-11-01,1,"two\nlines"\n2026-11-01,x,\n', "usage.csv:4:2: 'x' is not a count"),
        ("date,count\n2026-11-01\n", "usage.csv:2:2: 1 cells under 2 columns"),
        ('date,count\n"2026-11-01,1\n', "usage.csv: not a CSV file in UTF-8"),
        ("date,count\n" + "x,1\n" * 30, "… and 10 more"),
    ],
)
def test_a_mistake_is_named_where_it_stands(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as wrong:
        of(tmp_path, text)
    assert says in wrong.value.what


def test_what_splits_the_unit_needs_its_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"usage\.csv:1:1: no column 'team', and the unit is split by it"):
        of(tmp_path, "date,count\n", by=("team",))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be read: No such file"):
        counted(asked("csv", {"path": "none.csv"}, folder=tmp_path))
