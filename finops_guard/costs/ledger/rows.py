"""The SELECT that makes our rows of a file's, and says of each row what is wrong with it and what it was forgiven."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from finops_guard.costs.formats._plan import AMOUNTS, BOOLS, NEEDED, TEXTS, TIMES, Cell, Plan
from finops_guard.costs.ledger.database import MONEY
from finops_guard.costs.ledger.scan import Scan
from finops_guard.costs.ledger.tagsets import column

LENIENCIES = {
    "n_null": "cells with the word NULL, read as empty",
    "n_money": "amounts with a currency sign, commas or brackets, which were taken off",
    "n_science": "amounts in scientific notation",
    "n_cut": "quantities with more than 18 decimals, cut",
    "n_zone": "times without a zone, read as UTC",
    "n_slash": "dates read as month/day/year",
    "n_empty": "usage rows whose period ends as it starts",
    "n_back": "rows whose period ends before it starts",
    "n_currency": "rows without a currency, which got the one given for such rows",
}
_AZURES = {"id": "lower({})", "account": "regexp_replace(lower({}), '^/subscriptions/', '')"}
"""Azure does not mind the case of its ids, and FOCUS writes a subscription as a path: told as an inventory has it."""
_ERRORS_OF_MONEY = ("effective", "billed", "list", "contracted", "quantity")
_MEASURES = frozenset({"quantity", "hours"})
_WHOLE_COLUMN = re.compile(r"\{[^{}]+\}")
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_NESTED = ("STRUCT", "MAP", "JSON")
_CATEGORY = " ".join(f"WHEN '{word.lower()}' THEN '{word}'" for word in "Usage Purchase Tax Credit Adjustment".split())
CURRENCY = re.compile("[A-Z]{3}")
"""A code of ISO 4217 by its shape: bills come in more currencies than policies know."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that refuses a file: `missing` or `wrong` in one of our columns."""

    column: str
    what: str


def checks(plan: Plan) -> tuple[Check, ...]:
    """What rows of this plan are checked for, in the order of the bits of `errors`."""
    missing = [Check(name, "missing") for name in NEEDED if name in plan.cells or name == "currency"]
    wrong = [Check(name, "wrong") for name in (*_ERRORS_OF_MONEY, *TIMES, "currency") if name in plan.cells]
    return (*missing, *wrong, *([Check("tags", "wrong")] if plan.tags or plan.allocated else []))


