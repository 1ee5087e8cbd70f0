"""What a training run is made of, as it stands in a YAML file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from belisha.errors import ConfigError
from belisha.frames import Preprocessing
from training.augment import Recipe
from training.data.coco import Dataset, read_coco
from training.data.pixel_cache import open_cache
from training.data.store import Store
from training.data.version import SEALED
from training.model import GROUP, LEAST_SIDE, SIZES, fits
from training.teaching.found import with_found


@dataclass(frozen=True)
class Source:
    """A part of a data set: of a folder, or of a version in a store.

    Attributes:
        path: folder of a data set, relative to the configuration's `data`.
        where: conditions on its images, as in `training.data.coco.Dataset.select`.
        share: of the examples; shares are relative to each other.
        store: folder of a store, relative to the configuration's `data`; instead of `path`.
        version: of the store; always named, for `the latest` would be other data tomorrow.
        split: `train` or `validation`; all that is not withheld if empty.
        found: file of boxes that teachers found, relative to the configuration's `data`; they are
            added with the chance that they are right, see `training.teaching.found`.
    """

    path: str = ""
    where: tuple[str, ...] = ()
    share: float = 1.0
    store: str = ""
    version: str = ""
    split: str = ""
    found: str = ""


@dataclass(frozen=True)
class Stage:
    """A part of the training with one size of input: small frames first are cheap.

    Attributes:
        until: fraction of the whole training at which the stage ends.
        width, height: of the frames in pixels, in multiples of the stem's stride.
        batch: frames in a step, of all ranks together.
    """

    until: float
    width: int
    height: int
    batch: int


@dataclass(frozen=True)
class Tuning:
    """Quantisation-aware fine-tuning of a network that has learnt in float.

    Attributes:
        checkpoint: sha256 of the file that it began from.
        scales: tensor -> real value of one step, by the names of `training.quantised`.
    """

    checkpoint: str
    scales: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Config:
    """A training run.

    Attributes:
        train, validation: parts of data sets.
        data: folder of the data sets, relative to the working directory.
        size: one of `training.model.SIZES`.
        start: checkpoint whose weights the run begins with, relative to the working directory.
        lessons: folder of `python -m training teach`, relative to the working directory: views with
            the teachers' answers are learnt instead of examples made of `train`.
        width, height: of the detector's input in pixels; best those of the camera, which then needs
            no resize, and at least its aspect, for padding is paid for like picture.
        minutes, steps: length of the run, one of the two; pauses do not count.
        stages: in order; the last one ends at 1.
        seed: of the weights and of every example.
        rate: highest learning rate of AdamW.
        weight_decay: of the kernels.
        warm_up: steps in which the rate rises.
        last_rate: lowest rate at the end, as a fraction of `rate`.
        clip: greatest norm of the gradient.
        average_decay: of the moving average of the weights, which is what is used.
        precision: `bfloat16` is fast only where the processor has it; elsewhere ten times slower.
        threads: of torch; 0 leaves it to torch.
        loader_threads: that make examples.
        epoch: examples between two validations.
        save_minutes: between two checkpoints.
        recipe: how examples are made.
        tuning: absent where a network learns from the beginning.
    """

    train: tuple[Source, ...]
    stages: tuple[Stage, ...]
    validation: tuple[Source, ...] = ()
    data: str = "../shared/data"
    size: str = "small"
    start: str = ""
    lessons: str = ""
    width: int = 640
    height: int = 480
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    rate: float = 2e-3
    weight_decay: float = 0.03
    warm_up: int = 200
    last_rate: float = 0.01
    clip: float = 10.0
    average_decay: float = 0.999
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: int = 0
    loader_threads: int = 1
    epoch: int = 10_000
    save_minutes: float = 2.0
    recipe: Recipe = field(default_factory=Recipe)
    tuning: Tuning | None = None

    @property
    def preprocessing(self) -> Preprocessing:
        """Of the detector."""
        return Preprocessing(width=self.width, height=self.height)


def checked(config: Config, name: str) -> Config:
    """The configuration, if its values make sense together.

    Raises:
        ConfigError: they do not; the message names the file.
    """
    for problem in _problems(config):
        raise ConfigError(f"{name}: {problem}")
    return config


def _problems(config: Config) -> list[str]:
    """What is wrong, in words."""
    problems = []
    if (config.minutes is None) == (config.steps is None):
        problems.append("expected one of minutes and steps, got both or neither: keep one")
    if config.size not in SIZES:
        problems.append(f"expected size to be one of {', '.join(SIZES)}, got {config.size!r}")
    if not config.train or not config.stages:
        problems.append("expected at least one entry in train and one in stages")
    ends = [stage.until for stage in config.stages]
    if ends and (ends != sorted(ends) or ends[-1] != 1):
        problems.append(f"expected stages whose 'until' rises to 1, got {ends}")
    sizes = [(stage.width, stage.height) for stage in config.stages]
    for width, height in [*sizes, (config.width, config.height)]:
        if not fits(width, height):
            problems.append(
                f"expected sides from {LEAST_SIDE} pixels on, in multiples of {GROUP}, "
                f"got {width}x{height}"
            )
    if any(stage.batch < 1 for stage in config.stages) or config.epoch < 1:
        problems.append("expected batches and an epoch of at least 1")
    if (config.minutes or config.steps or 0) <= 0:
        problems.append("expected a run longer than nothing")
    sources = (*config.train, *config.validation)
    return [*problems, *(problem for source in sources for problem in _problems_of(source))]


def _problems_of(source: Source) -> list[str]:
    """What is wrong with a source, in words."""
    problems = []
    if bool(source.path) == bool(source.store):
        problems.append("expected a source with one of path and store, got both or neither")
    if source.store and not source.version:
        problems.append(f"expected a version of the store {source.store}: name one")
    if source.path and (source.version or source.split):
        problems.append(f"{source.path}: only a store has versions and splits: name its `store`")
    if source.share <= 0:
        problems.append("expected shares above 0")
    if source.store and (source.split == SEALED or f"split={SEALED}" in source.where):
        problems.append(
            f"expected split train or validation, got {SEALED}: it is sealed; it is opened by "
            "'python -m training evaluate' with a name and a reason"
        )
    return problems


def read_sources(
    sources: tuple[Source, ...], data: str, *, cache: bool = False
) -> list[tuple[Dataset, float]]:
    """The data sets with their shares.

    Args:
        sources: folders, or versions in stores.
        data: folder that they are relative to.
        cache: decode the pictures of stores beforehand, unless that was done.

    Raises:
        DatasetError: one cannot be read, or a selection is empty.
    """
    return [(_read(source, Path(data), cache), source.share) for source in sources]


def _read(source: Source, data: Path, cache: bool) -> Dataset:
    if not source.store:
        return _completed(read_coco(data / source.path).select(source.where), source, data)
    with Store.open(data / source.store) as store:
        version = store.version(source.version)
        dataset = version.dataset(source.split or None, source.where)
        pixels = open_cache(store.path, version) if cache else None
    return _completed(replace(dataset, pixels=pixels), source, data)


def _completed(dataset: Dataset, source: Source, data: Path) -> Dataset:
    """The data set, with what teachers found on it."""
    return with_found(dataset, data / source.found) if source.found else dataset
