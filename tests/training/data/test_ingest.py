"""Taking data sets in: one version, a report, and nothing half in, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from belisha.documents import read_yaml
from belisha.errors import ConfigError, DatasetError, UsageError
from tests.training.data.annotated import WRITERS, draw
from training.data.coco import read_coco
from training.data.ingest import ingest
from training.data.plan import Plan, SourcePlan
from training.data.store import Store

CHECKOUT = Path(__file__).parents[3]
PLANS = sorted((CHECKOUT / "training" / "configs" / "data").glob("*.yaml"))


def plan(folder: Path, form: str = "coco", **how: object) -> Plan:
    source = SourcePlan(name="street", path=str(folder), format=form, **how)  # type: ignore[arg-type]
    return Plan(sources=(source,))


@pytest.mark.parametrize("form", sorted(WRITERS))
def test_every_format_is_taken_in(store: Store, tmp_path: Path, form: str) -> None:
    folder = WRITERS[form](tmp_path / "set")
    path = folder / "tasks.json" if form == "label_studio" else folder
    images = str(folder / "images") if form == "label_studio" else ""
    done = ingest(store, plan(path, form, images=images))
    assert done.is_new
    (intake,) = done.intakes
    assert (intake.images, intake.people, intake.dont_care, intake.broken) == (2, 1, 1, 0)
    first, second = done.version.dataset().samples
    assert first.path.is_file()
    assert first.attributes["source"] == "street"
    assert (len(first.people), len(second.xyxy)) == (1, 0)


def test_the_truth_is_that_of_the_strict_reader(store: Store, tmp_path: Path) -> None:
    folder = WRITERS["coco"](tmp_path / "set")
    version = ingest(store, plan(folder)).version
    assert version.dataset().fingerprint == read_coco(folder).fingerprint


def test_words_of_the_source_become_sequence_conditions_and_licence(
    store: Store, tmp_path: Path
) -> None:
    how = {
        "sequence": "{city}-{sequence}",
        "pattern": "(?P<city>[ab])",
        "licence": "CC0",
        "conditions": {"light": "{time}", "lux": "{lux}", "view": "in_car"},
    }
    done = ingest(store, plan(WRITERS["coco"](tmp_path / "set"), **how))
    first, second = done.version.records()
    assert (first.sequence, first.licence, first.time) == ("a-north", "CC0", "dusk")
    assert first.conditions == {"light": "dusk", "lux": "3", "view": "in_car"}
    assert second.conditions == {"view": "in_car"}, "an empty value is unknown"


def test_a_field_that_no_plan_uses_is_reported(store: Store, tmp_path: Path) -> None:
    (intake,) = ingest(store, plan(WRITERS["coco"](tmp_path / "set"))).intakes
    found = {one.what: one.count for one in intake.findings if one.action == "dropped"}
    assert found == {"field 'lux' of images: not kept": 1}


def test_the_report_stays_with_the_version(store: Store, tmp_path: Path) -> None:
    version = ingest(store, plan(WRITERS["coco"](tmp_path / "set"))).version
    (intake,) = json.loads(version.description.report)
    assert intake["source"] == "street"
    assert {one["action"] for one in intake["findings"]} == {"dropped", "dont_care"}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"sequence": "{drive}"}, r"street: no image has \{drive\}; they have folder, licence"),
        ({"pattern": "("}, "street: expected a regular expression"),
        ({"name": ""}, "each with a name of its own"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    store: Store, tmp_path: Path, how: dict[str, str], message: str
) -> None:
    made = plan(WRITERS["coco"](tmp_path / "set"))
    made = replace(made, sources=(replace(made.sources[0], **how),))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=message):
        ingest(store, made)
    assert store.versions() == []


def test_a_broken_image_costs_that_image_and_is_named(store: Store, tmp_path: Path) -> None:
    folder = WRITERS["coco"](tmp_path / "set")
    (folder / "images" / "a.png").write_bytes(b"junk")
    done = ingest(store, plan(folder))
    assert [one.name for one in done.version.records()] == ["b.png"]
    (intake,) = done.intakes
    assert intake.broken == 1
    (found,) = [one for one in intake.findings if "cannot be used" in one.what]
    assert "a.png" in found.example


@pytest.mark.parametrize("size", [(63, 48), (48, 64)])
def test_an_image_of_another_size_than_its_boxes_is_broken(
    store: Store, tmp_path: Path, size: tuple[int, int]
) -> None:
    folder = WRITERS["coco"](tmp_path / "set")
    draw(folder / "images" / "a.png", 60, *size)
    (intake,) = ingest(store, plan(folder)).intakes
    assert intake.broken == 1


def test_a_source_of_which_nothing_can_be_used_is_an_error(store: Store, tmp_path: Path) -> None:
    folder = WRITERS["coco"](tmp_path / "set")
    for path in (folder / "images").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match=r"street: nothing in it can be used.*a\.png"):
        ingest(store, plan(folder))
    assert store.versions() == []


def test_the_same_data_again_change_nothing_and_are_not_read_again(
    store: Store, tmp_path: Path
) -> None:
    made = plan(WRITERS["coco"](tmp_path / "set"))
    first = ingest(store, made)
    again = ingest(store, made, parent=first.version)
    assert (again.is_new, again.version.name) == (False, "v1")
    assert ingest(store, made, parent=first.version, reread=True).version.name == "v1"


def test_an_edited_image_is_noticed(store: Store, tmp_path: Path) -> None:
    folder = WRITERS["coco"](tmp_path / "set")
    first = ingest(store, plan(folder)).version
    path = folder / "images" / "a.png"
    path.unlink()  # an editor that writes a new file: the store keeps the old
    draw(path, 99)
    second = ingest(store, plan(folder), parent=first).version
    assert second.name == "v2"
    old, new = (next(version.records()) for version in (first, second))
    assert old.sha256 != new.sha256
    assert not store.objects.is_damaged(old.sha256)


def test_a_source_replaces_its_earlier_self_and_leaves_the_others(
    store: Store, tmp_path: Path
) -> None:
    coco, voc = (WRITERS[form](tmp_path / form) for form in ("coco", "voc"))
    first = ingest(store, plan(coco)).version
    other = Plan(sources=(SourcePlan(name="other", path=str(voc), format="voc"),))
    second = ingest(store, other, parent=first).version
    assert second.sources() == ["other", "street"]
    third = ingest(store, plan(coco, licence="CC0"), parent=second).version
    assert (len(third), third.sources()) == (4, ["other", "street"])
    assert {one.licence for one in third.records(["source=street"])} == {"CC0"}


def test_equal_images_under_two_names_are_told(store: Store, tmp_path: Path) -> None:
    folder = WRITERS["coco"](tmp_path / "set")
    draw(folder / "images" / "b.png", 60)
    done = ingest(store, plan(folder))
    assert len({one.sha256 for one in done.version.records()}) == 1
    assert any("very bytes of another" in one.what for one in done.intakes[0].findings)


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_the_shipped_plans_are_sound(path: Path) -> None:
    made = read_yaml(path, Plan)
    assert len({source.name for source in made.sources}) == len(made.sources)
    assert all(source.licence != "{licence}" for source in made.sources), "each names its licence"


def test_a_misspelt_key_of_a_plan_is_found(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("sources:\n  - {name: a, path: b, license: CC0}\n")
    with pytest.raises(
        ConfigError, match=r"plan\.yaml:2: unknown key 'license': did you mean 'lic"
    ):
        read_yaml(path, Plan)


def many(folder: Path, count: int) -> Path:
    """A data set large enough to be killed in its middle."""
    image = draw(folder / "images" / "0.png", 90, 640, 480)
    data, images = image.read_bytes(), []
    for number in range(count):
        path = folder / "images" / f"{number}.png"
        path.write_bytes(data + str(number).encode())  # no two alike
        images.append({"id": number, "file_name": path.name, "width": 640, "height": 480})
    document = {"images": images, "annotations": []}
    (folder / "annotations.json").write_text(json.dumps(document))
    return folder


def start_ingest(folder: Path, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "training", "data", "ingest", str(folder), "--threads", "1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["runtime", "."])}
    return subprocess.Popen(
        [*command, "--store", str(store)],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def placed(store: Path) -> int:
    return sum(path.is_file() for path in (store / "objects").glob("??/*"))


def test_an_ingest_killed_at_any_moment_goes_on_and_nothing_is_half_in(tmp_path: Path) -> None:
    folder, path = many(tmp_path / "set", 400), tmp_path / "store"
    reached = []
    for goal in (20, 300):
        process = start_ingest(folder, path)
        while process.poll() is None and placed(path) < goal:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        reached.append(placed(path))
        with Store.open(path) as store:
            assert store.versions() == [], "no version before the end"
            objects = [file.parent.name + file.name for file in (path / "objects").glob("??/*")]
            assert not any(store.objects.is_damaged(sha256) for sha256 in objects)
    assert reached == sorted(reached)
    assert 20 <= reached[0] < 400
    with Store.open(path) as store:
        assert store.manifest.value("SELECT count(*) FROM seen") >= 256, "those are not read again"
    process = start_ingest(folder, path)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert b"version v1 (new): 400 images" in out
    with Store.open(path) as store:
        assert len(list(store.version("v1").records())) == 400
    assert placed(path) == 400


@pytest.mark.shared
@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_the_shared_data_are_one_data_set_by_one_command(
    store: Store, shared: Path, path: Path
) -> None:
    """In the store, the truth of each source is what the strict reader sees in its folder."""
    made = replace(read_yaml(path, Plan), data=str(shared / "data"))
    version = ingest(store, made).version
    assert (len(version), version.description.people) == (5898, 18238)
    for source in made.sources:
        ours = version.dataset(where=[f"source={source.name}"])
        theirs = read_coco(shared / "data" / source.path)
        by_name = {sample.name: sample for sample in theirs.samples}
        assert len(ours) == len(by_name)
        for sample in ours.samples:
            assert sample.xyxy == pytest.approx(by_name[sample.name].xyxy, abs=1e-3)
            assert sample.dont_care.tolist() == by_name[sample.name].dont_care.tolist()
