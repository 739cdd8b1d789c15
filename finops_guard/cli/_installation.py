"""What is installed here, as far as it changes what a scan can do. Nothing is asked of a network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import metadata

from finops_guard.advice.checkup import Trouble

OURS = "finops-guard-engine"
PACKAGE = "finops_guard"
COMMAND = "finops-guard"
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RUNS = re.compile(r"[-_.]+")


def installation(extras: Iterable[str]) -> Iterator[Trouble]:
    """Troubles of this installation. `extras`: those that the policy or the target needs."""
    yield from foreign()
    yield from _missing(extras)
    if not _has_libyaml():
        what = "PyYAML is here without its C library: large policies load ten times slower"
        yield Trouble("installation", what, "pip install --force-reinstall pyyaml, on a platform it has wheels for")


def foreign() -> Iterator[Trouble]:
    """Other distributions that bring a package or a command of our name: which one runs is then a matter of luck."""
    owners = {_folded(name) for name in metadata.packages_distributions().get(PACKAGE, ())}
    scripts = metadata.entry_points(group="console_scripts", name=COMMAND)
    owners |= {_folded(script.dist.name) for script in scripts if script.dist is not None}
    for owner in sorted(owners - {OURS}):
        what = f"the distribution {owner} also brings the package {PACKAGE} or the command {COMMAND}, and is not ours"
        fix = f"pip uninstall {owner}, then pip install --force-reinstall {OURS}"
        yield Trouble("installation", what, fix)


def absent(extra: str) -> list[str]:
    """The distributions of one of our extras that are not installed; empty where we are not installed ourselves."""
    return [name for name in _needs().get(extra, ()) if not _installed(name)]


def _missing(extras: Iterable[str]) -> Iterator[Trouble]:
    for extra in extras:
        if lacking := absent(extra):
            what = f"the extra '{extra}' is needed and not installed: {', '.join(lacking)}"
            yield Trouble("installation", what, f"pip install '{OURS}[{extra}]'", blocks=True)


def _needs() -> dict[str, list[str]]:
    """Extra -> distributions, as our own metadata says."""
    found: dict[str, list[str]] = {}
    try:
        requires = metadata.requires(OURS) or ()
    except metadata.PackageNotFoundError:
        return {}
    for requirement in requires:
        extra, name = _EXTRA.search(requirement), _NAME.match(requirement)
        if extra and name:
            found.setdefault(extra[1], []).append(name[0])
    return found


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _has_libyaml() -> bool:
    import yaml

    return bool(yaml.__with_libyaml__)


def _folded(name: str) -> str:
    """A distribution's name in the spelling of the index (PEP 503)."""
    return _RUNS.sub("-", name).casefold()
