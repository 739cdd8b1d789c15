"""The ledger: cost rows of files, exports and live APIs, asked through DuckDB."""

from finops_guard.costs.ledger.ledger import Ledger
from finops_guard.costs.ledger.opened import open_ledger
from finops_guard.costs.ledger.read import FileRead

__all__ = ["FileRead", "Ledger", "open_ledger"]
