"""Batches that are always there before they are asked for.

    data sets -> pictures in memory -> examples made ahead by threads -> batches, in order

An example is a function of (seed, its number), so a run that was killed goes on with the very
batches that it would have had.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from belisha.boxes import FloatArray, clip
from belisha.errors import DatasetError
from belisha.frames import Preprocessing
from training.augment import Example, Picture, Recipe, make_example
from training.data.coco import Dataset, Pixels, Sample
from training.data.picture import read_image, shrinkage, shrunk
from training.loss import Truth


@dataclass(frozen=True, eq=False)
class Batch:
    """Network inputs with their truth.

    Attributes:
        first: number of the first example.
        preprocessing: the size of the frames.
        frames: (B, H, W, 3) uint8.
        truth: in network pixels.
        answers: what each teacher says, (B, cells, 80) uint8; none outside of lessons.
    """

    first: int
    preprocessing: Preprocessing
    frames: Tensor
    truth: Truth
    answers: tuple[Tensor, ...] = ()


@dataclass(frozen=True, eq=False)
class Pool:
    """Pictures of several data sets, each with its chance of being drawn.

    Attributes:
        pictures: in memory.
        cumulative: (len(pictures),) float64, the chances added up; the last is 1.
    """

    pictures: tuple[Picture, ...]
    cumulative: NDArray[np.float64]

    def draw(self, generator: np.random.Generator) -> Picture:
        """A picture."""
        index = np.searchsorted(self.cumulative, generator.random(), side="right")
        return self.pictures[min(int(index), len(self.pictures) - 1)]


def load_pool(datasets: Sequence[tuple[Dataset, float]]) -> Pool:
    """Read all pictures into memory; those that a cache has are only mapped into it.

    Args:
        datasets: each with its share of the examples; shares need not add up to 1.

    Raises:
        DatasetError: a picture is missing or broken, or nobody is in any of them.
    """
    if not any(len(sample.people) for dataset, _ in datasets for sample in dataset.samples):
        names = [dataset.name for dataset, _ in datasets]
        raise DatasetError(
            f"{names}: expected people, got none in any picture: "
            "a detector cannot learn from background alone"
        )
    count = sum(len(dataset) for dataset, _ in datasets)
    pictures, chances = [], []
    with tqdm(total=count, desc="read", unit="image", leave=False, disable=None) as progress:
        for dataset, share in datasets:
            for sample in dataset.samples:
                pictures.append(load_picture(sample, dataset.pixels))
                chances.append(share / len(dataset))
                progress.update()
    cumulative = np.cumsum(chances)
    return Pool(tuple(pictures), cumulative / cumulative[-1])


def load_picture(sample: Sample, pixels: Pixels | None = None) -> Picture:
    """A picture at its training size; boxes are cut at its borders, those outside are dropped.

    Args:
        sample: the picture and its truth.
        pixels: where it may lie decoded.

    Raises:
        DatasetError: the file is missing, broken or of another size than the annotations say.
    """
    image = pixels.find(sample) if pixels is not None else None
    if image is None:
        image = shrunk(read_image(sample))
    xyxy = clip(sample.xyxy, sample.width, sample.height)
    kept = ((xyxy[:, 2:] - xyxy[:, :2]) > 0).all(axis=1)
    xyxy = xyxy * np.float32(shrinkage(sample.width, sample.height))
    certainty = sample.certainty[kept] if sample.certainty is not None else None
    return Picture(image, xyxy[kept], sample.dont_care[kept], certainty)


class Loader:
    """Batches from a pool, made ahead.

    Args:
        pool: the pictures.
        recipe: how examples are made.
        seed: with an example's number it decides all.
        threads: workers beside the training.
        rank, ranks: with several, each makes its share of every global batch.
    """

    def __init__(
        self,
        pool: Pool,
        recipe: Recipe,
        *,
        seed: int,
        threads: int = 1,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self._pool, self._recipe, self._seed = pool, recipe, seed
        self._threads, self._rank, self._ranks = threads, rank, ranks

    def example(self, number: int, preprocessing: Preprocessing) -> Example:
        """The example of a number; the same whenever and wherever it is made."""
        generator = np.random.default_rng((self._seed, number))
        return make_example(self._pool.draw, generator, preprocessing, self._recipe)

    def batches(
        self, first: int, plan: Callable[[int], tuple[Preprocessing, int]], ahead: int = 3
    ) -> Generator[tuple[Batch, int], None, None]:
        """Batches without end.

        Args:
            first: number of the first example.
            plan: gives size and global length of the n-th batch from here; asked once a batch,
                in order, when the batch begins to be made.
            ahead: batches that are kept ready.

        Yields:
            This rank's share of a batch, and the length of the whole.
        """
        waiting: deque[tuple[int, int, Preprocessing, list[Future[Example]]]] = deque()
        workers = ThreadPoolExecutor(self._threads, thread_name_prefix="loader")
        planned = 0
        try:
            while True:
                while len(waiting) <= ahead:
                    preprocessing, length = plan(planned)
                    numbers = range(first + self._rank, first + length, self._ranks)
                    futures = [
                        workers.submit(self.example, number, preprocessing) for number in numbers
                    ]
                    waiting.append((first, length, preprocessing, futures))
                    first, planned = first + length, planned + 1
                number, whole, preprocessing, futures = waiting.popleft()
                examples = [future.result() for future in futures]
                yield collate(number, preprocessing, examples), whole
        finally:
            workers.shutdown(wait=True, cancel_futures=True)


def collate(first: int, preprocessing: Preprocessing, examples: Sequence[Example]) -> Batch:
    """Put examples together."""
    frames = torch.from_numpy(np.stack([example.frame for example in examples]))
    people = torch.from_numpy(np.concatenate([example.people for example in examples]))
    counts = torch.tensor([len(example.people) for example in examples])
    image_of = torch.repeat_interleave(torch.arange(len(examples)), counts)
    dont_care = _padded([example.dont_care for example in examples])
    return Batch(first, preprocessing, frames, Truth(people, image_of, dont_care))


def _padded(rows: Sequence[FloatArray]) -> Tensor:
    """B arrays (R_i, 4) -> (B, max R_i, 4), filled up with zeros."""
    padded = np.zeros((len(rows), max(map(len, rows)), 4), np.float32)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return torch.from_numpy(padded)
