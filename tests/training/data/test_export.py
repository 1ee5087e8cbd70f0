"""Export: COCO loses nothing, YOLO says what it loses, and the sealed split never leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from belisha.errors import DatasetError, UsageError
from tests.training.data.annotated import PERSON, RIDER, WRITERS, read
from tests.training.data.stores import with_images
from training.data.coco import read_coco
from training.data.export import export_coco, export_yolo
from training.data.ingest import ingest
from training.data.plan import Plan, SourcePlan
from training.data.records import Record
from training.data.store import Store
from training.data.version import Version


@pytest.fixture
def version(store: Store, tmp_path: Path) -> Version:
    return store.commit(with_images(store, tmp_path / "images", 6))


def taken_in(store: Store, folder: Path, form: str, **how: str) -> list[Record]:
    plan = Plan(sources=(SourcePlan(name="again", path=str(folder), format=form, **how),))
    return list(ingest(store, plan).version.records())


def test_coco_read_back_gives_the_very_same_records(
    store: Store, version: Version, tmp_path: Path
) -> None:
    done = export_coco(version, tmp_path / "out", None, [])
    assert (done.images, done.findings) == (6, ())
    assert taken_in(store, tmp_path / "out", "coco") == list(version.records())
    assert len(store.versions()) == 2
    assert store.version().fingerprint == version.fingerprint


@pytest.mark.parametrize("form", sorted(WRITERS))
def test_every_format_survives_the_way_through_coco(
    store: Store, tmp_path: Path, form: str
) -> None:
    folder = WRITERS[form](tmp_path / "set")
    images = str(folder / "images") if form == "label_studio" else ""
    path = folder / "tasks.json" if form == "label_studio" else folder
    records = taken_in(store, path, form, images=images)
    version = store.version()
    export_coco(version, tmp_path / "out", None, [])
    assert taken_in(store, tmp_path / "out", "coco") == records


def test_answers_of_annotators_survive_as_well(store: Store, tmp_path: Path) -> None:
    first, *others = with_images(store, tmp_path / "images", 3)
    answer = replace(others[1].annotations[0], annotator="ada")
    waiting = replace(others[1], annotations=(answer,), annotators=("ada", "bob"))
    version = store.commit([first, waiting])
    export_coco(version, tmp_path / "out", None, [])
    assert taken_in(store, tmp_path / "out", "coco") == list(version.records())


def test_the_strict_reader_reads_the_export_too(version: Version, tmp_path: Path) -> None:
    export_coco(version, tmp_path / "out", None, [])
    ours, theirs = version.dataset(), read_coco(tmp_path / "out")
    for mine, other in zip(ours.samples, theirs.samples, strict=True):
        assert mine.xyxy == pytest.approx(other.xyxy)
        assert mine.dont_care.tolist() == other.dont_care.tolist()


def test_a_box_that_was_edited_in_the_export_counts(version: Version, tmp_path: Path) -> None:
    export_coco(version, tmp_path / "out", None, [])
    path = tmp_path / "out" / "annotations.json"
    document = json.loads(path.read_text())
    document["annotations"][0]["bbox"] = [1, 2, 3, 4]
    path.write_text(json.dumps(document))
    boxes = [draft.record.annotations for draft in read("coco", tmp_path / "out").drafts]
    assert next(found[0].xyxy for found in boxes if found) == (1, 2, 4, 6)


def test_yolo_read_back_gives_the_people_and_their_boxes(
    store: Store, version: Version, tmp_path: Path
) -> None:
    done = export_yolo(version, tmp_path / "out", None, [])
    assert {(one.action, one.count) for one in done.findings} == {("dropped", 2)}
    for before, after in zip(
        version.records(), taken_in(store, tmp_path / "out", "yolo"), strict=True
    ):
        people = [one for one in before.annotations if one.kind == "person"]
        assert [one.kind for one in after.annotations] == ["person"] * len(people)
        for old, new in zip(people, after.annotations, strict=True):
            assert new.xyxy == pytest.approx(old.xyxy, abs=1e-5)


def test_yolo_keeps_dont_care_as_a_class_if_asked(version: Version, tmp_path: Path) -> None:
    done = export_yolo(version, tmp_path / "out", None, [], keep_dont_care=True)
    assert done.findings == ()
    found = [draft.record.annotations for draft in read("yolo", tmp_path / "out").drafts]
    person, region = found[2]
    assert (person.kind, region.kind) == ("person", "dont_care")
    assert person.xyxy == pytest.approx(PERSON, abs=1e-5)
    assert region.xyxy == pytest.approx(RIDER, abs=1e-5)


def test_an_export_leaves_the_sealed_split_out(version: Version, tmp_path: Path) -> None:
    names = ["train", "train", "validation", "test", "test", "quarantine"]
    records = list(version.records())
    version.assign({one.sha256: name for one, name in zip(records, names, strict=True)})
    assert export_coco(version, tmp_path / "all", None, []).images == 3
    assert export_yolo(version, tmp_path / "train", "train", ["light=day"]).images == 1
    with pytest.raises(DatasetError, match="is sealed"):
        export_coco(version, tmp_path / "test", "test", [])
    assert not (tmp_path / "test").exists()


def test_a_folder_that_holds_something_is_not_written_over(
    version: Version, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")
    with pytest.raises(UsageError, match="expected a new folder"):
        export_coco(version, tmp_path / "out", None, [])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_failed_export_leaves_nothing(version: Version, tmp_path: Path) -> None:
    record = next(version.records())
    version.image_path(record.sha256).unlink()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match="cannot be written"):
        export_coco(version, tmp_path / "out", None, [])
    assert sorted(tmp_path.iterdir()) == before
