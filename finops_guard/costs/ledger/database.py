"""A DuckDB that reads no network, loads no extension and keeps within its memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCALE = 18
"""Decimals of every amount. FOCUS fixes none; the finest seen in providers' files is 16."""
MONEY = f"DECIMAL(38, {SCALE})"
MEMORY = "640MiB"
"""With the interpreter, what DuckDB counts elsewhere and the pages of its files, this stays below 1 GiB."""


def connect(cache: Path, *, ordered: bool = False) -> DuckDBPyConnection:
    """A database in memory that spills into the cache, with the macros of `cleaning.sql`.

    `ordered`: rows are numbered as their file has them, which takes memory. Its settings cannot be changed afterwards.
    JSON and Parquet are linked into DuckDB's wheels: nothing is loaded. InputError where DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise InputError(
            "cost data is read with DuckDB, which is not installed",
            help="pip install 'finops-guard-engine[costs]'",
        ) from None
    spill = cache / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    base = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": MEMORY,
            "threads": str(min(4, os.cpu_count() or 1)),
            "temp_directory": str(spill),
            "preserve_insertion_order": str(ordered).lower(),
        }
    )
    base.execute((Path(__file__).parent / "cleaning.sql").read_text("utf-8"))
    base.execute("SET enable_progress_bar = false")
    base.execute("SET lock_configuration = true")
    return base
