"""The store: content-addressed images, versions that never change, and nothing half in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from belisha.errors import DatasetError
from tests.training.data.annotated import draw
from tests.training.data.stores import record, sha, with_images
from training.data.difference import difference
from training.data.manifest import Manifest
from training.data.objects import Objects
from training.data.records import Annotation, Record
from training.data.store import MANIFEST, Store

CHECKOUT = Path(__file__).parents[3]


def commit(store: Store, *records: Record, **how: object) -> str:
    return store.commit(records, check_objects=False, **how).name  # type: ignore[arg-type]


def names(store: Store, version: str) -> list[str]:
    return [one.name for one in store.version(version).records()]


def test_what_is_committed_comes_back_the_same(store: Store) -> None:
    full = record(
        1,
        time="noon",
        licence="CC0",
        annotations=(
            Annotation(xyxy=(1.1, 2.2, 3.3, 4.4), visible_xyxy=(1.1, 2.2, 3.0, 4.0), occlusion=0.1),
            Annotation(xyxy=(0.0, 0.0, 9.0, 9.0), kind="dont_care", reason="group", annotator="a"),
        ),
        annotators=("a", "b"),
    )
    commit(store, full, record(2))
    assert list(store.version("v1").records()) == [full, record(2)]


def test_versions_are_numbered_described_and_found(store: Store) -> None:
    commit(store, record(1), reason="first light")
    commit(store, record(1), record(2), name="autumn", parent=store.version())
    assert [one.name for one in store.versions()] == ["v1", "autumn"]
    assert store.version().name == "autumn", "the latest"
    description = store.version("autumn").description
    assert (description.parent, description.images, description.people) == ("v1", 2, 2)
    assert store.version("v1").description.reason == "first light"
    with pytest.raises(DatasetError, match=r"no version 'winter'; there are: v1, autumn"):
        store.version("winter")


def test_the_fingerprint_is_that_of_the_records_in_any_order(store: Store) -> None:
    commit(store, record(1), record(2))
    commit(store, record(2), record(1), name="turned")
    commit(store, record(1), record(2, sequence="other"), name="changed")
    first, turned, changed = (one.fingerprint for one in store.versions())
    assert first == turned != changed


def test_a_version_never_changes(store: Store) -> None:
    commit(store, record(1), name="v")
    assert commit(store, record(1), name="v") == "v", "the very same is no change"
    with pytest.raises(DatasetError, match="version v has other records, and a version never"):
        commit(store, record(2), name="v")
    assert names(store, "v") == ["001.png"]


def test_a_version_without_change_is_not_made(store: Store) -> None:
    commit(store, record(1))
    assert commit(store, record(1), parent=store.version("v1")) == "v1"
    assert len(store.versions()) == 1


def test_sources_are_carried_over_from_the_parent(store: Store) -> None:
    commit(store, record(1, source="a"), record(2, source="b"))
    parent = store.version("v1")
    commit(store, record(3, source="b"), parent=parent, keeping=["a"])
    assert names(store, "v2") == ["001.png", "003.png"]
    assert parent.sources() == ["a", "b"]


def test_no_records_make_no_version(store: Store) -> None:
    with pytest.raises(DatasetError, match="expected images, got none"):
        commit(store)
    assert store.versions() == []


def test_an_image_must_be_there_before_its_record(store: Store, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"the store holds no image {sha(1)}"):
        store.commit([record(1)])
    assert store.versions() == []
    version = store.commit(with_images(store, tmp_path / "images", 3))
    for one in version.records():
        assert version.image_path(one.sha256).read_bytes().startswith(b"\x89PNG")


def test_a_failure_in_the_middle_leaves_nothing(store: Store) -> None:
    def records() -> Iterator[Record]:
        yield from map(record, range(6000))  # more than are written at a time
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.commit(records(), check_objects=False)
    assert store.versions() == []
    assert store.manifest.value("SELECT count(*) FROM records") == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.data.stores import record
from training.data.store import Store

def records():
    yield from map(record, range(12_000))  # some are written already
    os.kill(os.getpid(), signal.SIGKILL)

Store.open(Path(sys.argv[1])).commit(records(), check_objects=False)
"""


