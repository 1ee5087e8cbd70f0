"""The loader: the same examples in the same order, whoever asks and wherever one begins."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from belisha.errors import DatasetError
from belisha.frames import Preprocessing
from tests.training.drawn_street import HEIGHT, WIDTH, draw_street
from tests.training.evaluation.truth import write_coco
from training.augment import Recipe
from training.data.coco import Dataset, read_coco
from training.data.ingest import ingest
from training.data.pixel_cache import open_cache
from training.data.plan import Plan, SourcePlan
from training.data.store import Store
from training.loader import Batch, Loader, Pool, load_picture, load_pool

SIZE = Preprocessing(width=100, height=65)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return read_coco(draw_street(tmp_path_factory.mktemp("data") / "street"))


@pytest.fixture(scope="module")
def pool(street: Dataset) -> Pool:
    return load_pool([(street, 1.0)])


def batches(pool: Pool, first: int, count: int, **how: int) -> list[Batch]:
    loader = Loader(pool, Recipe(), seed=3, **how)
    made = loader.batches(first, lambda _: (SIZE, 4))
    result = [batch for batch, _ in islice(made, count)]
    made.close()
    return result


def test_a_batch_holds_frames_and_truth(pool: Pool) -> None:
    (batch,) = batches(pool, 0, 1)
    assert batch.frames.shape == (4, 65, 100, 3)
    assert batch.frames.dtype == torch.uint8
    assert batch.truth.people.shape == (len(batch.truth.image_of), 4)
    assert batch.truth.dont_care.shape[0] == 4


def test_a_run_that_begins_later_gets_the_very_same_batches(pool: Pool) -> None:
    from_start, later = batches(pool, 0, 5), batches(pool, 8, 3, threads=2)
    for expected, got in zip(from_start[2:], later, strict=True):
        assert expected.first == got.first
        assert torch.equal(expected.frames, got.frames)
        assert torch.equal(expected.truth.people, got.truth.people)


def test_ranks_share_a_batch_between_them(pool: Pool) -> None:
    (whole,) = batches(pool, 0, 1)
    (even,), (odd,) = (batches(pool, 0, 1, rank=rank, ranks=2) for rank in range(2))
    assert torch.equal(whole.frames[0::2], even.frames)
    assert torch.equal(whole.frames[1::2], odd.frames)


def test_each_batch_may_have_its_own_size(pool: Pool) -> None:
    plans = [(SIZE, 4), (replace(SIZE, width=128), 2)]
    made = Loader(pool, Recipe(), seed=3).batches(0, lambda ahead: plans[min(ahead, 1)])
    (first, _), (second, length) = islice(made, 2)
    made.close()
    assert first.frames.shape == (4, 65, 100, 3)
    assert second.frames.shape == (2, 65, 128, 3)
    assert (second.first, length) == (4, 2)


def test_data_sets_are_drawn_by_their_shares(street: Dataset, tmp_path: Path) -> None:
    """Two pictures with a share of 9 come as often as six with a share of 1 do nine times."""
    few = read_coco(draw_street(tmp_path / "few", pictures=2))
    pool = load_pool([(street, 1.0), (few, 9.0)])
    generator = np.random.default_rng(0)
    drawn = [pool.draw(generator) for _ in range(500)]
    of_few = sum(any(picture is one for one in pool.pictures[6:]) for picture in drawn)
    assert of_few == pytest.approx(450, abs=25)


def test_boxes_are_cut_at_the_picture_and_those_outside_dropped(tmp_path: Path) -> None:
    folder = draw_street(tmp_path / "street", pictures=1, people=0)
    rows = [[-20, 10, 40, 60], [WIDTH + 5, 10, 20, 40], [WIDTH - 10, HEIGHT - 30, 50, 90]]
    people = [{"id": index, "image_id": 0, "bbox": row} for index, row in enumerate(rows)]
    images = [{"id": 0, "file_name": "0.png", "width": WIDTH, "height": HEIGHT}]
    picture = load_picture(read_coco(write_coco(folder, images, people)).samples[0])
    assert picture.xyxy.tolist() == [[0, 10, 20, 70], [WIDTH - 10, HEIGHT - 30, WIDTH, HEIGHT]]


def test_a_large_picture_is_kept_small_with_its_boxes(tmp_path: Path) -> None:
    folder = tmp_path / "large"
    (folder / "images").mkdir(parents=True)
    import cv2

    assert cv2.imwrite(str(folder / "images" / "a.png"), np.zeros((640, 1280, 3), np.uint8))
    images = [{"id": 0, "file_name": "a.png", "width": 1280, "height": 640}]
    people = [{"id": 0, "image_id": 0, "bbox": [100, 50, 60, 120]}]
    picture = load_picture(read_coco(write_coco(folder, images, people)).samples[0])
    assert picture.image.shape == (320, 640, 3)
    assert picture.xyxy.tolist() == [[50, 25, 80, 85]]


def test_pictures_of_a_store_are_mapped_from_its_cache_and_train_the_same(
    street: Dataset, tmp_path: Path
) -> None:
    """The same examples, pixel for pixel, though no picture is decoded any more."""
    folder = str(street.samples[0].path.parents[1])
    plan = Plan(sources=(SourcePlan(name="street", path=folder),))
    with Store.open(tmp_path / "store", create=True) as store:
        version = ingest(store, plan).version
        kept = replace(version.dataset(), pixels=open_cache(store.path, version))
        for sample in kept.samples:
            sample.path.unlink()
    cached, plain = load_pool([(kept, 1.0)]), load_pool([(street, 1.0)])
    for expected, got in zip(batches(plain, 0, 3), batches(cached, 0, 3, threads=2), strict=True):
        assert torch.equal(expected.frames, got.frames)
        assert torch.equal(expected.truth.people, got.truth.people)


def test_data_without_people_are_refused(tmp_path: Path) -> None:
    empty = read_coco(draw_street(tmp_path / "empty", people=0))
    with pytest.raises(DatasetError, match=r"\['empty'\]: expected people, got none"):
        load_pool([(empty, 1.0)])


def test_a_missing_picture_is_named_before_training_begins(tmp_path: Path) -> None:
    folder = draw_street(tmp_path / "street")
    (folder / "images" / "4.png").unlink()
    with pytest.raises(DatasetError, match=r"4\.png"):
        load_pool([(read_coco(folder), 1.0)])


def test_a_picture_that_goes_missing_later_does_no_harm(tmp_path: Path) -> None:
    """All pictures are in memory, so files may go in the middle of an epoch."""
    folder = draw_street(tmp_path / "street")
    pool = load_pool([(read_coco(folder), 1.0)])
    for path in (folder / "images").iterdir():
        path.unlink()
    assert len(batches(pool, 0, 3)) == 3
