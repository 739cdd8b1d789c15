"""Terraform sources without a plan: a scan of a generated estate, every verdict and line checked, in CPU seconds.

`benchmarks/iac_sources.py 5000` for one size. Precision and recall are of `fail` on what is known; what is not must be
unknown, and nothing may be found that is not there. c7n-left and checkov are timed beside it where they are installed.
A figure is the best of three.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.sources.iac.hcl_estate import REQUIRED, Estate, Truth, made

SIZES = (10, 1_000, 5_000)
LIMITS = {10: 0.35, 1_000: 1.5, 5_000: 6.0}
"""Resources -> CPU seconds of a machine that does nothing else."""
RUNS = 3
POLICY = "policy: bench\nowner: bench@example.com\npacks: [{use: ./rules/bench.yaml}]\n"
PACK = f"""pack: bench
version: 1.0.0
rules:
  tagged:
    title: Everything says whose it is
    why: The benchmark knows the answer.
    severity: high
    match: {{taggable: true}}
    require: {{tags: {{{", ".join(f"{key}: {{exists: true}}" for key in REQUIRED)}}}}}
    otherwise: [{{do: notify}}]
    examples:
      fail: [{{kind: vm, taggable: true, tags: {{}}}}]
"""
PEERS = {
    "c7n-left": ["run", "-p", "{policies}", "-d", "{folder}", "-o", "json"],
    "checkov": ["-d", "{folder}", "--framework", "terraform", "-c", "CKV_AWS_79", "--quiet", "--compact"],
}
PEER_POLICY = """policies:
  - name: tagged
    resource: [terraform.aws_*, terraform.google_*]
    filters: [{or: [{"tag:project": absent}, {"tag:team": absent}, {"tag:workload-type": absent}]}]
"""


def main() -> None:
    """Print one line a size and tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int)
    print(f"{'resources':>10} {'CPU s':>7}   precision and recall of fail, unknown as unknown, ghosts, wrong lines")
    for size in parser.parse_args().sizes or SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _measure(folder, made(folder / "estate", size), LIMITS.get(size))


def _measure(folder: Path, estate: Estate, aim: float | None) -> None:
    (folder / "rules").mkdir()
    (folder / "policies").mkdir()
    (folder / "rules" / "bench.yaml").write_text(PACK, "utf-8")
    (folder / "policy.yaml").write_text(POLICY, "utf-8")
    (folder / "policies" / "tagged.yaml").write_text(PEER_POLICY, "utf-8")
    ours = [sys.executable, "-m", "finops_guard", "scan", str(folder / "estate"), "-p", str(folder / "policy.yaml")]
    seconds, output = _cpu([*ours, "-f", "json", "--include", "pass", "-q"])
    said = f" (aim {aim} s)" if aim else ""
    print(f"{len(estate.truth):>10,} {seconds:>7.2f}   {_judged(folder / 'estate', estate, output)}{said}")
    for peer, arguments in PEERS.items():
        if path := shutil.which(peer):
            filled = [each.format(folder=folder / "estate", policies=folder / "policies") for each in arguments]
            print(f"{peer:>10} {_cpu([path, *filled])[0]:>7.2f}")


def _judged(folder: Path, estate: Estate, output: bytes) -> str:
    """How the verdicts compare with what is true; an error where one does not."""
    found = {each["resource"]["id"]: each for each in json.loads(output)["findings"]}
    wanted = {address: _verdict(truth) for address, truth in estate.truth.items()}
    failed = {address for address, each in found.items() if each["verdict"] == "fail"}
    meant = {address for address, verdict in wanted.items() if verdict == "fail"}
    right = len(failed & meant)
    precision, recall = right / max(1, len(failed)), right / max(1, len(meant))
    unknown = sum(found[each]["verdict"] == "unknown" for each, verdict in wanted.items() if verdict == "unknown")
    ghosts = len(found.keys() - wanted.keys())
    places = {address: each["resource"]["location"] for address, each in found.items()}
    wrong = sum(
        (places[address]["file"], places[address]["line"]) != (str(folder / truth.file), truth.line)
        for address, truth in estate.truth.items()
    )
    all_unknown = sum(verdict == "unknown" for verdict in wanted.values())
    assert {address: each["verdict"] for address, each in found.items()} == wanted
    assert not wrong
    return f"{precision:.3f} {recall:.3f}, {unknown} of {all_unknown}, {ghosts}, {wrong}"


def _verdict(truth: Truth) -> str:
    if any(truth.tags[key] is None and key not in truth.unknown for key in REQUIRED):
        return "fail"
    return "unknown" if truth.unknown else "pass"


def _cpu(command: list[str]) -> tuple[float, bytes]:
    """CPU seconds of the best run, and what it printed."""
    best, output = float("inf"), b""
    for _ in range(RUNS):
        before = os.times()
        output = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603 - our own command
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        best = min(best, spent)
    return best, output


if __name__ == "__main__":
    main()
