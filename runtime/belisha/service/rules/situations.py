"""Sets of situations, and the algebra on them that proofs about rules need.

A situation is one cell on every axis. A block is a set of cells on every axis and stands for all
situations made of them; a set of situations is a tuple of blocks, which may overlap. Everything
here is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

from belisha.errors import ConfigError

Block = tuple[int, ...]
Situations = tuple[Block, ...]
"""No blocks: impossible. A block of no axes: the one situation of a file without conditions."""

NOWHERE: Situations = ()
MAX_BLOCKS = 5_000
"""A file that needs more is too intricate for people, too."""
_MAX_PAIRS = 2_000_000
"""Of blocks that one step compares: a few seconds."""


def union(parts: Sequence[Situations]) -> Situations:
    """What is in any part."""
    return _bounded(tuple(dict.fromkeys(block for part in parts for block in part)))


def intersection(first: Situations, second: Situations) -> Situations:
    """What is in both."""
    if len(first) * len(second) > _MAX_PAIRS:
        raise _too_intricate()
    shared: dict[Block, None] = {}
    for mine in first:
        for yours in second:
            block = tuple(a & b for a, b in zip(mine, yours, strict=True))
            if all(block):
                shared[block] = None
    return _bounded(tuple(shared))


def difference(first: Situations, second: Situations) -> Situations:
    """What is in the first and not in the second."""
    rest = first
    for taken in second:
        rest = _bounded(tuple(piece for block in rest for piece in _without(block, taken)))
    return rest


def _without(block: Block, taken: Block) -> list[Block]:
    """A block less another, as blocks that do not overlap."""
    if not all(mine & yours for mine, yours in zip(block, taken, strict=True)):
        return [block]
    pieces, shared = [], list(block)
    for axis, (mine, yours) in enumerate(zip(block, taken, strict=True)):
        if mine & ~yours:
            pieces.append((*shared[:axis], mine & ~yours, *block[axis + 1 :]))
        shared[axis] = mine & yours
    return pieces


def _bounded(blocks: Situations) -> Situations:
    if len(blocks) > MAX_BLOCKS:
        raise _too_intricate()
    return blocks


def _too_intricate() -> ConfigError:
    return ConfigError(
        f"the rules are too intricate to be proven: more than {MAX_BLOCKS} kinds of situation; "
        "ask for fewer signals in one condition"
    )
