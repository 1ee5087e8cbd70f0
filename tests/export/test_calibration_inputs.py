"""Calibration frames: of the training data alone, each source by its share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from belisha.errors import DatasetError, UsageError
from export.calibration_inputs import calibration_inputs
from tests.export.trained import PREPROCESSING, checkpoint
from tests.training.data.stores import with_images
from tests.training.drawn_street import draw_street
from training.checkpoint import Checkpoint, read_checkpoint
from training.config import Source
from training.data.store import Store

pytestmark = pytest.mark.xdist_group("exporter")


def trained_on(folder: Path, *sources: Source) -> Checkpoint:
    stored = read_checkpoint(checkpoint(folder))
    config = replace(stored.metadata.config, train=sources)
    return replace(stored, metadata=replace(stored.metadata, config=config))


def test_each_source_gives_by_its_share(tmp_path: Path) -> None:
    made = trained_on(tmp_path, Source("street", share=3.0), Source("other", share=1.0))
    draw_street(tmp_path / "other", seed=5)
    frames = calibration_inputs(made, PREPROCESSING, 4)
    assert len({frame.tobytes() for frame in frames}) == 4
    only = calibration_inputs(trained_on_again(made, Source("other")), PREPROCESSING, 6)
    others = {frame.tobytes() for frame in only}
    assert sum(frame.tobytes() in others for frame in frames) == 1
    assert all(frame.shape == (1, 65, 100, 3) for frame in frames)


def trained_on_again(made: Checkpoint, *sources: Source) -> Checkpoint:
    config = replace(made.metadata.config, train=sources)
    return replace(made, metadata=replace(made.metadata, config=config))


def test_a_store_gives_of_the_training_split_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        records = list(with_images(store, tmp_path / "pictures", 12))
        version = store.commit(records, name="v1", reason="a test")
        names = {record.sha256: "train" for record in records[:5]}
        names |= {record.sha256: "test" for record in records[5:]}
        version.assign(names)
        wanted = {version.image_path(record.sha256) for record in records[:5]}
    source = Source(store="store", version="v1", split="train")
    frames = calibration_inputs(trained_on(tmp_path, source), PREPROCESSING, 100)
    assert len(frames) == len(wanted) == 5


def test_nothing_asked_for_is_a_wrong_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 1 calibration frame, got 0"):
        calibration_inputs(trained_on(tmp_path, Source("street")), PREPROCESSING, 0)


def test_a_picture_that_is_gone_is_told(tmp_path: Path) -> None:
    made = trained_on(tmp_path, Source("street"))
    (tmp_path / "street" / "images" / "0.png").unlink()
    with pytest.raises(DatasetError, match=r"0.png"):
        calibration_inputs(made, PREPROCESSING, 6)
