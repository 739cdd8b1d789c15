"""Writes what is made from the code and committed: schemas, tables, help. `--check` fails when a file is stale.

    python -m finops_guard.docs [--check]

It works on a checkout; an installed package has nothing to write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from finops_guard.cli import _pages
from finops_guard.language import pages
from finops_guard.language.policy_schema import policy_schema
from finops_guard.language.schema import Schema, pack_schema
from finops_guard.language.testfile import tests_schema

ROOT = Path(__file__).resolve().parent.parent


def _schema(make: Callable[[], Schema]) -> Callable[[str], str]:
    return lambda _: json.dumps(make(), indent=1, ensure_ascii=False) + "\n"


WRITTEN: dict[str, Callable[[str], str]] = {
    "schema/pack.json": _schema(pack_schema),
    "schema/policy.json": _schema(policy_schema),
    "schema/tests.json": _schema(tests_schema),
    "docs/fields.md": lambda _: pages.fields_page(),
    "docs/language.md": pages.language_page,
    "docs/cli.md": lambda _: _pages.cli_page(),
    "README.md": _pages.readme,
}
"""File -> what it must hold, from what it holds."""


def main(arguments: list[str]) -> int:
    """Write every file, or with `--check` name the stale ones; 1 if there are any."""
    stale = []
    for name, make in WRITTEN.items():
        path = ROOT / name
        now = path.read_text("utf-8") if path.exists() else ""
        wanted = make(now)
        if now != wanted:
            stale.append(name)
            if "--check" not in arguments:
                path.parent.mkdir(exist_ok=True)
                path.write_text(wanted, "utf-8", newline="\n")
    for name in stale:
        word = "stale: python -m finops_guard.docs" if "--check" in arguments else "written"
        sys.stderr.write(f"{name}: {word}\n")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
