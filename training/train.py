"""A training run, from configuration to checkpoints.

    pool -> loader -> learner, step by step -> every epoch: validate, record, plot
                                            -> every few minutes: checkpoint

It may be killed at any moment; the same command goes on from the last checkpoint. Its length is
counted in the seconds that it truly trained, so a run that was paused still gets its due.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import torch

from belisha.errors import TrainingError, UsageError
from belisha.frames import Preprocessing
from training.checkpoint import (
    Checkpoint,
    Metadata,
    Progress,
    read_checkpoint,
    write_checkpoint,
)
from training.config import Config, Stage, read_sources
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.evaluate import LEAST_SCORE, evaluate
from training.journal import Journal
from training.learner import Learner, LossNotFiniteError, StepResult, learning_rate
from training.loader import Batch, Loader, load_pool
from training.model import LAYOUT
from training.ranks import Ranks
from training.revision import commit
from training.teaching.lesson_loader import LessonLoader
from training.teaching.lessons import Lessons
from training.torch_detector import TorchDetector

LONGEST_STEP = 10.0
"""Seconds that one step may count: more means that the process was stopped, not that it worked."""
LAST, BEST, FAILED = "last.pt", "best.pt", "failed_batch.pt"
_VALIDATION_THRESHOLD = 0.3


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How a run ended.

    Attributes:
        finished: whether it came to its planned end.
        progress: how far it came.
        figures: latest validation AP50 by data set.
        images_per_second: since this process started.
        checkpoint: file to go on from, or to export.
    """

    finished: bool
    progress: Progress
    figures: dict[str, float]
    images_per_second: float
    checkpoint: str


def train(config: Config, out: Path, ranks: Ranks, start: dict[str, Any] | None = None) -> Summary:
    """Train, or go on training, until the configured length is reached.

    Args:
        config: of the run.
        out: folder of the run; a checkpoint that lies there is continued.
        ranks: this process among all.
        start: state of the network to begin with where `out` holds no checkpoint yet; what the
            configuration says if absent.

    Raises:
        DatasetError: the data cannot be used.
        UsageError: `out` holds a run of another configuration.
        TrainingError: the loss is not finite, or a checkpoint cannot be written.
        KeyboardInterrupt: after a checkpoint was written.
    """
    cv2.setNumThreads(0)
    if config.threads:
        torch.set_num_threads(config.threads)
    validation = [dataset for dataset, _ in read_sources(config.validation, config.data)]
    if config.lessons:
        lessons = Lessons.open(Path(config.lessons))
        run = Run(config, out, ranks, validation, lessons.fingerprints, lessons.depths)
        taught = LessonLoader(lessons, seed=config.seed, rank=ranks.rank, ranks=ranks.count)
        run.learn(taught)
        return run.summary(True)
    sources = read_sources(config.train, config.data, cache=True)
    fingerprints = {dataset.name: dataset.fingerprint for dataset, _ in sources}
    run = Run(config, out, ranks, validation, fingerprints, start=start)
    loader = Loader(
        load_pool(sources),
        config.recipe,
        seed=config.seed,
        threads=config.loader_threads,
        rank=ranks.rank,
        ranks=ranks.count,
    )
    run.learn(loader)
    return run.summary(True)


