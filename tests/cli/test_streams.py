"""What reaches a terminal, a pipe and a closed pipe; and an interrupt from outside."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.house import ROOT, TESTS, furnish, machine, snapshot, spawn

STYLE = re.compile(rb"\x1b\[[0-9;]*m")
"""Colour, but also bold and dim."""
PLAIN = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")}
SHOWN = {
    "scan": ("scan", "estate"),
    "validate": ("validate", "broken.yaml"),
    "test": ("test", "rules"),
    "explain": ("explain", "demo/whose"),
    "diff": ("diff", "demo", "ai-tags"),
}
EVERY = [
    *SHOWN.values(),
    ("--help",),
    ("scan", "--help"),
    ("--version",),
    ("schema",),
    ("schema", "report"),
    ("scan", "estate", "-f", "json"),
    ("scan", "estate", "-f", "csv"),
    ("scan", "estate", "-f", "markdown"),
    ("validate", "broken.yaml", "-f", "json"),
    ("test", "-f", "junit"),
    ("test", "-f", "json"),
    ("explain", "demo"),
    ("nonsense",),
    ("scan", "nowhere"),
    ("completion", "bash"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    furnish(folder, tests=TESTS)
    (folder / "broken.yaml").write_text("pack: x\nversion: '\x1b'\n".replace("\x1b", "\\e") + "rules: {}\n")
    snapshot(folder / "estate", [machine("\x1b[31mred\x07", {"team": "\x1b]0;x\x07"}), machine("b", {"team": "nlp"})])
    return folder


@pytest.mark.parametrize("args", EVERY, ids=" ".join)
def test_redirected_output_holds_no_escape_byte(house: Path, args: tuple[str, ...]) -> None:
    ran = spawn(*args, cwd=house, TERM="xterm-256color")
    assert b"\x1b" not in ran.stdout + ran.stderr
    assert b"\x07" not in ran.stdout + ran.stderr
    assert b"Traceback" not in ran.stderr


def test_only_the_result_is_on_stdout(house: Path) -> None:
    ran = spawn("scan", "estate", "-f", "json", cwd=house)
    json.loads(ran.stdout)
    assert ran.stderr.startswith(b"policy acme (finops-guard.yaml) on estate; packs demo 1.2.3")
    assert spawn("scan", "estate", "-f", "json", "-q", cwd=house).stderr == b""
    for args in (("explain", "demo"), ("diff", "demo", "demo"), ("test",), ("schema",)):
        assert spawn(*args, cwd=house).stderr == b""
    ran = spawn("scan", "nowhere", cwd=house)
    assert (ran.returncode, ran.stdout) == (2, b"")


def on_a_terminal(*args: str, cwd: Path, **environ: str) -> bytes:
    """What a terminal gets on stdout and stderr."""
    master, slave = pty.openpty()
    env = PLAIN | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "finops_guard", *args], cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    got = b""
    try:
        while chunk := os.read(master, 65_536):
            got += chunk
    except OSError:  # the other end closed: Linux says so with EIO
        pass
    os.close(master)
    process.wait()
    return got


@pytest.mark.parametrize("args", SHOWN.values(), ids=SHOWN)
def test_colour_on_a_terminal_only_where_it_is_wanted(house: Path, args: tuple[str, ...]) -> None:
    assert STYLE.search(on_a_terminal(*args, cwd=house))
    assert not STYLE.search(on_a_terminal(*args, cwd=house, NO_COLOR="1"))
    assert not STYLE.search(on_a_terminal(*args, "--no-color", cwd=house))
    assert b"\x1b" not in on_a_terminal(*args, cwd=house, TERM="dumb")


@pytest.mark.parametrize("args", SHOWN.values(), ids=SHOWN)
def test_colour_may_be_forced(house: Path, args: tuple[str, ...]) -> None:
    assert b"\x1b[" in spawn(*args, cwd=house, FORCE_COLOR="1").stdout
    assert b"\x1b" not in spawn(*args, cwd=house, FORCE_COLOR="1", NO_COLOR="1").stdout


def test_strangers_steer_no_terminal(house: Path) -> None:
    shown = on_a_terminal("scan", "estate", cwd=house)
    assert b"\x1b[31mred" not in shown
    assert b"\x1b]0;" not in shown
    assert b"\\x1b[31mred" in shown


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("scan", "estate"), 1),
        (("scan", "estate", "-f", "json"), 1),
        (("schema", "report"), 0),
        (("explain", "demo"), 0),
    ],
    ids=str,
)
def test_a_reader_that_leaves_is_no_error_and_hides_no_finding(house: Path, args: tuple[str, ...], code: int) -> None:
    read, write = os.pipe()
    os.close(read)
    env = PLAIN | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "finops_guard", *args],
        cwd=house,
        env=env,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert ran.returncode == code, ran.stderr
    assert b"Broken" not in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_an_interrupt_ends_a_scan_with_130(house: Path, tmp_path: Path) -> None:
    env = PLAIN | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "finops_guard", "scan", "sandbox"]
    process = subprocess.Popen(command, cwd=house, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)  # until the sandbox has begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == b""
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_can_be_validated(house: Path) -> None:
    read, write = os.pipe()
    os.write(write, (house / "rules/demo.yaml").read_bytes())
    os.close(write)
    env = PLAIN | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "finops_guard", "validate", f"/dev/fd/{read}"]
    ran = subprocess.run(command, cwd=house, env=env, pass_fds=[read], capture_output=True, check=False)
    os.close(read)
    assert (ran.returncode, ran.stdout) == (0, b""), ran.stdout
    assert ran.stderr == b"1 file, 2 rules, 0 errors\n"
