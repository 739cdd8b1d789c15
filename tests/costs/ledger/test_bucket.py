"""Cost files in a bucket, read through the real client against moto on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from finops_guard.errors import InputError
from tests.costs.ledger.books import opened, text, total
from tests.served import leading_to
from tests.state.bucket import NAME, Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with leading_to(Bucket, AWS_ACCESS_KEY_ID="OURKEY") as bucket:
        yield bucket


@pytest.fixture
def place(server: Bucket) -> str:
    return server.clear()


def put(server: Bucket, place: str, name: str, body: str) -> None:
    client = boto3.client("s3", endpoint_url=server.url)
    client.put_object(Bucket=NAME, Key=f"{place.removeprefix(f's3://{NAME}/')}/{name}", Body=body.encode())
    client.close()


def downloads(server: Bucket) -> list[str]:
    return [path for method, path, _ in server.asked if method == "GET" and ".csv" in path and "list-type" not in path]


def test_every_file_below_a_prefix_counts_and_is_downloaded_once(server: Bucket, place: str, tmp_path: Path) -> None:
    put(server, place, "year=2026/part-1.csv", text([{"EffectiveCost": "1.1"}]))
    put(server, place, "year=2026/part-2.csv", text([{"EffectiveCost": "2.2"}]))
    put(server, place, "year=2026/manifest.json", "{}")
    with opened(tmp_path, place) as book:
        assert [file.path for file in book.files] == [f"{place}/year=2026/part-{n}.csv" for n in (1, 2)]
        assert str(total(book)["USD"]) == "3.3"
    server.asked.clear()
    with opened(tmp_path, place) as book:
        assert str(total(book)["USD"]) == "3.3"
    assert not downloads(server)
    put(server, place, "year=2026/part-2.csv", text([{"EffectiveCost": "5.5"}]))
    server.asked.clear()
    with opened(tmp_path, place) as book:
        assert str(total(book)["USD"]) == "6.6"
    assert len(downloads(server)) == 1
    assert len(list((tmp_path / "cache/ledger/objects").iterdir())) == 2


def test_one_object(server: Bucket, place: str, tmp_path: Path) -> None:
    put(server, place, "bill.csv", text([{"EffectiveCost": "1.1"}]))
    put(server, place, "other.csv", text([{"EffectiveCost": "2.2"}]))
    with opened(tmp_path, f"{place}/bill.csv") as book:
        assert [file.path for file in book.files] == [f"{place}/bill.csv"]
        assert str(total(book)["USD"]) == "1.1"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("{}/nothing/", "no object there holds cost rows"),
        ("s3://no-such-bucket-of-ours/x/", "there is no such bucket"),
        ("ftp://somewhere/x.csv", "neither a path nor a bucket"),
    ],
)
def test_what_is_not_there_is_said(server: Bucket, place: str, tmp_path: Path, uri: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        opened(tmp_path, uri.format(place))
    assert server.url