class Run:
    """The state of a run; see `train`."""

    def __init__(
        self,
        config: Config,
        out: Path,
        ranks: Ranks,
        validation: list[Dataset],
        fingerprints: Mapping[str, str],
        depths: Sequence[int] = (),
        start: dict[str, Any] | None = None,
    ) -> None:
        self._config, self._out, self._ranks = config, out, ranks
        self._validation, self._fingerprints = validation, dict(fingerprints)
        if start is None and config.start:
            start = read_checkpoint(Path(config.start)).average
        self._learner = Learner(config, ranks, start=start, depths=depths)
        self._progress = Progress()
        self._figures: dict[str, float] = {}
        self._resume()
        self._started = self._progress
        self._since_epoch: list[StepResult] = []

    def learn(self, loader: Loader | LessonLoader) -> None:
        """Step until the end; checkpoints, validations and records on the way."""
        with Journal(self._out, self.done, speaks=self._ranks.leads) as journal:
            try:
                self._learn(loader, journal)
            except KeyboardInterrupt:
                self._save(LAST)
                journal.say(f"interrupted at {100 * self.done:.1f} %: {self.summary(False)}")
                raise

    def _learn(self, loader: Loader | LessonLoader, journal: Journal) -> None:
        """The loop of `learn`."""
        saved = time.monotonic()
        with closing(loader.batches(self._progress.examples, self._plan)) as batches:
            while self.done < 1:
                epoch = self._progress.examples // self._config.epoch
                self._step(batches)
                recent = [result.loss for result in self._since_epoch[-50:]]
                loss = sum(recent) / len(recent)
                journal.show(self.done, loss, self._images_per_second, self._seconds)
                if self._progress.examples // self._config.epoch > epoch or self.done >= 1:
                    self._end_epoch(journal)
                elif time.monotonic() - saved > 60 * self._config.save_minutes:
                    self._save(LAST)
                    saved = time.monotonic()

    @property
    def done(self) -> float:
        """Fraction of the run that is over."""
        return min(1.0, self._fraction(self._progress.step))

    @property
    def _images_per_second(self) -> float:
        """Of all ranks, since this process started; pauses do not count."""
        return (self._progress.examples - self._started.examples) / max(self._seconds, 1e-9)

    @property
    def _seconds(self) -> float:
        """Trained since this process started; pauses do not count."""
        return self._progress.seconds - self._started.seconds

    def summary(self, finished: bool) -> Summary:
        """How it stands."""
        return Summary(
            finished=finished,
            progress=self._progress,
            figures=self._figures,
            images_per_second=self._images_per_second,
            checkpoint=str(self._out / LAST),
        )

    def _fraction(self, step: int) -> float:
        if self._config.steps is not None:
            return step / self._config.steps
        return self._progress.seconds / (60 * (self._config.minutes or 1))

    def _plan(self, ahead: int) -> tuple[Preprocessing, int]:
        """Size and length of the batch that is `ahead` steps after the first of this process."""
        stage = self._stage(self._fraction(self._started.step + ahead))
        size = replace(self._config.preprocessing, width=stage.width, height=stage.height)
        return size, stage.batch

    def _stage(self, fraction: float) -> Stage:
        stages = self._config.stages
        return next((stage for stage in stages if fraction < stage.until), stages[-1])

    def _step(self, batches: Iterator[tuple[Batch, int]]) -> None:
        """One batch, from the loader to the weights."""
        begin = time.perf_counter()
        batch, length = next(batches)
        progress = self._progress
        try:
            rate = learning_rate(self._config, progress.step, self.done)
            self._since_epoch.append(self._learner.step(batch, rate))
        except LossNotFiniteError as error:
            raise self._failed(batch) from error
        # The leader's clock counts for all ranks, or they would not stop together.
        spent = min(time.perf_counter() - begin, LONGEST_STEP) if self._ranks.leads else 0.0
        self._progress = replace(
            progress,
            step=progress.step + 1,
            examples=progress.examples + length,
            seconds=progress.seconds + float(self._ranks.summed(torch.tensor(spent))),
        )

    def _failed(self, batch: Batch) -> TrainingError:
        """Save what made the loss not finite; the error to raise."""
        self._out.mkdir(parents=True, exist_ok=True)
        path = self._out / FAILED
        truth = {"people": batch.truth.people, "image_of": batch.truth.image_of}
        torch.save({"first": batch.first, "frames": batch.frames, **truth}, path)
        return TrainingError(
            f"the loss of step {self._progress.step} is not finite: the batch is in {path}, the "
            f"weights before it in {self._out / LAST} if that was written: look for broken "
            "boxes, or lower the rate"
        )

    def _end_epoch(self, journal: Journal) -> None:
        """Validate, keep, record."""
        if self._ranks.leads:
            self._figures = self._validated()
            mean = sum(self._figures.values()) / max(len(self._figures), 1)
            best = mean > self._progress.best
            self._progress = replace(self._progress, best=max(mean, self._progress.best))
            self._save(LAST)
            if best or not self._figures:
                self._save(BEST, resumable=False)
            journal.record(self._line())
        self._since_epoch = []

    def _validated(self) -> dict[str, float]:
        """AP50 of the averaged network by data set."""
        detector = TorchDetector(self._learner.averaged, self._config.preprocessing, LEAST_SCORE)
        figures = {}
        for dataset in self._validation:
            evaluation = evaluate(
                detector,
                dataset,
                threshold=_VALIDATION_THRESHOLD,
                min_heights=(0.0,),
                resampling=Resampling(count=0),
            )
            figures[dataset.name] = evaluation.results[0].ap50.value or 0.0
        return figures

    def _line(self) -> dict[str, Any]:
        """What the history keeps of an epoch."""
        rows = [asdict(result) for result in self._since_epoch]
        means = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
        return {
            **asdict(self._progress),
            **means,
            "done": self.done,
            "images_per_second": self._images_per_second,
            "ap50": self._figures,
        }

    def _save(self, name: str, *, resumable: bool = True) -> None:
        """Write a checkpoint, if this rank is the one that writes."""
        if not self._ranks.leads:
            return
        metadata = Metadata(
            config=self._config,
            preprocessing=self._config.preprocessing,
            layout=LAYOUT,
            fingerprints=self._fingerprints,
            commit=commit(),
            progress=self._progress,
            figures=self._figures,
        )
        state: dict[str, Any] = self._learner.state() if resumable else {}
        average = self._learner.averaged.state_dict()
        write_checkpoint(self._out / name, Checkpoint(metadata, average, state))

    def _resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        path = self._out / LAST
        if not path.exists():
            return
        checkpoint = read_checkpoint(path)
        if checkpoint.metadata.config != self._config:
            raise UsageError(
                f"{self._out} holds a run of another configuration: choose another folder, or "
                "remove it if that run is not wanted"
            )
        if checkpoint.metadata.fingerprints != self._fingerprints:
            raise UsageError(f"{self._out} holds a run on other data: choose another folder")
        self._learner.load(checkpoint.average, checkpoint.resume)
        self._progress = checkpoint.metadata.progress
        self._figures = checkpoint.metadata.figures
