"""What hangs together stays together, and what was placed never moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from tests.training.data.people import digest, record
from training.data.groups import QUARANTINE, place
from training.data.near_duplicates import Pair


def pair(first: str, second: str) -> Pair:
    low, high = sorted((digest(first), digest(second)))
    return Pair(low, high, 0.99, mirrored=False)


RECORDS = [
    record("a1", sequence="a"),
    record("a2", sequence="a"),
    record("b1", sequence="b"),
    record("b2", sequence="b"),
    record("c"),
]


def placed(
    pairs: Iterable[Pair] = (), previous: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[list[str]]]:
    """Settled images and free groups, by name."""
    names = {item.sha256: item.name for item in RECORDS}
    old = {digest(name): split for name, split in (previous or {}).items()}
    found = place(RECORDS, pairs, old)
    free = sorted(sorted(names[sha] for sha in group) for group in found.free)
    return {names[sha]: split for sha, split in found.settled.items()}, free


def test_a_sequence_is_one_group_and_a_single_image_another() -> None:
    assert placed() == ({}, [["a1", "a2"], ["b1", "b2"], ["c"]])


def test_a_near_duplicate_joins_two_sequences() -> None:
    assert placed([pair("a2", "b1")]) == ({}, [["a1", "a2", "b1", "b2"], ["c"]])


def test_sequences_of_the_same_name_in_two_sources_are_two() -> None:
    records = [record("x", sequence="1", source="s"), record("y", sequence="1", source="t")]
    assert len(place(records, (), {}).free) == 2


def test_the_same_picture_in_two_sequences_joins_them() -> None:
    records = [record("x", sequence="1"), record("x", sequence="2"), record("y", sequence="2")]
    assert place(records, (), {}).free == (tuple(sorted([digest("x"), digest("y")])),)


@pytest.mark.parametrize(
    ("pairs", "previous", "settled"),
    [
        # a new image of a placed sequence goes where the sequence is
        ([], {"a1": "test"}, {"a1": "test", "a2": "test"}),
        # so does a near-duplicate, and with it its sequence
        ([pair("a1", "b1")], {"a1": "train"}, {"a2": "train", "b1": "train", "b2": "train"}),
        # a sequence that would link two splits goes to quarantine, whole
        (
            [pair("a1", "b1"), pair("c", "b2")],
            {"a1": "train", "a2": "train", "c": "test"},
            {"b1": QUARANTINE, "b2": QUARANTINE, "a1": "train", "c": "test"},
        ),
        # an image that would link its own sequence's split with another goes alone
        (
            [pair("a2", "c")],
            {"a1": "train", "c": "test"},
            {"a2": QUARANTINE, "a1": "train", "c": "test"},
        ),
        # a chain of new images between two splits goes to quarantine
        (
            [pair("a1", "b1"), pair("b2", "c")],
            {"a1": "train", "a2": "train", "c": "validation"},
            {"b1": QUARANTINE, "b2": QUARANTINE},
        ),
        # what hangs on quarantine by its sequence follows; by likeness it is free
        ([pair("a2", "c")], {"a1": QUARANTINE}, {"a2": QUARANTINE}),
    ],
)
def test_new_images_join_what_was_placed_which_never_moves(
    pairs: list[Pair], previous: dict[str, str], settled: dict[str, str]
) -> None:
    found, _ = placed(pairs, previous)
    assert found.items() >= {**previous, **settled}.items()


def test_without_a_bridge_the_rest_is_free_again() -> None:
    records = [record("t"), record("v"), record("bridge"), record("far")]
    old = {digest("t"): "train", digest("v"): "validation"}
    pairs = [pair("t", "bridge"), pair("v", "bridge"), pair("bridge", "far")]
    found = place(records, pairs, old)
    assert found.settled[digest("bridge")] == QUARANTINE
    assert found.free == ((digest("far"),),)
