"""Comments in sources that waive a rule: `# finops-guard:ignore RULE until=2027-01-31 reason="…"`.

Where comments are known for certain: those of HCL by its parser, of YAML by its tokens, of JSON between its strings.
JSON without comments says it by a key, `"//"` or `"finops-guard"`. A comment is about the resource in whose block it
stands, or right below it. Whether it is obeyed is for the policy to say.
"""

from __future__ import annotations

import codecs

from finops_guard.sources import standard_input
from finops_guard.sources.iac._ignores import hcl, json, yaml
from finops_guard.sources.iac._ignores.marks import LARGEST, MARK, NOTHING, Ignore, Source, parsed

__all__ = ["LARGEST", "MARK", "NOTHING", "Ignore", "Source", "parsed", "read"]


def read(file: str) -> Source:
    """The comments of a file, or of standard input by its name; none where it cannot be read.

    InputError where the parser of its language is missing.
    """
    path = standard_input.file(file)
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return NOTHING
        data = path.read_bytes()
        if MARK not in data:
            return NOTHING
        text = data.decode()
    except (OSError, ValueError):
        return NOTHING
    name = path.name.casefold()
    if name.endswith((".tf", ".tofu")):
        return hcl.source(data.removeprefix(codecs.BOM_UTF8), text.removeprefix("\ufeff"), file)
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[", "//", "/*")):
        return json.source(text, file)
    may = file == standard_input.NAME or name.endswith((".yaml", ".yml", ".template", ".json"))
    return yaml.source(text, file) if may else NOTHING
