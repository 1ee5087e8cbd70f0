"""Renewing a spent test set: of what nobody has trained on or chosen by."""

from __future__ import annotations

from tests.training.data.people import digest, record
from training.data.near_duplicates import Pair
from training.data.refresh import propose_refresh

USED = {digest("old"): "train", digest("spent"): "test"}


def test_new_sequences_become_the_test_set_and_the_spent_one_goes_to_train() -> None:
    records = [
        record("old"),
        record("spent"),
        record("n1", sequence="n"),
        record("n2", sequence="n"),
    ]
    found = propose_refresh(records, (), USED)
    assert found.fresh == tuple(sorted(map(digest, ("n1", "n2"))))
    assert (found.groups, found.enough) == (1, True)
    assert found.assignment[digest("spent")] == "train"
    assert found.assignment[digest("old")] == "train"
    assert found.assignment[digest("n1")] == "test"


def test_what_is_tied_to_known_images_is_not_fresh() -> None:
    records = [
        record("old", sequence="a"),
        record("same drive", sequence="a"),
        record("spent"),
        record("copy"),
    ]
    low, high = sorted((digest("copy"), digest("spent")))
    found = propose_refresh(records, [Pair(low, high, 0.99, mirrored=False)], USED)
    assert found.fresh == ()
    assert not found.enough
    assert (
        found.assignment[digest("copy")] == found.assignment[digest("same drive")] == "quarantine"
    )
