"""Network inputs that a plan is made on: of the checkpoint's own training data, every condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError, FrameError, UsageError
from belisha.frames import Image, Preprocessing
from training.checkpoint import Checkpoint
from training.config import Source, read_sources
from training.data.calibration_frames import calibration_frames
from training.data.split import TRAIN
from training.data.store import Store


def calibration_inputs(
    checkpoint: Checkpoint, preprocessing: Preprocessing, count: int
) -> list[Image]:
    """Network inputs from the checkpoint's training data, each source in proportion to its share.

    Of a store's version, conditions and drives take turns; of a folder, which knows neither,
    pictures are taken at even distances.

    Args:
        checkpoint: names the data.
        preprocessing: of the detector.
        count: how many.

    Returns:
        (1, H, W, 3) uint8 each.

    Raises:
        UsageError: no frame is asked for.
        DatasetError: the data cannot be read.
    """
    if count < 1:
        raise UsageError(f"expected at least 1 calibration frame, got {count}")
    config = checkpoint.metadata.config
    total = sum(source.share for source in config.train)
    paths = [
        path
        for source in config.train
        for path in _pictures(source, config.data, max(1, round(count * source.share / total)))
    ]
    bar = tqdm(paths, "calibration frames", unit="frame", leave=False, disable=None)
    return [_input(path, preprocessing) for path in bar]


def _pictures(source: Source, data: str, count: int) -> Sequence[Path]:
    """Picture files of one source."""
    if source.store:
        return list(_of_store(source, data, count))
    ((dataset, _),) = read_sources((source,), data)
    places = np.linspace(0, len(dataset) - 1, min(count, len(dataset)))
    return [dataset.samples[int(place)].path for place in places]


def _of_store(source: Source, data: str, count: int) -> Iterator[Path]:
    with Store.open(Path(data) / source.store) as store:
        version = store.version(source.version)
        readable = list(version.readable(source.split or None, source.where))
        # A version that was never split is training data as a whole.
        splits = {record.sha256: split or TRAIN for record, split in readable}
        for record in calibration_frames([record for record, _ in readable], splits, count):
            yield version.image_path(record.sha256)


def _input(path: Path, preprocessing: Preprocessing) -> Image:
    try:
        image = read_picture(path)
    except FrameError as error:
        raise DatasetError(f"the data set lists a picture that cannot be used: {error}") from error
    return preprocessing.for_frame(image.shape[1], image.shape[0]).apply(image)
