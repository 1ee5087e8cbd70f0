"""Batches of lessons, in place of examples: a shuffled book, gone through again and again."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from belisha.frames import Preprocessing
from training.augment import Example
from training.loader import Batch, collate
from training.spoil import spoil
from training.teaching.lessons import PUPIL_SIDE, Lessons, load_view


class LessonLoader:
    """Batches from a book; takes the place of `training.loader.Loader`.

    Args:
        lessons: the book.
        seed: with a lesson's number it decides which view it shows, and how it is spoilt.
        rank, ranks: with several, each makes its share of every global batch.
    """

    def __init__(self, lessons: Lessons, *, seed: int, rank: int = 0, ranks: int = 1) -> None:
        self._lessons, self._seed, self._rank, self._ranks = lessons, seed, rank, ranks
        self._preprocessing = Preprocessing(width=PUPIL_SIDE, height=PUPIL_SIDE)

    def batches(
        self, first: int, plan: Callable[[int], tuple[Preprocessing, int]]
    ) -> Generator[tuple[Batch, int], None, None]:
        """Batches without end; of the plan only the length is heeded, for views have one size."""
        with ThreadPoolExecutor(1, thread_name_prefix="lessons") as worker:
            _, length = plan(0)
            waiting = worker.submit(self._batch, first, length)
            planned = 1
            while True:
                current, whole = waiting.result(), length
                first, (_, length) = first + length, plan(planned)
                waiting = worker.submit(self._batch, first, length)
                planned += 1
                yield current, whole

    def _batch(self, first: int, length: int) -> Batch:
        numbers = range(first + self._rank, first + length, self._ranks)
        views = [self.view(number) for number in numbers]
        batch = collate(first, self._preprocessing, [self._example(n) for n in numbers])
        answers = tuple(
            torch.from_numpy(np.stack([answers[view] for view in views]))
            for answers in self._lessons.answers
        )
        return Batch(first, batch.preprocessing, batch.frames, batch.truth, answers)

    def view(self, number: int) -> int:
        """Which view a lesson shows: every view once before any comes again."""
        round_, place = divmod(number, self._lessons.index.count)
        return int(_order(self._lessons.index.count, self._seed, round_)[place])

    def _example(self, number: int) -> Example:
        frame, people, dont_care = load_view(self._lessons, self.view(number))
        generator = np.random.default_rng((self._seed, number))
        return Example(spoil(frame, generator, 1.0), people, dont_care)


@lru_cache(maxsize=2)
def _order(count: int, seed: int, round_: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, round_)).permutation(count)
