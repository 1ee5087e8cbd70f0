"""The cache: an engine comes back whole, to the very machine that built it, or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from belisha.engines.nvidia.builder import BuildOptions
from belisha.engines.nvidia.cache import EngineCache, default_folder
from belisha.errors import EngineError, EngineNotBuiltError
from tests.runtime.engines.records import FINGERPRINT, MACHINE, on_machine, record_of

ENGINE = b"an engine" * 100


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


def test_what_was_stored_comes_back(cache: EngineCache) -> None:
    path = cache.store(ENGINE, record_of(ENGINE))
    assert cache.read(FINGERPRINT) == (ENGINE, record_of(ENGINE))
    assert path == cache.path(FINGERPRINT)
    assert sorted(file.suffix for file in cache.folder.iterdir()) == [".engine", ".json"]


def test_an_empty_cache_says_so(cache: EngineCache) -> None:
    with pytest.raises(
        EngineNotBuiltError, match=f"no engine for this model and machine in {cache.folder}"
    ):
        cache.read(FINGERPRINT)
    assert cache.entries() == []


@pytest.mark.parametrize(
    "other",
    [
        replace(FINGERPRINT, model=64 * "b"),
        replace(FINGERPRINT, options=BuildOptions(level=5)),
        replace(FINGERPRINT, format=2),
        on_machine(gpu="Thor"),
        on_machine(capability="8.6"),
        on_machine(tensorrt="10.7.0"),
        on_machine(cuda="12.8"),
        on_machine(driver="580.95.05"),
        on_machine(l4t="36.5.0"),
    ],
    ids=["model", "options", "format", "gpu", "capability", "tensorrt", "cuda", "driver", "l4t"],
)
def test_any_difference_asks_for_a_build(cache: EngineCache, other: object) -> None:
    cache.store(ENGINE, record_of(ENGINE))
    with pytest.raises(EngineNotBuiltError, match="no engine for this model and machine"):
        cache.read(other)


def test_an_engine_copied_from_another_machine_is_named_with_what_differs(
    cache: EngineCache,
) -> None:
    foreign = cache.store(ENGINE, record_of(ENGINE, on_machine(gpu="Thor", tensorrt="10.7.0")))
    for file in (foreign, foreign.with_suffix(".json")):
        file.rename(cache.path(FINGERPRINT).with_suffix(file.suffix))
    with pytest.raises(
        EngineNotBuiltError,
        match=r"made for something else: gpu Thor there, Orin here; tensorrt 10.7.0 there, 10.3.0",
    ):
        cache.read(FINGERPRINT)


def cut(path: Path) -> None:
    path.write_bytes(ENGINE[:-1])


def flip(path: Path) -> None:
    path.write_bytes(b"A" + ENGINE[1:])


def lose_the_record(path: Path) -> None:
    path.with_suffix(".json").unlink()


def tear_the_record(path: Path) -> None:
    record = path.with_suffix(".json")
    record.write_text(record.read_text()[:50])


def lie_in_the_record(path: Path) -> None:
    record = path.with_suffix(".json")
    record.write_text(json.dumps({**json.loads(record.read_text()), "colour": "red"}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut, "expected 900 bytes, got 899: damaged"),
        (flip, "its sha256 is not what the record says: damaged"),
        (lose_the_record, "expected a record of it beside it"),
        (tear_the_record, "expected a record of it beside it"),
        (lie_in_the_record, "colour"),
    ],
)
def test_a_damaged_engine_is_not_loaded_but_built_again(
    cache: EngineCache, damage, message: str
) -> None:
    path = cache.store(ENGINE, record_of(ENGINE))
    damage(path)
    with pytest.raises(EngineNotBuiltError, match=message):
        cache.read(FINGERPRINT)
    (entry,) = cache.entries()
    assert entry.record is None
    assert message in entry.problem
    cache.store(ENGINE, record_of(ENGINE))
    assert cache.read(FINGERPRINT)[0] == ENGINE


def test_a_folder_that_others_can_write_is_refused(cache: EngineCache) -> None:
    cache.store(ENGINE, record_of(ENGINE))
    cache.folder.chmod(0o777)
    with pytest.raises(EngineError, match=r"only its owner can write.*chmod o-w") as caught:
        cache.read(FINGERPRINT)
    assert not isinstance(caught.value, EngineNotBuiltError)


def test_the_newest_engine_of_a_model_serves_whatever_its_options(cache: EngineCache) -> None:
    quick = replace(FINGERPRINT, options=BuildOptions(level=0))
    slow = replace(FINGERPRINT, options=BuildOptions(level=5))
    cache.store(b"quick", record_of(b"quick", quick, "2026-11-20"))
    cache.store(b"slow", record_of(b"slow", slow, "2026-11-23"))
    cache.store(b"foreign", record_of(b"foreign", on_machine(gpu="Thor"), "2026-11-25"))
    assert cache.newest(FINGERPRINT) == slow
    assert cache.newest(replace(FINGERPRINT, model=64 * "b")).model == 64 * "b"


def test_the_oldest_engines_make_room(cache: EngineCache) -> None:
    prints = [replace(FINGERPRINT, model=64 * str(number)) for number in range(10)]
    for age, fingerprint in enumerate(prints):
        path = cache.store(ENGINE, record_of(ENGINE, fingerprint))
        os.utime(path, (age, age))
    assert {entry.record.fingerprint for entry in cache.entries()} == set(prints[2:])


def test_timings_are_kept_for_each_machine(cache: EngineCache) -> None:
    assert cache.timings(MACHINE) == b""
    cache.store_timings(MACHINE, b"3 us")
    assert cache.timings(MACHINE) == b"3 us"
    assert cache.timings(replace(MACHINE, tensorrt="10.7.0")) == b""


def test_removing_takes_record_and_engine(cache: EngineCache) -> None:
    cache.store(ENGINE, record_of(ENGINE))
    cache.remove(cache.entries()[0])
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"BELISHA_CACHE": "/a", "CACHE_DIRECTORY": "/b"}, "/a/engines"),
        ({"CACHE_DIRECTORY": "/var/cache/belisha:/other"}, "/var/cache/belisha/engines"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/belisha/engines"),
    ],
)
def test_the_environment_says_where(environment: dict[str, str], folder: str) -> None:
    assert default_folder(environment) == Path(folder)


def test_a_folder_that_cannot_be_written_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="file/engines: cannot be written"):
        EngineCache(tmp_path / "file" / "engines").store(ENGINE, record_of(ENGINE))
