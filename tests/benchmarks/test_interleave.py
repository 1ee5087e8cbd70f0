"""Taking turns: who is measured when, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from belisha.bench.result import Subject
from belisha.bench.sampling import WarmUp
from benchmarks.interleave import ROUNDS, SETTLING, interleave, ratios_of


@dataclass
class Scripted:
    """A contender that takes a given time, longer just after another one."""

    name: str
    spent_ms: float
    diary: list[tuple[str, int]]
    detect: None = None
    subject: Subject = field(init=False)

    def __post_init__(self) -> None:
        self.subject = Subject(name=self.name)

    def warm_up(self) -> WarmUp:
        return WarmUp(first_ms=50.0, frames=10)

    def run(self, first: int, count: int) -> Mapping[str, Sequence[float]]:
        self.diary.append((self.name, first))
        total = [99.0] * SETTLING + [self.spent_ms] * (count - SETTLING)
        return {"infer": [spent / 2 for spent in total], "total": total}

    def close(self) -> None:
        raise AssertionError("whoever opened it closes it")


def test_rounds_begin_with_another_one_and_all_see_the_same_frames() -> None:
    diary: list[tuple[str, int]] = []
    interleave([Scripted(name, 1.0, diary) for name in "abc"], portion=4)
    assert len(diary) == 3 * ROUNDS
    assert [name for name, _ in diary[:6]] == ["a", "b", "c", "b", "c", "a"]
    assert [first for _, first in diary[:6]] == [0, 0, 0, 4, 4, 4]


def test_frames_that_find_the_neighbours_caches_are_left_out() -> None:
    (subject,) = interleave([Scripted("a", 2.0, [])], portion=5)
    assert subject.closed is not None
    assert set(subject.closed.total_ms) == {2.0}
    assert len(subject.closed.total_ms) == 5 * ROUNDS
    assert subject.closed.warm_up.first_ms == 50.0


def test_ratios_are_of_the_whole_and_of_the_network() -> None:
    fast, slow = interleave([Scripted("a", 1.0, []), Scripted("b", 4.0, [])], portion=40)
    ratios = ratios_of(fast, slow)
    assert [ratio.what for ratio in ratios] == ["total p50", "total p99", "infer p50", "infer p99"]
    assert {ratio.ratio for ratio in ratios} == {0.25}
    assert {ratio.verdict for ratio in ratios} == {"faster"}
    assert (ratios[0].first, ratios[0].second) == ("a", "b")


def test_who_was_not_measured_has_no_ratio() -> None:
    assert ratios_of(Subject(name="a"), Subject(name="b", skipped="no weights")) == ()


@pytest.mark.parametrize("portion", [1, 5])
def test_p99_is_left_out_where_the_rounds_are_short(portion: int) -> None:
    one, other = interleave([Scripted("a", 1.0, []), Scripted("b", 1.0, [])], portion)
    assert {ratio.what for ratio in ratios_of(one, other)} == {"total p50", "infer p50"}
