"""The spool gives back what it was given, refuses what is not whole, and needs no memory for more of it."""

from __future__ import annotations

import gzip
import json
import math
import resource as rusage
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.fields import FIELDS, Field
from finops_guard.model import Gap, Identity, Location, Money, Need, Price, Resource, Series, Tags, Unknown
from finops_guard.state.rows import DERIVED
from finops_guard.state.spool import FORMAT, Head, is_snapshot, read, read_head, write

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 2, 9, 30, 1, 5, tzinfo=UTC)
HEAD = Head(
    NOW,
    "ab" * 32,
    (Gap("aws", "1", "eu-west-1", "AWS::RDS::DBInstance", "AccessDenied", expected=True),),
    (Identity("aws", "1", "arn:aws:iam::1:role/scan"),),
    Need(frozenset({"vm"}), frozenset({"state"}), frozenset({("usage.cpu_percent", 86400)})),
    ("a remark",),
)

texts = st.text(max_size=12)
times = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
decimals = st.decimals(allow_nan=False, allow_infinity=False)
money = st.builds(Money, decimals, st.sampled_from(["EUR", "USD"]))
floats = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.one_of(st.integers(), floats, decimals)
series = st.builds(
    Series,
    times,
    st.integers(min_value=1, max_value=3600),
    st.lists(st.none() | floats, max_size=4).map(tuple),
)
by_type: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "bool": st.booleans(),
    "money": money,
    "date": times,
    "list": st.lists(texts, max_size=3).map(tuple),
}


def _values(field: Field) -> st.SearchStrategy[Any]:
    known = st.sampled_from(field.choices) if field.choices else by_type.get(field.type, numbers)
    return st.none() | (known | series if field.metric else known)


stored = [f for f in FIELDS.values() if f.name not in DERIVED and not f.name.startswith("tag_keys.")]
raw_tags = st.dictionaries(st.sampled_from(["Team", "team", "te am", "$money", "x", "  "]) | texts, texts, max_size=4)
tags = st.builds(lambda raw, why: Tags.of(raw, open_because=why), raw_tags, st.none() | texts)
facts: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["$money", "$map", "parents", "disks"]) | texts,
    st.recursive(
        st.none() | st.booleans() | numbers | texts | money | times | series | st.builds(Unknown, texts),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$map", "$time", "a"]), inner, max_size=2)
        ),
        max_leaves=6,
    ),
    max_size=3,
)


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    chosen = draw(st.lists(st.sampled_from(stored), max_size=6, unique_by=lambda f: f.name))
    fields = {field.name: draw(_values(field)) for field in chosen}
    fields |= {"id": draw(st.text(min_size=1, max_size=9)), "kind": draw(st.sampled_from(["vm", "licence"]))}
    made = Resource(
        fields,
        draw(tags),
        unknown=draw(st.dictionaries(st.sampled_from(["state", "cost.month"]), texts, max_size=2)),
        started=draw(st.none() | times),
        facts=draw(facts),
        price=draw(st.none() | st.builds(Price, money, texts, texts)),
        at=draw(st.none() | st.builds(Location, texts, st.integers(1, 99), st.integers(1, 99))),
    )
    if draw(st.booleans()):
        made.account_tags = draw(tags)
    return made


def _state(tags: Tags) -> tuple[object, ...]:
    return dict(tags), tags.raw, tags.conflicts, tags.open_because, type(tags)


def _write(path: Path, *made: Resource, head: Head = HEAD) -> Path:
    write(made, path, lambda: head)
    return path


def _machine(number: int, **fields: Any) -> Resource:
    return Resource({"id": f"i-{number}", "kind": "vm", **fields}, Tags.of({"team": "vision"}))