class Rows:
    """SELECTs over one file, by its plan. `currency`: that of rows without one. `numbered`: to say which rows."""

    def __init__(self, plan: Plan, scan: Scan, currency: str | None, *, numbered: bool = False) -> None:
        self._plan = plan
        self._scan = scan
        self._record = "record, " if numbered else ""
        self._place = {name.casefold(): place for place, name in enumerate(plan.columns)}
        self._currency = f"'{currency}'" if CURRENCY.fullmatch(currency or "") else "CAST(NULL AS VARCHAR)"

    def tags(self) -> str:
        """Each distinct text of tags, and how many rows have it."""
        return f"SELECT r_tags, r_allocated, count(*) FROM ({self._texts()}) GROUP BY ALL"

    def ours(self, promoted: tuple[str, ...]) -> str:
        """Our rows; tags come from the table `tagset`."""
        tagged = self._plan.tags or self._plan.allocated
        columns = [
            *AMOUNTS,
            *TIMES,
            *BOOLS,
            *TEXTS,
            "tags" if tagged else "CAST(NULL AS MAP(VARCHAR, VARCHAR)) AS tags",
            "conflicts" if tagged else "CAST(NULL AS VARCHAR[]) AS conflicts",
            *(column(key) for key in promoted),
            *LENIENCIES,
            "errors",
        ]
        names = ", ".join(name if " " in name else f'"{name}"' for name in columns)
        return f"SELECT {names} FROM ({self._checked()})"

    def wrong(self, check: Check) -> str:
        """Where a check fails: the record's number, from 1, and the text that stands there. At most six."""
        bit = 1 << checks(self._plan).index(check)
        return (
            f'SELECT record, CAST("r_{check.column}" AS VARCHAR) FROM ({self._checked()})'
            f" WHERE errors & {bit} <> 0 ORDER BY record LIMIT 6"
        )

    def _checked(self) -> str:
        tests = {"missing": self._missing, "wrong": self._wrong}
        bits = [
            f"(CASE WHEN {tests[check.what](check.column)} THEN {1 << bit} ELSE 0 END)"
            for bit, check in enumerate(checks(self._plan))
        ]
        counted = self._counted()
        counts = ", ".join(f"CAST({sql} AS UTINYINT) AS {name}" for name, sql in counted.items())
        return f"SELECT *, {counts}, CAST({' + '.join(bits)} AS INTEGER) AS errors FROM ({self._values()})"

    def _missing(self, name: str) -> str:
        return '"currency" IS NULL AND r_currency IS NULL' if name == "currency" else f"r_{name} IS NULL"

    def _wrong(self, name: str) -> str:
        return "tags_wrong" if name == "tags" else f'r_{name} IS NOT NULL AND "{name}" IS NULL'

    def _counted(self) -> Mapping[str, str]:
        told = self._written()
        money = [name for name in _ERRORS_OF_MONEY if name in told]
        times = [name for name in TIMES if name in told]
        usage = "\"charge_category\" = 'Usage'"
        return {
            "n_null": "nulls",
            "n_money": _sum(f"w_{name} = 3" for name in money),
            "n_science": _sum(f"w_{name} = 2" for name in money),
            "n_cut": _sum(f'w_{name} = 4 AND "{name}" IS NOT NULL' for name in money),
            "n_zone": _sum(f"w_{name} = 3" for name in times),
            "n_slash": _sum(f"w_{name} = 4" for name in times),
            "n_empty": _sum([f'"end" = "start" AND {usage}']),
            "n_back": _sum(['"end" < "start"']),
            "n_currency": _sum(['r_currency IS NULL AND "currency" IS NOT NULL']),
        }

    def _values(self) -> str:
        """Typed values beside the texts they were made of."""
        values = [self._value(name) for name in (*AMOUNTS, *TIMES, *BOOLS, *TEXTS)]
        tagged, join = "", ""
        if self._plan.tags or self._plan.allocated:
            tagged = ", tagset.* EXCLUDE (t, a)"
            join = (
                " LEFT JOIN tagset ON r_tags IS NOT DISTINCT FROM tagset.t"
                " AND r_allocated IS NOT DISTINCT FROM tagset.a"
            )
        seen = "".join(f", {'clock' if name in TIMES else 'writing'}(r_{name}) AS w_{name}" for name in self._written())
        return (
            f"SELECT texts.*, {', '.join(values)}{tagged} FROM (SELECT *{seen} FROM ({self._texts()})) AS texts{join}"
        )

    def _written(self) -> list[str]:
        """Amounts and times that the file has as text: how each is written is found out once."""
        return [name for name in (*AMOUNTS, *TIMES) if name in self._plan.cells and not self._typed(name)]

    def _value(self, name: str) -> str:
        if name not in self._plan.cells and name != "currency":
            kind = MONEY if name in AMOUNTS else "TIMESTAMP" if name in TIMES else "VARCHAR"
            told = "false" if name == "correction" else "NULL"
            return f'CAST({told} AS {"BOOLEAN" if name in BOOLS else kind}) AS "{name}"'
        text = f"r_{name}"
        if name in _MEASURES:
            sql = f"measured({text}, w_{name})"
        elif name in AMOUNTS:
            sql = text if self._typed(name) else f"written({text}, w_{name})"
        elif name in TIMES:
            sql = text if self._typed(name) else f"told({text}, w_{name})"
        elif name == "correction":
            sql = f"coalesce({text}, false)"
        elif name == "currency":
            code = f"CASE WHEN regexp_full_match(upper({text}), '{CURRENCY.pattern}') THEN upper({text}) END"
            sql = f"CASE WHEN {text} IS NULL THEN {self._currency} ELSE {code} END"
        elif name == "charge_category":
            sql = f"CASE lower({text}) {_CATEGORY} ELSE {text} END"
        elif name in _AZURES and "cloud" in self._plan.cells:
            sql = f"CASE WHEN r_cloud = 'azure' THEN {_AZURES[name].format(text)} ELSE {text} END"
        else:
            sql = text
        return f'{sql} AS "{name}"'

    def _texts(self) -> str:
        """The texts that our columns are made of: `r_` and the column's name."""
        cells: dict[str, Cell | None] = {**self._plan.cells, "tags": self._plan.tags, "allocated": self._plan.allocated}
        cells.setdefault("currency", None)
        parts = [f"{self._typed(name) or self._filled(cell)} AS r_{name}" for name, cell in cells.items()]
        return f"SELECT {self._record}{', '.join(parts)}, nulls FROM ({self._cleaned()})"

    def _cleaned(self) -> str:
        cells = [*self._plan.cells.values(), *(cell for cell in (self._plan.tags, self._plan.allocated) if cell)]
        used = sorted({self._place[name.casefold()] for cell in cells for name in cell.names})
        cleaned = [f"{self._text(place)} AS c{place}, c{place} AS v{place}" for place in used]
        words = [f"said_null(c{place})" for place in used if self._scan.types[place] == "VARCHAR"]
        record = self._record and f"row_number() OVER () AS {self._record}"
        return f"SELECT {record}{', '.join(cleaned)}, {_sum(words)} AS nulls FROM {self._scan.clause}"

    def _text(self, place: int) -> str:
        """The text of a column as the cleaning macros read it."""
        kind, name = self._scan.types[place], f"c{place}"
        if kind == "VARCHAR":
            return f"blank({name})"
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"CAST(make_timestamp(epoch_us({name})) AS VARCHAR) || 'Z'"
        if kind.startswith("TIMESTAMP") or kind == "DATE":
            return f"CAST(CAST({name} AS TIMESTAMP) AS VARCHAR) || 'Z'"
        if kind.startswith(_NESTED) or kind.endswith("[]"):
            return f"CAST(to_json({name}) AS VARCHAR)"
        return f"CAST({name} AS VARCHAR)"

    def _typed(self, name: str) -> str:
        """The expression for a column whose file already has it as the type we want; empty where it is text."""
        cell = self._plan.cells.get(name)
        if cell is None or not _WHOLE_COLUMN.fullmatch(cell.sql) or name in _MEASURES:
            return ""
        place = self._place[cell.names[0].casefold()]
        kind, value = self._scan.types[place], f"v{place}"
        if name in TIMES:
            if kind == "TIMESTAMP WITH TIME ZONE":
                return f"make_timestamp(epoch_us({value}))"
            return f"CAST({value} AS TIMESTAMP)" if kind.startswith("TIMESTAMP") or kind == "DATE" else ""
        scale = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind.replace(" ", ""))
        fits = kind in _INTEGERS or (scale and int(scale[2]) <= 18 and int(scale[1]) - int(scale[2]) <= 20)  # noqa: PLR2004 - DECIMAL(38, 18)
        return f"CAST({value} AS {MONEY})" if name in AMOUNTS and fits else ""

    def _filled(self, cell: Cell | None) -> str:
        if cell is None:
            return "CAST(NULL AS VARCHAR)"
        return cell.sql.format_map({name: f"c{self._place[name.casefold()]}" for name in cell.names})


def _sum(tests: object) -> str:
    listed = [f"CAST(coalesce({test}, false) AS UTINYINT)" for test in tests]  # type: ignore[attr-defined]
    return " + ".join(listed) or "0"
