"""The registry: nothing is lost, nothing changes unseen, everything can be undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

from belisha.bundle import Bundle
from belisha.cli.dispatch import dispatch
from belisha.errors import BundleError, DatasetError, UsageError
from belisha.manifest import Parity
from export.__main__ import COMMANDS
from export.release.promotion import DEFAULT
from export.release.registry import Registry, lineage_of
from tests.toy import HEIGHT, PREPROCESSING, WIDTH, cell_box, scene, toy_bundle
from tests.training.evaluation.truth import write_coco
from training.data.coco import read_coco

PASSED = Parity(passed=True, compared="torch with float on 3 frames")
FORCED = Parity(
    passed=False,
    compared="torch with float on 3 frames",
    failures=("float, all: recall 0.5, allowed 0.97",),
    forced_by="Ada",
    forced_because="bench only",
)
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Bundles that differ in their name at least."""

    def toy(name: str, **changes: object) -> Path:
        settings = {"parity": PASSED, "name": name} | changes
        return toy_bundle(tmp_path / f"{name}.bundle", **settings).path

    return toy


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


def promote(registry: Registry, bundle: Bundle) -> None:
    registry.promote(bundle, "Ada", "better", {}, registry.state().champion)


def test_a_bundle_is_kept_once_under_its_digest(registry: Registry, make: Make) -> None:
    first = registry.register(make("one"), alias="challenger")
    again = registry.register(first.path, alias="challenger")
    assert first.path.name == f"{first.digest}.bundle"
    assert again.digest == first.digest
    assert [event.kind for event in registry.history()] == ["registered"]
    for name in ("challenger", first.digest, first.digest[:8], str(first.path)):
        assert registry.find(name).digest == first.digest


def test_champions_follow_each_other_and_back(registry: Registry, make: Make) -> None:
    bundles = [registry.register(make(name)) for name in ("one", "two", "three")]
    for bundle in bundles:
        promote(registry, bundle)
    assert registry.state().champion == bundles[2].digest
    event = registry.roll_back("Ben", "misses people in rain")
    assert (event.kind, event.bundle, event.before) == (
        "rolled back",
        bundles[1].digest,
        bundles[2].digest,
    )
    registry.roll_back("Ben", "this one too")
    assert registry.find("champion").digest == bundles[0].digest
    with pytest.raises(UsageError, match="no champion before"):
        registry.roll_back("Ben", "and on")
    kinds = [event.kind for event in registry.history()]
    assert kinds == ["registered"] * 3 + ["promoted"] * 3 + ["rolled back"] * 2


def test_the_history_cannot_be_edited(registry: Registry, make: Make) -> None:
    promote(registry, registry.register(make("one")))
    log = registry.folder / "registry.jsonl"
    log.write_text(log.read_text().replace('"Ada"', '"Eve"'))
    with pytest.raises(DatasetError, match="the registry is broken"):
        registry.state()


def test_a_crash_between_copy_and_history_is_healed_by_the_same_command(
    registry: Registry, make: Make
) -> None:
    path = make("one")
    half = registry.folder / "bundles" / f"{Bundle.open(path).digest}.bundle"
    half.parent.mkdir(parents=True)
    half.write_bytes(path.read_bytes()[:1000])
    assert registry.state().names == {}
    assert registry.register(path).path == half
    assert Bundle.open(half).manifest.name == "one"


def test_a_crash_between_history_and_its_head_is_no_loss(registry: Registry, make: Make) -> None:
    registry.register(make("one"))
    head = registry.folder / "registry.head"
    before = head.read_bytes()
    registry.register(make("two"))
    head.write_bytes(before)
    assert list(registry.state().names.values()) == ["one", "two"]


def test_a_damaged_champion_is_noticed_and_not_rolled_back_to(
    registry: Registry, make: Make
) -> None:
    first, second = (registry.register(make(name)) for name in ("one", "two"))
    promote(registry, first)
    promote(registry, second)
    first.path.write_bytes(second.path.read_bytes())
    with pytest.raises(BundleError, match="tampered with"):
        registry.roll_back("Ben", "why not")
    assert registry.state().champion == second.digest


def test_who_compared_with_another_champion_has_to_compare_again(
    registry: Registry, make: Make
) -> None:
    first, second = (registry.register(make(name)) for name in ("one", "two"))
    promote(registry, first)
    with pytest.raises(UsageError, match="it changed meanwhile"):
        registry.promote(second, "Ada", "better", {}, None)


@pytest.mark.parametrize(("who", "reason"), [("", "x"), ("Ada", " "), ("Ada", "two\nlines")])
def test_nobody_changes_the_champion_without_name_and_reason(
    registry: Registry, make: Make, who: str, reason: str
) -> None:
    bundle = registry.register(make("one"))
    with pytest.raises(UsageError, match="one line of text"):
        registry.promote(bundle, who, reason, {}, None)