@given(st.lists(resources(), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_value_comes_back_as_it_was(tmp_path: Path, made: list[Resource]) -> None:
    path = _write(tmp_path / "run.snapshot", *made)
    back = list(read(path))
    assert back == made
    for new, old in zip(back, made, strict=True):
        assert _state(new.tags) == _state(old.tags)
        assert _state(new.account_tags) == _state(old.account_tags)
        for name, value in old.fields.items():
            assert type(new.fields[name]) is type(value)
        assert repr(new.price) == repr(old.price)
    assert path.read_bytes() == _write(tmp_path / "again", *back).read_bytes()


def test_money_keeps_every_digit_and_time_its_instant(tmp_path: Path) -> None:
    amount = Money(Decimal("0.10000000000000000000000000000000001"), "USD")
    created = datetime(2026, 3, 29, 3, 0, tzinfo=timezone(timedelta(hours=2)))
    (back,) = read(_write(tmp_path / "s", _machine(1, **{"cost.hour": amount, "created": created})))
    assert str(back.fields["cost.hour"]) == "0.10000000000000000000000000000000001 USD"
    assert back.fields["created"] == created


def test_the_head_comes_back_and_is_made_after_the_last_resource(tmp_path: Path) -> None:
    seen: list[int] = []

    def stream() -> Any:
        for number in range(3):
            seen.append(number)
            yield _machine(number)

    def head() -> Head:
        assert seen == [0, 1, 2]
        return HEAD

    assert write(stream(), tmp_path / "s", head) == 3
    assert read_head(tmp_path / "s") == HEAD


def test_what_follows_from_other_fields_is_not_stored(tmp_path: Path) -> None:
    given_fields = {"age": 5, "running_for": 5, "tag_keys.count": 1, "state": "running"}
    (back,) = read(_write(tmp_path / "s", _machine(1, **given_fields)))
    assert set(back.fields) == {"id", "kind", "state"}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("capacity.used", math.nan, "capacity.used is not a number"),
        ("capacity.used", Decimal("NaN"), "capacity.used is not a number"),
        ("cost.hour", Money(Decimal("Infinity"), "EUR"), "cost.hour is not an amount of money"),
        ("state", "pending", "state is none of its choices: 'pending'"),
        ("capacity.used", True, "capacity.used is not a number"),
        ("created", NOW.replace(tzinfo=None), "created is not a time with its zone"),
        ("nmae", "x", "no field is called 'nmae'"),
    ],
)
def test_a_value_that_does_not_fit_is_unknown_and_says_why(tmp_path: Path, name: str, value: Any, why: str) -> None:
    (back,) = read(_write(tmp_path / "s", _machine(1, **{name: value})))
    assert name not in back.fields
    assert back.unknown[name] == why


def _plain(path: Path, *lines: object, count: int | None = None) -> Path:
    whole = gzip.decompress(_write(path, *(_machine(n) for n in range(count or len(lines)))).read_bytes())
    head = whole.splitlines()[0].decode()
    path.write_text("\n".join([head, *(x if isinstance(x, str) else json.dumps(x) for x in lines)]) + "\n")
    return path


VM = {"fields": {"id": "i-1", "kind": "vm"}, "tags": {}}


def _measured(point: object) -> dict[str, object]:
    """A machine with a metric of one point."""
    series = {"end": "2026-01-01T00:00:00Z", "step": 300, "points": [point]}
    return {"fields": {"id": "x", "kind": "vm", "usage.cpu_percent": {"$series": series}}}


def test_plain_json_lines_are_read_too_and_nan_is_unknown(tmp_path: Path) -> None:
    path = _plain(tmp_path / "s", VM, '{"fields": {"id": "i-2", "kind": "vm", "capacity.used": NaN}, "tags": {}}')
    assert is_snapshot(path.read_bytes()[:100])
    first, second = read(path)
    assert first.id == "i-1"
    assert second.unknown["capacity.used"] == "capacity.used is not a number"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "Expecting property name"),
        ([], "a resource is an object"),
        ({**VM, "tagz": {}}, "a resource has no 'tagz'"),
        ({"fields": {"kind": "vm"}}, "a resource has an id and a kind"),
        ({"fields": {"id": "x", "kind": "vm", "stat": "running"}}, "no field is called 'stat'"),
        ({"fields": {"id": "x", "kind": "vmm"}}, "kind is none of its choices: 'vmm'"),
        ({"fields": {"id": "x", "kind": "vm", "cost.hour": 3}}, "cost.hour is not an amount of money"),
        ({"fields": {"id": "x", "kind": "vm", "cost.hour": {"$money": "3"}}}, "not an amount of money: '3'"),
        ({"fields": {"id": "x", "kind": "vm", "created": {"$time": "2026-01-01T00:00:00"}}}, "not a time"),
        ({"fields": {"id": "x", "kind": "vm", "created": {"$tim": 1}}}, "no value is written as"),
        (_measured(10**400), "a series has a point that is too large"),
        (_measured("1"), "a series has points that are numbers or null"),
        (_measured([True]), "a series has points that are numbers or null"),
        ({**VM, "tags": {"a": 1}}, "'tags' is a map of texts"),
        ({**VM, "price": {"hour": "1 EUR"}}, "a price has hour, source and as_of"),
        ({**VM, "at": ["f"]}, "'at' is [file, line, column]"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, what: str) -> None:
    path = _plain(tmp_path / "s", VM, line)
    with pytest.raises(InputError) as error:
        list(read(path))
    assert error.value.what.startswith(f"{path}:3: not a resource: ")
    assert what in error.value.what


