"""Put a run of `make demo`, cut short, between the marks of README.md.

make demo > demo.txt; python tools/record_demo.py demo.txt
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- recorded with `make demo`[^\n]*-->\n```\n).*?(\n```\n)", re.DOTALL)
KEPT = {"Coverage": 9, "Findings": 18, "What would follow": 5, "Budgets in": 12, "Allocation": 8, "Nobody's": 7}
"""Lines of each section; what is left out is marked by a line with … alone."""


def cut(text: str) -> str:
    """The run with the first lines of each section."""
    head, *sections = re.split(r"^(?=── )", text.strip("\n"), flags=re.MULTILINE)
    parts = [head.rstrip()]
    for section in sections:
        lines = section.rstrip().split("\n")
        kept = next((count for title, count in KEPT.items() if title in lines[0]), len(lines))
        shown = "\n".join(lines[: kept + 1]).rstrip()
        parts.append(shown if len(lines) <= kept + 1 else f"{shown}\n…")
    return "\n\n".join(parts)


def main() -> None:
    """Rewrite the block."""
    text = README.read_text(encoding="utf-8")
    run = cut(Path(sys.argv[1]).read_text(encoding="utf-8"))
    README.write_text(BLOCK.sub(lambda found: found[1] + run + found[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
