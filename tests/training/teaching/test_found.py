"""People that teachers found: only what is new is added, with the chance that it deserves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.errors import DatasetError, UsageError
from belisha.frames import Image, Preprocessing
from tests.training.drawn_street import draw_street
from training.augment import Recipe, make_example
from training.data.coco import Dataset, read_coco
from training.loader import load_picture
from training.teaching.find import find
from training.teaching.found import SURE, is_new, with_found


@pytest.fixture
def street(tmp_path: Path) -> Dataset:
    return read_coco(draw_street(tmp_path / "street", pictures=2, people=1))


def looker(*rows: tuple[float, ...]) -> object:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return lambda _: Boxes(as_xyxy(table[:, :4]), table[:, 4])


def found_in(street: Dataset, folder: Path, *rows: tuple[float, ...]) -> Dataset:
    path = folder / "found.json"
    find(looker(*rows), [street], path, "drawn")  # type: ignore[arg-type]
    return with_found(street, path)


def test_a_drawn_person_and_a_dont_care_region_are_nothing_new() -> None:
    drawn = as_xyxy([[0, 0, 20, 40], [100, 0, 200, 100]])
    dont_care = np.array([False, True])
    found = as_xyxy([[1, 0, 21, 40], [120, 20, 130, 40], [60, 0, 80, 40], [5, 5, 10, 15]])
    assert is_new(found, drawn, dont_care).tolist() == [False, False, True, True]


def test_a_new_person_is_added_with_a_certainty(street: Dataset, tmp_path: Path) -> None:
    new = (120.0, 20.0, 140.0, 70.0)
    for score, certainty in ((0.9, 1.0), (sum(SURE) / 2, 0.5)):
        folder = tmp_path / str(score)
        sample = found_in(street, folder, (*new, score)).samples[0]
        assert sample.xyxy[-1].tolist() == list(new)
        assert not sample.dont_care[-1]
        assert sample.certainty is not None
        assert sample.certainty.tolist() == pytest.approx([1.0, certainty], abs=2e-3)


def test_a_doubtful_box_is_not_added(street: Dataset, tmp_path: Path) -> None:
    sample = found_in(street, tmp_path, (120, 20, 140, 70, SURE[0] - 0.05)).samples[0]
    assert len(sample.xyxy) == 1


def test_it_is_other_data(street: Dataset, tmp_path: Path) -> None:
    added = found_in(street, tmp_path, (120, 20, 140, 70, 0.5))
    assert added.fingerprint != street.fingerprint


def test_a_half_certain_box_is_a_person_half_of_the_time(street: Dataset, tmp_path: Path) -> None:
    sample = found_in(street, tmp_path, (120, 20, 140, 70, sum(SURE) / 2)).samples[0]
    picture = load_picture(sample)
    clean = Recipe(160, 128, p_natural=1, p_person=0, p_mosaic=0, least_height=1, p_spoil=0)
    examples = [
        make_example(
            lambda _: picture,
            np.random.default_rng(seed),
            Preprocessing(width=160, height=128),
            clean,
        )
        for seed in range(200)
    ]
    unsure = sum(len(example.dont_care) > 0 for example in examples)
    assert 60 < unsure < 170
    assert all(len(e.people) + len(e.dont_care) <= 2 for e in examples)


def test_looking_goes_on_where_it_was(street: Dataset, tmp_path: Path) -> None:
    class Tired:
        """Sees one picture, and stops."""

        seen = 0

        def __call__(self, _: Image) -> Boxes:
            Tired.seen += 1
            if Tired.seen == 2:
                raise KeyboardInterrupt
            return Boxes.empty()

    path = tmp_path / "found.json"
    with pytest.raises(KeyboardInterrupt):
        find(Tired(), [street], path, "drawn")
    find(Tired(), [street], path, "drawn")
    assert Tired.seen == 3
    with pytest.raises(UsageError, match="choose another file"):
        find(Tired(), [street], path, "somebody else")


def test_two_pictures_of_one_name_cannot_be_told_apart(street: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="two pictures have this name"):
        find(looker(), [street, street], tmp_path / "found.json", "drawn")  # type: ignore[arg-type]