def test_no_cut_anywhere_passes_for_a_whole_snapshot(tmp_path: Path) -> None:
    path = _write(tmp_path / "s", *(_machine(n) for n in range(20)))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError):
            list(read(path))


def test_a_missing_or_an_extra_line_is_noticed_in_plain_text_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cut short: 1 of 2 resources are there"):
        list(read(_plain(tmp_path / "s", VM, count=2)))
    with pytest.raises(InputError, match="3: holds more than the 1 resources its head says"):
        list(read(_plain(tmp_path / "s", VM, VM, count=1)))


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = _write(tmp_path / "s", *(_machine(n) for n in range(200)))
    whole = bytearray(path.read_bytes())
    whole[-6] ^= 1
    path.write_bytes(whole)
    with pytest.raises(InputError, match="damaged"):
        list(read(path))


def test_another_version_is_refused_by_name(tmp_path: Path) -> None:
    path = _plain(tmp_path / "s", VM)
    path.write_text(path.read_text().replace(FORMAT, "finops-guard/snapshot/2"))
    assert is_snapshot(path.read_bytes()[:100])
    with pytest.raises(InputError, match="format 'finops-guard/snapshot/2'; this version reads"):
        read_head(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format_version": "1.2"}', gzip.compress(b"x", mtime=0)])
def test_other_files_are_no_snapshots(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s"
    path.write_bytes(content)
    assert not is_snapshot(content)
    with pytest.raises(InputError, match="not a snapshot"):
        read_head(path)


def test_a_snapshot_is_recognised_by_its_first_bytes(tmp_path: Path) -> None:
    assert is_snapshot(_write(tmp_path / "s", _machine(1)).read_bytes()[:100])


def test_what_cannot_be_written_or_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: No such file"):
        _write(tmp_path / "no" / "s")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_head(tmp_path / "s")


def test_a_source_that_fails_leaves_the_earlier_snapshot_and_no_litter(tmp_path: Path) -> None:
    path = _write(tmp_path / "s", _machine(1))
    before = path.read_bytes()

    def stream() -> Any:
        yield _machine(2)
        raise OSError("the network is gone")

    with pytest.raises(OSError, match="the network is gone"):
        write(stream(), path, lambda: HEAD)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


_MANY = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from finops_guard.model import Resource, Tags
from finops_guard.state.spool import Head, read, write
def machine(n):
    return Resource(
        {"id": f"arn:aws:ec2:eu-west-1:1:instance/i-{n}", "kind": "vm", "state": "running", "account": "1",
         "accelerators.count": 8, "created": datetime(2026, 1, 1, tzinfo=UTC), "name": f"node {n}"},
        Tags.of({"Team": "vision", "project": f"p{n % 50}"}))
path, count = Path(sys.argv[1]), int(sys.argv[2])
write((machine(n) for n in range(count)), path, lambda: Head(datetime(2026, 1, 2, tzinfo=UTC), ""))
assert sum(1 for _ in read(path)) == count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_hundred_thousand_resources_need_no_more_memory_than_a_thousand(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 100_000):
        done = subprocess.run(
            [sys.executable, "-c", _MANY, str(tmp_path / "s"), str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.15 * peaks[0], peaks
    assert rusage.getrusage(rusage.RUSAGE_CHILDREN).ru_utime < 60
