"""The files of a new policy folder. Nothing that is there is written over."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from finops_guard.errors import InputError
from finops_guard.language.library import shipped, shipped_names

POLICY = "finops-guard.yaml"
STATE = ".finops-guard"
IGNORED = f"""\
# finops-guard keeps its state here; the schemas that editors complete from are for everybody.
{STATE}/*
!{STATE}/schema/
"""
_HEAD = f"""\
# yaml-language-server: $schema={STATE}/schema/policy.json
#
"""
_OWN_PACK = "  - use: house             # your own rules, in rules/house.yaml\n"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")

PACK = f"""\
# yaml-language-server: $schema=../{STATE}/schema/pack.json
#
# Rules of your own. A rule is a sentence: for what we `match`, `require` this, `otherwise` do that. Copy this one and
# change it; the editor completes every key, and `finops-guard validate` names every typo.
pack: house
version: 0.1.0
summary: What we ask beyond the packs that come with finops-guard.

params:                                    # a policy may change them: {{use: house, with: {{keep: 30d}}}}
  keep: {{type: duration, default: 90d, stricter: lower, help: How long logs may be kept.}}

rules:
  log-retention:
    title: Logs are not kept for ever
    why: A log group without a retention keeps every line it ever got, and bills it every month.
    learn: Set the retention where the log group is made; what must stay longer is cheaper in a bucket.
    severity: low                          # low, medium, high, critical
    match: {{kind: log-store, age: {{gte: 7d}}}}  # whom it is about: for all else the verdict is `outside`
    require: {{log: {{retention: {{lte: $keep}}}}}}   # absent means for ever, and fails
    otherwise:                             # proposed here; what is permitted the policy says
      - {{do: notify}}
      - {{do: ticket, after: 14d}}
    examples:                              # run by `finops-guard test`, shown by `finops-guard explain`
      pass:
        - {{kind: log-store, age: 30d, log: {{retention: 90d}}}}
      fail:
        - {{kind: log-store, age: 30d, log: {{retention: 400d}}}}
        - {{kind: log-store, age: 30d, log: {{retention: null}}}}
      unknown:
        - {{kind: log-store, age: 30d}}      # its retention could not be read: never a pass, never acted on
      outside:
        - {{kind: log-store, age: 1d}}
        - {{kind: bucket, age: 30d}}
"""

TESTS = f"""\
# yaml-language-server: $schema=../{STATE}/schema/tests.json
#
# Tests with a clock of their own: what does a rule say of these resources at that time? Run by `finops-guard test`.
tests:
  - at: 2026-11-05                         # four days old: it has a week
    given: [{{kind: log-store, created: 2026-11-01, log: {{retention: null}}}}]
    expect: {{house/log-retention: outside}}
  - at: 2026-11-25
    given: [{{kind: log-store, created: 2026-11-01, log: {{retention: null}}}}]
    expect: {{house/log-retention: fail}}
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, relative to the folder; `kept`: what was there already just so."""

    paths: tuple[str, ...]
    kept: tuple[str, ...]


def files(name: str, about: str, live: str | None = None) -> dict[str, str]:
    """Path -> text of every file. `about`: the policy's head as comment lines; `live`: sections from an inventory."""
    made = {kind: (shipped("schema") / f"{kind}.json").read_text("utf-8") for kind in ("pack", "policy", "tests")}
    schemas = {f"{STATE}/schema/{kind}.json": text for kind, text in made.items()}
    return {
        POLICY: policy(name, about, live),
        "rules/house.yaml": PACK,
        "rules/house.tests.yaml": TESTS,
        **schemas,
    }


def policy(name: str, about: str, live: str | None = None) -> str:
    """The shipped starter under a name of its own, with a local pack; `live` takes the place of its scope."""
    starter = shipped_names("policies")["starter"].read_text("utf-8")
    identity, scope, packs, later = starter[starter.index("\npolicy:") + 1 :].split("\n\n", 3)
    steps = later if live is None else _without_first_steps(later)
    parts = [identity.replace("policy: starter", f"policy: {name}", 1), live or scope, f"{packs}\n{_OWN_PACK}", steps]
    return _HEAD + about + "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _without_first_steps(later: str) -> str:
    """The starter's next steps but those that naming teams and spellings was."""
    head, *steps = later.split("\n#\n")
    rest = [step for step in steps if not step.lstrip("# ").startswith(("1.", "2."))]
    return "\n#\n".join([head, *(re.sub(r"^# \d", f"# {place}", step) for place, step in enumerate(rest, 1))])


def name_of(folder: Path) -> str:
    """A policy's name from a folder's: lower case, hyphens; `starter` where nothing is left."""
    plain = unicodedata.normalize("NFKD", folder.resolve().name.casefold()).encode("ascii", "ignore").decode()
    name = _NOT_IN_NAMES.sub("-", plain).strip("-")
    return name if name[:1].isalpha() else "starter"


def refuse(folder: Path, texts: Mapping[str, str]) -> None:
    """InputError where the policy is there, or another file that says something else than it would."""
    there = [path for path in texts if (folder / path).exists() and not _kept(folder, path, texts[path])]
    if there:
        names = ", ".join(str(folder / path) for path in there)
        does = "is there already" if len(there) == 1 else "are there already"
        raise InputError(f"{names} {does}, and init writes over nothing", help="move it away, or give another folder")


def write(folder: Path, texts: Mapping[str, str]) -> Written:
    """Write all files, or none: InputError as in `refuse`, or where one cannot be written. `.gitignore` is added to."""
    refuse(folder, texts)
    kept = [path for path in texts if (folder / path).exists()]
    new = [path for path in texts if path not in kept]
    try:
        for path in new:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="\n") as file:
                file.write(texts[path])
        (new if _ignore(folder / ".gitignore") else kept).append(".gitignore")
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return Written(tuple(new), tuple(kept))


def _kept(folder: Path, path: str, text: str) -> bool:
    return path != POLICY and _same(folder / path, text)


def _same(path: Path, text: str) -> bool:
    try:
        return path.read_text("utf-8") == text
    except (OSError, ValueError):
        return False


def _ignore(path: Path) -> bool:
    """Add our lines to a `.gitignore` unless it speaks of our folder already; whether it did."""
    before = path.read_text("utf-8", errors="surrogateescape") if path.exists() else ""
    if any(line.strip().strip("/").startswith(STATE) for line in before.splitlines()):
        return False
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(gap + IGNORED)
    return True
