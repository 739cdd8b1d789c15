"""The file outbox: whole lines, whoever writes."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from finops_guard.errors import ActError
from finops_guard.notify import file
from tests.notify.build import item, notice

TO = {"to": "file", "path": "notices.jsonl"}


def test_a_notice_is_a_line_beside_the_policy(tmp_path: Path) -> None:
    told = notice(TO, item(name="a\nb\x1b"), folder=str(tmp_path))
    file.send(told, TO, {})
    file.send(told, TO, {})
    data = (tmp_path / "notices.jsonl").read_bytes()
    lines = [json.loads(line) for line in data.splitlines()]
    assert data.count(b"\n") == 2
    assert b"\x1b" not in data
    assert [line["key"] for line in lines] == [told.key] * 2
    assert lines[0]["groups"][0]["items"][0]["resource"]["name"] == "a\nb\x1b"


def test_many_writers_leave_whole_lines(tmp_path: Path) -> None:
    def write(number: int) -> None:
        file.send(notice(TO, *[item(f"{number}-{n}") for n in range(200)], folder=str(tmp_path)), TO, {})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    lines = (tmp_path / "notices.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["key"] for line in lines}) == len(lines) == 40


def test_a_line_that_a_crash_cut_short_is_ended(tmp_path: Path) -> None:
    (tmp_path / "notices.jsonl").write_bytes(b'{"key": "torn')
    told = notice(TO, folder=str(tmp_path))
    file.send(told, TO, {})
    torn, whole = (tmp_path / "notices.jsonl").read_bytes().splitlines()
    assert torn == b'{"key": "torn'
    assert json.loads(whole)["key"] == told.key


def test_no_room_is_an_error_and_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = notice(TO, folder=str(tmp_path))
    file.send(told, TO, {})
    before = (tmp_path / "notices.jsonl").read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:10]))
    with pytest.raises(ActError, match="no room for a whole line"):
        file.send(told, TO, {})
    assert (tmp_path / "notices.jsonl").read_bytes() == before


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ActError, match=r"^notices\.jsonl: cannot be written: No such file or directory$"):
        file.send(notice(TO, folder=str(tmp_path / "none")), TO, {})
    (tmp_path / "notices.jsonl").mkdir()
    with pytest.raises(ActError, match="Is a directory"):
        file.send(notice(TO, folder=str(tmp_path)), TO, {})


def test_a_function_keeps_no_file_of_its_own(tmp_path: Path) -> None:
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "guard"}
    for path in ("notices.jsonl", "/tmp/notices.jsonl"):  # noqa: S108 - that is the point
        with pytest.raises(ActError, match="gone when the function is"):
            file.send(notice(TO, folder=str(tmp_path)), TO | {"path": path}, environ)
    with pytest.raises(ActError, match="No such file"):
        file.send(notice(TO), TO | {"path": "/mnt/none-of-this/notices.jsonl"}, environ)
