"""The configuration of a run: what makes no sense together is refused, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from belisha.documents import parse_yaml, read_yaml
from belisha.errors import ConfigError, DatasetError, UsageError
from tests.training.drawn_street import draw_street, small_run
from training.config import Config, Source, Stage, checked, read_sources
from training.data.ingest import ingest
from training.data.plan import Plan, SourcePlan
from training.data.store import Store
from training.data.version import Version

CONFIGS = Path(__file__).parents[2] / "training" / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_configurations_are_sound(path: Path) -> None:
    config = checked(read_yaml(path, Config), str(path))
    assert config.data == ("runs" if config.train[0].store else "../shared/data")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"minutes": 3.0}, "expected one of minutes and steps, got both"),
        ({"steps": None}, "expected one of minutes and steps, got both or neither"),
        ({"size": "huge"}, "expected size to be one of tiny, small, medium, got 'huge'"),
        ({"width": 99}, "in multiples of 5, got 99x65"),
        ({"height": 30}, "from 40 pixels on, in multiples of 5, got 100x30"),
        ({"stages": (Stage(0.5, 100, 65, 4),)}, r"rises to 1, got \[0.5\]"),
        ({"stages": (Stage(1.0, 100, 65, 4), Stage(0.5, 100, 65, 4))}, "rises to 1"),
        ({"stages": (Stage(1.0, 100, 65, 0),)}, "an epoch of at least 1"),
        ({"stages": ()}, "at least one entry in train and one in stages"),
        ({"train": ()}, "at least one entry in train and one in stages"),
        ({"steps": 0}, "longer than nothing"),
        ({"epoch": 0}, "an epoch of at least 1"),
        ({"train": (Source("street", share=0.0),)}, "shares above 0"),
        ({"train": (Source(),)}, "one of path and store"),
        ({"train": (Source("street", store="store", version="v1"),)}, "one of path and store"),
        ({"train": (Source(store="store"),)}, "expected a version of the store store: name one"),
        ({"train": (Source("street", split="train"),)}, "only a store has versions and splits"),
        ({"train": (Source(store="s", version="v", split="test"),)}, "got test: it is sealed"),
        ({"validation": (Source(store="s", version="v", where=("split=test",)),)}, "it is sealed"),
    ],
)
def test_values_that_make_no_sense_are_refused(changes: dict[str, Any], problem: str) -> None:
    config = replace(small_run(Path("data")), **changes)
    with pytest.raises(ConfigError, match=problem):
        checked(config, "run.yaml")


def test_a_misspelt_key_is_found() -> None:
    text = "train: [{path: a}]\nstages: [{until: 1, width: 100, height: 65, batch: 4}]\nstep: 3\n"
    with pytest.raises(ConfigError, match=r"run\.yaml:3: unknown key 'step': did you mean 'steps'"):
        parse_yaml(text, Config, "run.yaml")


def test_sources_are_parts_of_data_sets(tmp_path: Path) -> None:
    draw_street(tmp_path / "street")
    part = Source("street", where=("file_name!=0.png",), share=2.0)
    ((dataset, share),) = read_sources((part,), str(tmp_path))
    assert len(dataset) == 5
    assert share == 2.0


def test_a_condition_on_an_unknown_attribute_is_refused(tmp_path: Path) -> None:
    draw_street(tmp_path / "street")
    with pytest.raises(UsageError, match="no image of street has 'weather'"):
        read_sources((Source("street", where=("weather=rain",)),), str(tmp_path))


@pytest.fixture
def store(tmp_path: Path) -> Version:
    """Version v1 of a store beside the data: six pictures, of which training may see four."""
    folder = draw_street(tmp_path / "street")
    plan = Plan(sources=(SourcePlan(name="street", path=str(folder)),))
    with Store.open(tmp_path / "store", create=True) as store:
        version = ingest(store, plan).version
        images = [record.sha256 for record in version.records()]
        names = ["train"] * 4 + ["validation", "test"]
        version.assign(dict(zip(images, names, strict=True)))
    return version


def test_a_split_of_a_version_is_a_source(store: Version, tmp_path: Path) -> None:
    source = Source(store="store", version="v1", split="train", where=("file_name!=0*",), share=2)
    ((dataset, share),) = read_sources((source,), str(tmp_path))
    assert (dataset.name, len(dataset), share) == ("v1 split=train file_name!=0*", 3, 2)
    assert dataset.pixels is None
    assert not (tmp_path / "store" / "cache").exists(), "made only for training"


def test_training_decodes_the_pictures_of_a_store_once(store: Version, tmp_path: Path) -> None:
    source = Source(store="store", version="v1", split="train")
    ((dataset, _),) = read_sources((source,), str(tmp_path), cache=True)
    assert dataset.pixels is not None
    assert all(dataset.pixels.find(sample) is not None for sample in dataset.samples)


def test_training_cannot_read_the_sealed_split(store: Version, tmp_path: Path) -> None:
    """Not even where nobody checked the configuration."""
    for source in (
        Source(store="store", version="v1", split="test"),
        Source(store="store", version="v1", where=("split=test",)),
    ):
        with pytest.raises(DatasetError, match="sealed"):
            read_sources((source,), str(tmp_path))
    ((dataset, _),) = read_sources((Source(store="store", version="v1"),), str(tmp_path))
    assert len(dataset) == 5
