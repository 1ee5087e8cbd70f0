"""A version: its split, its seal, and what training and evaluation see of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.errors import BelishaError, DatasetError, UsageError
from tests.training.data.annotated import PERSON, RIDER
from tests.training.data.stores import record, sha
from training.data.coco import Dataset, Sample
from training.data.records import Annotation, Record
from training.data.store import Store
from training.data.version import Version

SPLIT = {
    **{sha(number): "train" for number in range(8)},
    sha(8): "validation",
    sha(9): "validation",
    sha(10): "test",
    sha(11): "quarantine",
}


@dataclass(frozen=True)
class Leave:
    """A permit."""

    fingerprint: str


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("data") / "store", create=True) as store:
        store.commit((record(number) for number in range(12)), check_objects=False)
        store.version("v1").assign(SPLIT)
        yield store


@pytest.fixture
def version(store: Store) -> Version:
    return store.version("v1")


def numbers(dataset: Dataset) -> list[int]:
    return [int(sample.attributes["sha256"], 16) for sample in dataset.samples]


def test_a_data_set_is_what_training_and_evaluation_know(version: Version) -> None:
    dataset = version.dataset("validation")
    assert dataset.name == "v1 split=validation"
    (first, _) = dataset.samples
    assert first.path == version.image_path(sha(8))
    assert first.xyxy.tolist() == [list(PERSON)]
    assert first.attributes == {
        "file_name": "008.png",
        "source": "street",
        "sequence": "drive-2",
        "split": "validation",
        "time": "",
        "licence": "",
        "sha256": sha(8),
        "light": "night",
    }


def test_truth_and_answers_of_annotators_are_not_mixed(tmp_path: Path) -> None:
    answer = Annotation(xyxy=RIDER, annotator="ada")
    region = Annotation(xyxy=RIDER, kind="dont_care", reason="group")
    with Store.open(tmp_path / "store", create=True) as store:
        waiting = record(2, annotations=(answer,), annotators=("ada", "bob"))
        settled = record(1, annotations=(Annotation(xyxy=PERSON), answer, region))
        version = store.commit([settled, waiting], check_objects=False)
        (sample,) = version.dataset().samples
    assert sample.xyxy.tolist() == [list(PERSON), list(RIDER)]
    assert sample.dont_care.tolist() == [False, True]
    assert version.description.people == 1


@pytest.mark.parametrize(
    ("split", "where", "expected"),
    [
        ("train", [], list(range(8))),
        ("train", ["light=night"], [2, 5]),
        ("validation", ["light!=night"], [9]),
        (None, [], list(range(10))),
        (None, ["split=validation"], [8, 9]),
        (None, ["sequence=drive-2"], [8, 9]),
        (None, ["file_name=00[12]*"], [1, 2]),
        ("quarantine", [], [11]),
    ],
)
def test_a_data_set_leaves_out_what_is_sealed_or_in_quarantine(
    version: Version, split: str | None, where: list[str], expected: list[int]
) -> None:
    assert numbers(version.dataset(split, where)) == expected


@pytest.mark.parametrize(("split", "where"), [("test", []), (None, ["split=test"])])
def test_the_sealed_split_needs_a_permit_for_this_very_version(
    version: Version, split: str | None, where: list[str]
) -> None:
    for permit, given_ in ((None, "none"), (Leave("0" * 64), "one for another version")):
        with pytest.raises(DatasetError, match=f"is sealed: expected a permit, got {given_}"):
            version.dataset(split, where, permit)
    assert numbers(version.dataset(split, where, Leave(version.fingerprint))) == [10]


@pytest.mark.parametrize("where", ["split=t*", "split!=train", "split=*", "sha256=*a"])
def test_no_wildcard_reaches_the_sealed_split(version: Version, where: str) -> None:
    try:
        assert not set(numbers(version.dataset(where=[where]))) & {10, 11}
    except DatasetError as error:
        assert "no image" in str(error)


def test_a_version_without_a_split_holds_back_what_any_other_seals(store: Store) -> None:
    later = store.commit((record(n) for n in range(6, 14)), name="later", check_objects=False)
    assert numbers(later.dataset()) == [6, 7, 8, 9, 12, 13]
    with pytest.raises(DatasetError, match="expected a split, got 'train': it has no split yet"):
        later.dataset("train")


def test_a_split_is_given_once(version: Version) -> None:
    version.assign(SPLIT)
    with pytest.raises(DatasetError, match="has a split already, and a version never changes"):
        version.assign({**SPLIT, sha(0): "test"})
    assert version.splits() == SPLIT


def test_a_split_of_unknown_images_changes_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        version = store.commit([record(1)], check_objects=False)
        with pytest.raises(DatasetError, match=f"got 1 of others, such as {sha(5)}"):
            version.assign({sha(1): "train", sha(5): "train"})
        assert version.splits() == {}


def test_records_are_all_there_for_those_who_look_after_the_data(version: Version) -> None:
    assert len(list(version.records())) == len(version) == 12
    assert [one.name for one in version.records(["split=test"])] == ["010.png"]
    counts = version.count(["light=day"])
    assert (counts.images, counts.people) == (4, 4)


@pytest.mark.parametrize(
    ("split", "where", "error", "message"),
    [
        ("tset", [], DatasetError, "got 'tset': it has splits quarantine, test, train, validation"),
        (None, ["weather=fog"], UsageError, "no image of v1 has 'weather'; they have"),
        (None, ["weather"], UsageError, "expected attribute=pattern"),
        (None, ["light=noon"], DatasetError, r"no image of version v1 meets \['light=noon'\]"),
    ],
)
def test_what_cannot_be_met_is_an_error(
    version: Version, split: str | None, where: list[str], error: type[BelishaError], message: str
) -> None:
    with pytest.raises(error, match=message):
        version.dataset(split, where)


def test_equal_data_have_equal_fingerprints_as_data_sets(version: Version) -> None:
    assert version.dataset("train").fingerprint == version.dataset("train").fingerprint
    assert version.dataset("train").fingerprint != version.dataset("validation").fingerprint


PATTERNS = st.sampled_from(["day", "d*", "*", "", "night", "?ay", "[dn]*", "fog", "*t"])
KEYS = st.sampled_from(["light", "glass", "sequence", "file_name", "time", "split"])


@given(st.lists(st.tuples(KEYS, st.booleans(), PATTERNS), max_size=3))
def test_sql_and_python_agree_on_every_condition(
    mixed: Version, conditions: list[tuple[str, bool, str]]
) -> None:
    where = [f"{key}{'=' if wanted else '!='}{pattern}" for key, wanted, pattern in conditions]
    samples = tuple(_plain(one, mixed.splits()) for one in mixed.records())
    try:
        chosen = Dataset("plain", samples).select(where).samples
    except DatasetError:
        chosen = ()
    assert [one.name for one in mixed.records(where)] == [sample.name for sample in chosen]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Version]:
    """Images of some of which little is known."""
    with Store.open(tmp_path_factory.mktemp("mixed") / "store", create=True) as store:
        records = [
            record(number, conditions={"glass": "wet"} if number % 4 == 0 else {"light": "dusk"})
            for number in range(6)
        ]
        version = store.commit([*records, *map(record, range(6, 12))], check_objects=False)
        version.assign({sha(1): "day", sha(2): "night"})
        yield version


def _plain(one: Record, splits: Mapping[str, str]) -> Sample:
    known = {
        **one.conditions,
        "file_name": one.name,
        "sequence": one.sequence,
        "time": one.time,
        "split": splits.get(one.sha256, ""),
    }
    empty = np.zeros((0, 4), np.float32)
    return Sample(Path("a"), 1, 1, empty, np.zeros(0, bool), known)
