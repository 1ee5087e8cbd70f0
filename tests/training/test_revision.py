"""Which code is running."""

from __future__ import annotations

from training.revision import commit


def test_the_commit_is_a_hash_or_unknown() -> None:
    assert set(commit().rstrip("+")) <= set("0123456789abcdef")
