"""Leaks of a split, whoever made it."""

from __future__ import annotations

from tests.training.data.people import digest, record
from training.data.groups import QUARANTINE
from training.data.leaks import find_leaks
from training.data.near_duplicates import Pair

RECORDS = [
    record("a1", sequence="a"),
    record("a2", sequence="a"),
    record("b1", sequence="b"),
    record("c"),
    record("d"),
]


def assignment(**splits: str) -> dict[str, str]:
    return {digest(name): split for name, split in splits.items()}


def pair(first: str, second: str) -> Pair:
    low, high = sorted((digest(first), digest(second)))
    return Pair(low, high, 0.99, mirrored=False)


def test_a_sequence_cut_in_two_is_named() -> None:
    found = find_leaks(RECORDS, assignment(a1="train", a2="validation", b1="test"), ())
    assert found.sequences == {"drawn/a": ("train", "validation")}
    assert found.images == {"train": 1, "validation": 1, "test": 1}
    assert found.known == {"validation": 1}
    assert not found.clean


def test_near_duplicates_across_splits_are_listed_and_those_within_are_not() -> None:
    splits = assignment(a1="train", a2="train", b1="train", c="test", d="validation")
    pairs = [pair("a1", "c"), pair("a1", "b1"), pair("c", "d")]
    found = find_leaks(RECORDS, splits, pairs)
    assert found.pairs == (pairs[0], pairs[2])
    assert found.known == {"test": 1}, "validation knows test, but nobody trained on either"


def test_quarantine_and_images_of_no_split_cannot_leak() -> None:
    splits = assignment(a1="train", a2=QUARANTINE, c="test")
    found = find_leaks(RECORDS, splits, [pair("a2", "c"), pair("b1", "c")])
    assert found.clean
    assert found.images == {"train": 1, "test": 1}