def test_a_process_killed_while_it_commits_leaves_the_store_as_it_was(store: Store) -> None:
    commit(store, record(1))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["runtime", "."])}
    command = [sys.executable, "-c", KILLED, str(store.path)]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    with Store.open(store.path) as after:
        assert [version.name for version in after.versions()] == ["v1"]
        assert after.manifest.value("SELECT count(*) FROM records") == 1
        assert commit(after, record(2)) == "v2"


def test_a_difference_names_what_came_went_and_changed(store: Store) -> None:
    commit(store, record(1), record(2), record(3))
    moved = replace(record(3), annotations=(), sequence="other")
    commit(store, record(2), moved, record(4), name="v2")
    old, new = store.version("v1"), store.version("v2")
    old.assign({sha(1): "train", sha(2): "train", sha(3): "test"})
    new.assign({sha(2): "validation", sha(3): "test"})
    found = difference(old, new)
    assert found.added == (("street", "004.png"),)
    assert found.removed == (("street", "001.png"),)
    assert found.changed == {("street", "003.png"): ("sequence", "annotations")}
    assert found.moved == {("train", "validation"): 1}


def test_images_are_linked_not_copied_and_equal_bytes_are_kept_once(
    store: Store, tmp_path: Path
) -> None:
    first, twin = draw(tmp_path / "a.png"), draw(tmp_path / "b.png")
    sha256, length = store.objects.place_file(first, len)
    assert store.objects.place_file(twin, len) == (sha256, length)
    assert store.objects.path(sha256).samefile(first)
    assert first.stat().st_nlink == 2
    assert sum(path.is_file() for path in (store.path / "objects").rglob("*")) == 1


def test_an_image_that_was_edited_in_place_is_found(store: Store, tmp_path: Path) -> None:
    path = draw(tmp_path / "a.png")
    sha256, _ = store.objects.place_file(path, len)
    assert not store.objects.is_damaged(sha256)
    with path.open("ab") as file:
        file.write(b"more")
    assert store.objects.is_damaged(sha256)
    assert store.objects.is_damaged(sha(9)), "an absent one as well"


def test_what_an_inspection_refuses_stays_out(store: Store, tmp_path: Path) -> None:
    def refuse(_: bytes) -> None:
        raise DatasetError("no")

    with pytest.raises(DatasetError, match="no"):
        store.objects.place_file(draw(tmp_path / "a.png"), refuse)
    assert not any((store.path / "objects").iterdir())


def test_bytes_are_placed_whole_and_leftovers_are_swept(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "objects").mkdir()
    (tmp_path / "incoming" / "half").write_bytes(b"x")
    objects = Objects(tmp_path / "objects", tmp_path / "incoming")
    sha256 = objects.place_bytes(b"whole")
    objects.tidy()
    objects.sync()
    assert objects.path(sha256).read_bytes() == b"whole"
    assert list((tmp_path / "incoming").iterdir()) == []


def test_two_processes_do_not_take_data_in_at_once(store: Store) -> None:
    busy = pytest.raises(DatasetError, match="another process takes data in")
    with Store.open(store.path) as other:
        with store.writing(), busy, other.writing():
            pass
        with other.writing():
            pass


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "expected a store"), (b"junk" * 300, "cannot be used"), (b"", "format 1, got 0")],
)
def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(DatasetError, match=message) as error:
        Store.open(tmp_path)
    assert MANIFEST in str(error.value)


def test_a_newer_manifest_is_refused(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / MANIFEST, create=True)
    manifest.change("PRAGMA user_version = 2")
    manifest.close()
    with pytest.raises(DatasetError, match="expected a manifest of format 1, got 2"):
        Manifest(tmp_path / MANIFEST)


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DatasetError, match="cannot be written"):
        Store.open(tmp_path / "file" / "store", create=True)
