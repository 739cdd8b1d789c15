"""Is the journal as it was written? Every line carries the hash of the one before, every seal those of its chains.

A line that was deleted, altered or moved breaks a link. Where all that followed was written anew no link is broken:
then the head tells, a hash that was sent out at the time (`verify(store, head)`). What came after the head, and lines
of a run that has no seal yet and whose head nobody was sent, can be cut off at the end unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from finops_guard.state import numbered
from finops_guard.state.entries import PREFIX, chains, hash_of, read_entry
from finops_guard.state.journal import CLOSED, SEALS
from finops_guard.state.lines import Line, from_line
from finops_guard.state.store import Store, read_all


@dataclass(slots=True)
class _Known:
    """Hashes by chain and number, seals by hash, and what the openings of chains name as the seal before them."""

    chains: dict[str, dict[int, str]] = field(default_factory=dict)
    seals: dict[str, Line] = field(default_factory=dict)
    before: list[tuple[str, str]] = field(default_factory=list)


def verify(store: Store, head: str | None = None) -> list[str]:
    """What is wrong with the journal, a sentence each; none if it is whole, and leads to `head` where one is given.

    `head` is what `Journal.close` returned, or what `Journal.head` was.
    """
    known = _Known()
    problems = [*_lines(store, known), *_seals(store, known), *_ties(store, known)]
    if head is not None:
        wanted = head.strip().lower()
        if wanted not in known.seals and not any(wanted in hashes.values() for hashes in known.chains.values()):
            problems.append(f"nothing has the hash {wanted}: what led to it was deleted, or written anew")
    return problems


def _lines(store: Store, known: _Known) -> Iterator[str]:
    """Each chain in itself: numbers without a hole, each line tied to the one before."""
    for chain, keys in chains(store.list(PREFIX)):
        hashes = known.chains.setdefault(chain, {})
        prev = ""
        for key, line in read_all(store, keys):
            try:
                entry = read_entry(key, line or b"")
            except (ValueError, TypeError) as wrong:
                yield f"{key}: not a line of a journal: {wrong}"
                number = len(hashes)
            else:
                number = entry.seq
                if number > len(hashes):
                    yield f"{key}: {number - len(hashes)} of the lines before it are missing"
                elif entry.prev != prev:
                    yield f"{key}: does not follow the line before it, which was altered, or written anew without it"
                if entry.kind == "open":
                    known.before.append((key, str(entry.body.get("sealed"))))
            hashes[number] = prev = hash_of(line or b"")


def _seals(store: Store, known: _Known) -> Iterator[str]:
    """The chain of seals in itself, and each seal with the chains it seals."""
    previous, expected = "", 1
    for key, line in read_all(store, store.list(SEALS)):
        if key != numbered.key_of(SEALS, expected):
            yield f"{key}: the seal before it is missing"
        expected = numbered.number_of(key) + 1
        try:
            content = from_line(line or b"")
        except ValueError as wrong:
            yield f"{key}: not a seal: {wrong}"
            content = {}
        if content.get("previous") != previous:
            yield f"{key}: does not follow the seal before it, which was altered, or written anew without it"
        previous = hash_of(line or b"")
        known.seals[previous] = content
        yield from (f"{key}: {problem}" for problem in _sealed(content, known))


def _sealed(seal: Line, known: _Known) -> Iterator[str]:
    for chain, (count, sealed) in _heads(seal).items():
        hashes = known.chains.get(chain, {})
        missing = count - sum(number < count for number in hashes)
        if missing:
            yield f"{missing} of the {count} lines of {chain} are missing"
        elif hashes[count - 1] != sealed:
            yield f"line {count - 1} of {chain} is not the one that was sealed"


def _ties(store: Store, known: _Known) -> Iterator[str]:
    """Runs with the seals they name, closed runs with their seals."""
    for key, sealed in known.before:
        if sealed and sealed not in known.seals:
            yield f"{key}: the seal it was written after is not there"
    newest = {f"{PREFIX}/{seal.get('run')}": seal for seal in known.seals.values()}
    for run in store.folders(CLOSED):
        line = store.get(f"{CLOSED}/{run}") or b""
        if f"{PREFIX}/{run}" not in newest or line.decode(errors="replace").strip() not in known.seals:
            yield f"{CLOSED}/{run}: there is no such seal"
    for chain, hashes in known.chains.items():
        seal = newest.get(chain.rpartition("/")[0])
        if seal is not None and len(hashes) > _heads(seal).get(chain, (0, ""))[0]:
            yield f"{chain}: lines were added after the run was sealed"


def _heads(seal: Line) -> dict[str, tuple[int, str]]:
    """Count and last hash by chain."""
    heads = seal.get("heads")
    found: dict[str, tuple[int, str]] = {}
    for shard, head in heads.items() if isinstance(heads, dict) else ():
        match head:
            case [int(count), str(sealed)] if count > 0:
                found[f"{PREFIX}/{seal.get('run')}/{shard}"] = (count, sealed)
    return found
