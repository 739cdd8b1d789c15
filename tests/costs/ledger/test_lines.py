"""What DuckDB reads of a CSV file is what the standard library reads, or it is not believed."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_guard.costs.asks import Ask
from finops_guard.costs.ledger.lines import Lines, agrees, lines, rewritten
from finops_guard.costs.ledger.scan import csv_scan
from tests.costs.ledger.books import ROW, opened

CELLS = st.text(st.sampled_from("ab,;\"\n\r\t é\\'"), max_size=6)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a\nb\n", Lines(2, alike=True)),
        (b"a\nb", Lines(2, alike=True)),
        (b"a\r\nb\r\n", Lines(2, alike=True)),
        (b"a\r\nb\n", Lines(2, alike=False)),
        (b"a\rb\r", Lines(1, alike=False)),
        (b'a\n"b\r\nc"\n', Lines(3, alike=False)),
        (b"", Lines(0, alike=True)),
        (b"x" * (1024 * 1024 - 1) + b"\r\ny\r\n", Lines(2, alike=True)),
    ],
)
def test_line_ends(tmp_path: Path, body: bytes, said: Lines) -> None:
    (tmp_path / "x.csv").write_bytes(body)
    assert lines(tmp_path / "x.csv") == said


def test_a_reader_that_passed_over_a_row_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"x\ny"\n\n2,3\n', "utf-8")
    said, scan = lines(path), csv_scan(path)
    assert said is not None
    assert [agrees(scan, said, rows) for rows in (0, 1, 2, 3)] == [False, False, True, False]
    anew, rows = rewritten(scan, tmp_path)
    assert (anew.names, rows) == (("a", "b"), 2)


def same(cell: str) -> str:
    """Cells are trimmed of spaces; where a file's line ends were of several kinds, only their kind may change."""
    return cell.replace("\r\n", "\n").replace("\r", "\n").strip(" ")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(CELLS, st.integers(0, 9)), min_size=1, max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_whatever_stands_in_cells_every_row_counts(rows: list[tuple[str, int]], end: str, quoting: int) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # which leaves a lone carriage return bare: a line end to whoever reads it
        rows = [(name.replace("\r", ""), cost) for name, cost in rows]
    file = io.StringIO()
    writer = csv.DictWriter(file, [*ROW], lineterminator=end, quoting=quoting)  # type: ignore[arg-type] # one of its own
    writer.writeheader()
    writer.writerows({**ROW, "ServiceName": name, "EffectiveCost": str(cost)} for name, cost in rows)
    expected: Counter[str] = Counter()
    for name, cost in rows:
        expected[same(name)] += cost
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.csv").write_bytes(file.getvalue().encode())
        with opened(Path(folder), "a.csv") as book:
            assert book.files[0].refused == ()
            assert book.files[0].rows == len(rows)
            found: Counter[str] = Counter()
            for one in book.totals(Ask(by=("service",))):
                found[same(one.key[0] or "")] += int(one.amount)
    assert +found == +expected