def test_champion_is_no_alias_to_give(registry: Registry, make: Make) -> None:
    with pytest.raises(UsageError, match="'python -m export promote' does it"):
        registry.register(make("one"), alias="champion")
    with pytest.raises(UsageError, match="known: none"):
        registry.find("champion")


def test_who_was_forced_is_marked_for_ever(
    registry: Registry, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = registry.register(make("one", parity=FORCED))
    assert lineage_of(bundle)["forced"] is True
    assert dispatch("export", "", COMMANDS, ["registry", "--registry", str(registry.folder)]) == 0
    assert "FORCED  FAILED and FORCED by Ada (bench only)" in capsys.readouterr().out


# Commands, on a drawn data set


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """White cells on dark pictures, by day in the upper half, by night in the lower."""
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    (tmp_path / "cells" / "images").mkdir(parents=True)
    for index in range(60):
        night = index % 2
        places = [(index % 7, 4 * night), (index % 5 + 2, 4 * night + 1)]
        name = f"{index}.png"
        cv2.imwrite(str(tmp_path / "cells" / "images" / name), scene(*set(places)))
        entry = {"id": index, "file_name": name, "width": WIDTH, "height": HEIGHT}
        images.append({**entry, "light": "night" if night else "day"})
        for place in set(places):
            left, top, right, bottom = cell_box(*place)
            box = [left, top, right - left, bottom - top]
            annotations.append({"id": len(annotations), "image_id": index, "bbox": box})
    return write_coco(tmp_path / "cells", images, annotations)


def run(registry: Registry, *arguments: object) -> int:
    folder = ["--registry", str(registry.folder)]
    return dispatch("export", "", COMMANDS, [*map(str, arguments), *folder])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return parsed


def half_blind(make: Make, name: str = "half-blind", **changes: object) -> Path:
    """A bundle that sees the lower half of a frame only."""
    lower = replace(PREPROCESSING, band_top=0.5)
    changes = {"preprocessing": lower, "preprocessing_digest": lower.digest} | changes
    return make(name, **changes)


def promote_by_command(registry: Registry, bundle: Path, data: Path) -> int:
    rules = registry.folder.parent / "rules.yaml"
    text = DEFAULT.read_text().replace("resamples: 2000", "resamples: 200")
    # The toy takes a fraction of a millisecond; how busy this machine is must not decide a test.
    rules.write_text(text.replace("latency_budget_ms: 33.3", "latency_budget_ms: 10000"))
    words = ["--who", "Ada", "--reason", "trial", "--seconds", "0.2", "--rules", rules, "--json"]
    return run(registry, "promote", bundle, "--data", data, *words)


def test_compare_tells_the_change_by_condition(
    registry: Registry, make: Make, cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(
        registry,
        "compare",
        half_blind(make),
        make("whole"),
        "--data",
        cells,
        "--resamples",
        200,
        "--json",
    )
    assert code == 0
    rows = {row["cell"]: row for row in document(capsys)["rows"]}
    assert rows["light=day"]["change"]["ap50"]["low"] > 0.5
    assert rows["light=night"]["first"]["ap50"] is not None
    assert rows["all"]["change"]["ap50"]["low"] > 0


def test_what_was_learnt_from_is_no_test(registry: Registry, make: Make, cells: Path) -> None:
    learnt = make("learnt", data_fingerprints={"cells": read_coco(cells).fingerprint})
    assert run(registry, "compare", learnt, make("whole"), "--data", cells) == 2


def test_a_better_challenger_becomes_champion_if_the_machine_is_steady(
    registry: Registry, make: Make, cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(registry, registry.register(half_blind(make)))
    code = promote_by_command(registry, make("whole"), cells)
    found = document(capsys)
    assert found["conditions"]["better"]["met"] is True
    assert found["conditions"]["nowhere worse"]["met"] is True
    assert found["conditions"]["parity"]["met"] is True
    assert (code, found["promoted"]) in [(0, True), (4, False)]  # busy machines decide nothing
    assert (registry.find("champion").manifest.name == "whole") is found["promoted"]


@pytest.mark.parametrize(
    ("challenger", "failing"),
    [
        (lambda make: half_blind(make, "worse"), ["better", "nowhere worse"]),
        (lambda make: make("forced", parity=FORCED), ["better", "parity"]),
        (lambda make: make("unchecked", parity=None), ["better", "parity"]),
    ],
)
def test_a_condition_that_fails_keeps_the_champion(
    registry: Registry,
    make: Make,
    cells: Path,
    challenger: Callable[[Make], Path],
    failing: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    promote(registry, registry.register(make("whole")))
    assert promote_by_command(registry, challenger(make), cells) == 3
    conditions = document(capsys)["conditions"]
    assert [name for name, one in conditions.items() if one["met"] is False] == failing
    assert registry.find("champion").manifest.name == "whole"
