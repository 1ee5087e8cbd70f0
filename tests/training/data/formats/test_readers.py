"""What all readers have in common: the same two images give the same records, in any format."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from belisha.errors import DatasetError, UsageError
from tests.training.data.annotated import (
    HEIGHT,
    PERSON,
    RIDER,
    WIDTH,
    WRITERS,
    dump,
    read,
    records,
    told,
)
from training.data.formats import NAMES, open_reader
from training.data.formats.sources import read_bytes

FORMS = sorted(WRITERS)
TEXTS = frozenset({".json", ".txt", ".xml", ".yaml"})


def test_every_format_is_drawn_and_tested_here() -> None:
    assert sorted(NAMES) == FORMS


def test_an_unknown_format_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"expected a format of citypersons, coco.*got 'tfds'"):
        open_reader("tfds")


@pytest.mark.parametrize("form", FORMS)
def test_a_person_and_a_rider_are_read_where_they_were_drawn(form: str, tmp_path: Path) -> None:
    reading = read(form, WRITERS[form](tmp_path / "set"))
    first, second = records(reading)
    person, rider = first.annotations
    assert person.xyxy == pytest.approx(PERSON)
    assert (person.kind, person.reason) == ("person", "")
    assert rider.xyxy == pytest.approx(RIDER)
    assert (rider.kind, rider.reason) == ("dont_care", rider.label.lower())
    assert (first.width, first.height) == (WIDTH, HEIGHT)
    assert second.annotations == (), "an image without people is background, not absent"
    assert all(draft.path.is_file() for draft in reading.drafts)


@pytest.mark.parametrize("form", FORMS)
def test_what_became_dont_care_is_counted_with_its_place(form: str, tmp_path: Path) -> None:
    reading = read(form, WRITERS[form](tmp_path / "set"))
    (found,) = [one for one in reading.findings if one.action == "dont_care"]
    assert found.count == 1
    assert "rider" in found.what or "Cyclist" in found.what
    assert str(tmp_path) in found.example


@pytest.mark.parametrize("form", FORMS)
def test_labels_mean_what_the_options_say(form: str, tmp_path: Path) -> None:
    folder = WRITERS[form](tmp_path / "set")
    label = "cyclist" if form == "kitti" else "rider"
    as_person = records(read(form, folder, labels={label: "person"}))[0].annotations
    expected = "dont_care" if form == "coco" else "person"  # COCO's own flag stays
    assert [one.kind for one in as_person] == ["person", expected]
    if form != "coco":
        dropped = read(form, folder, labels={label: "drop"})
        assert len(records(dropped)[0].annotations) == 1
        assert told(dropped, "dropped", "not a person") >= 1


@pytest.mark.parametrize("form", FORMS)
def test_an_absent_source_is_named(form: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        read(form, tmp_path / "nowhere")


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"coco"}))
def test_annotations_of_a_missing_image_are_dropped_and_counted(form: str, tmp_path: Path) -> None:
    folder = WRITERS[form](tmp_path / "set")
    (image,) = (path for path in folder.rglob("*a*.png"))
    image.unlink()
    reading = read(form, folder)
    assert len(reading.drafts) == 1
    assert told(reading, "dropped", "image") == 1


def test_a_file_is_read_within_bounds(tmp_path: Path) -> None:
    path = dump(tmp_path / "a.txt", "x" * 11)
    assert len(read_bytes(path, 11)) == 11
    with pytest.raises(DatasetError, match=r"a\.txt: expected at most 10 bytes"):
        read_bytes(path, 10)


def mutated(data: bytes, generator: random.Random) -> bytes:
    """Bytes with a few things wrong: flips, cuts, doublings, words that do not belong."""
    for _ in range(generator.randint(1, 3)):
        place = generator.randrange(len(data) + 1)
        stop = min(len(data), place + generator.randint(1, 12))
        kind = generator.randrange(6)
        if kind == 0:
            data = data[:place] + bytes([generator.randrange(256)]) + data[stop:]
        elif kind == 1:
            data = data[:place]
        elif kind == 2:
            data = data[:place] + data[place:stop] * 3 + data[stop:]
        elif kind == 3:
            numbers = list(re.finditer(rb"[0-9.]+", data))
            if numbers:
                one = generator.choice(numbers)
                other = generator.choice([b"-1", b"1e400", b"nan", b"0", b"99999999999", b"null"])
                data = data[: one.start()] + other + data[one.end() :]
        elif kind == 4:
            words = list(re.finditer(rb"[A-Za-z_]{2,}", data))
            if words:
                one = generator.choice(words)
                other = generator.choice([b"x", b"\xff\xfe", b"true", b"../../etc/passwd", b"\x00"])
                data = data[: one.start()] + other + data[one.end() :]
        else:
            values = list(re.finditer(rb'"[^"]*"|\[[^\[\]]*\]|\{[^{}]*\}', data))
            if values:
                one = generator.choice(values)
                other = generator.choice(
                    [b"[]", b"{}", b'""', b"null", b"[[]]", b"7", b'"\\ud800"']
                )
                data = data[: one.start()] + other + data[one.end() :]
    return data


def survives(form: str, folder: Path, seed: int) -> bool:
    """Read a source with one file mutated; true if a reading came of it."""
    generator = random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.suffix in TEXTS)
    path = generator.choice(files)
    original = path.read_bytes()
    try:
        path.write_bytes(mutated(original, generator))
        reading = read(form, folder)
    except DatasetError as error:
        assert str(folder) in str(error)
        return False
    finally:
        path.write_bytes(original)
    for record in records(reading):
        assert 1 <= record.width <= 65535
        for annotation in record.annotations:
            left, top, right, bottom = annotation.xyxy
            assert left < right
            assert top < bottom
            assert annotation.occlusion is None or 0 <= annotation.occlusion <= 1
    return True


@pytest.mark.parametrize("form", FORMS)
def test_mutated_sources_give_an_error_of_the_tree_or_sound_records(
    form: str, tmp_path: Path
) -> None:
    folder = WRITERS[form](tmp_path / "set")
    outcomes = [survives(form, folder, seed) for seed in range(120)]
    assert 0 < sum(outcomes) < 120, "both ways must have been tried"


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_ten_thousand_mutated_sources(form: str, tmp_path: Path) -> None:
    folder = WRITERS[form](tmp_path / "set")
    outcomes = [survives(form, folder, seed) for seed in range(120, 10_120)]
    assert any(outcomes)


@pytest.mark.parametrize("form", ["yolo", "kitti"])
def test_a_picture_cut_short_is_an_error_or_still_has_its_size(form: str, tmp_path: Path) -> None:
    folder = WRITERS[form](tmp_path / "set")
    image = next(folder.rglob("a.png"))
    whole = image.read_bytes()
    for length in (0, 4, 20, 30):
        image.write_bytes(whole[:length])
        try:
            assert records(read(form, folder))[0].width == WIDTH
        except DatasetError as error:
            assert "a.png" in str(error)
