"""The manifest: read back as it was written, refused where it makes no sense."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha.calibration import Calibration
from belisha.decode import HeadLayout
from belisha.errors import BundleError, BundleVersionError
from belisha.frames import Preprocessing
from belisha.manifest import (
    FORMAT,
    ExpectedBox,
    FileRecord,
    GoldenFrame,
    Manifest,
    Parity,
    Performance,
    Seen,
    ThresholdRecord,
    digest,
    parse_manifest,
)
from tests.strategies import preprocessings
from tests.toy import toy_files, toy_manifest

Document = dict[str, Any]


def complete(**changes: Any) -> Manifest:
    """The toy's manifest with its files listed."""
    records = {name: FileRecord(len(data), digest(data)) for name, data in toy_files().items()}
    return replace(toy_manifest(files=records), **changes)


def parse(manifest: Manifest) -> Manifest:
    return parse_manifest(manifest.to_json(), "toy.bundle")


def test_a_manifest_is_read_back_as_it_was_written() -> None:
    assert parse(complete()) == complete()


@given(preprocessings())
def test_every_preprocessing_travels(preprocessing: Preprocessing) -> None:
    manifest = complete(preprocessing=preprocessing, preprocessing_digest=preprocessing.digest)
    assert parse(manifest) == manifest


@pytest.mark.parametrize(
    "head",
    [
        HeadLayout(boxes="bins", scores="probability", strides=(8, 16, 32, 64), bins=8),
        HeadLayout(boxes="cxcywh", scores="logit", nms_iou=1, max_boxes=1, max_candidates=1),
        HeadLayout(boxes="distances", scores="logit", strides=(4,), embedding=128),
        HeadLayout(boxes="distances", scores="logit", strides=(8,), centre_offset=-4),
        HeadLayout(
            boxes="cxcywh", scores="logit", calibration=Calibration(temperature=1, offset=0.4)
        ),
    ],
)
def test_every_head_travels(head: HeadLayout) -> None:
    assert parse(complete(head=head)) == complete(head=head)


def test_what_the_threshold_was_seen_to_give_travels() -> None:
    figure = Performance(
        recall=Seen(value=0.5, low=0.4, high=0.6), false_positives_per_image=Seen(value=0.25)
    )
    record = ThresholdRecord(
        data="street", images=9, people=20, asked=0.5, flavours={"int8_cpu": figure}
    )
    assert parse(complete(at_threshold=record)).at_threshold == record
    assert str(record) == (
        "for 0.5 false positives per image, on 9 images with 20 people of street"
    )
    assert str(replace(record, asked=None)).startswith("given, on 9 images")
    assert str(figure) == "recall 0.500 [0.400, 0.600], false positives per image 0.250"


def test_a_threshold_record_of_an_unknown_flavour_or_of_unprintable_data_is_refused() -> None:
    record = ThresholdRecord(data="street\x1b", images=9, people=20, asked=None, flavours={})
    with pytest.raises(BundleError, match="expected one line of printable text"):
        parse(complete(at_threshold=record))
    document = json.loads(complete(at_threshold=replace(record, data="street")).to_json())
    document["at_threshold"]["flavours"] = {"fp4": {}}
    with pytest.raises(BundleError, match="Invalid enum value 'fp4'"):
        parse_manifest(json.dumps(document).encode(), "toy.bundle")


def test_a_bundle_from_before_calibration_has_the_networks_own_scores() -> None:
    document = json.loads(complete().to_json())
    document["format"] = 1
    del document["head"]["calibration"], document["at_threshold"]
    manifest = parse_manifest(json.dumps(document).encode(), "toy.bundle")
    assert manifest.head.calibration.is_identity


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        ({"temperature": 0}, "head.calibration: expected a temperature from 0.01 to 100, got 0"),
        ({"offset": "0.4"}, "head.calibration.offset: Expected `float`, got `str`"),
        ({"temprature": 0.4}, "unknown key 'temprature': did you mean 'temperature'?"),
        (None, "head.calibration: Expected `object`, got `null`"),
    ],
)
def test_a_calibration_without_sense_is_refused(calibration: Any, message: str) -> None:
    document = json.loads(complete().to_json())
    document["head"]["calibration"] = calibration
    with pytest.raises(BundleError, match=message):
        parse_manifest(json.dumps(document).encode(), "toy.bundle")


@given(
    name=st.text(st.characters(categories=("L", "N", "P", "S"))),
    corners=st.tuples(*[st.floats(-1e6, 1e6)] * 4),
    score=st.floats(0, 1),
    fingerprints=st.dictionaries(st.text(), st.text(), max_size=3),
)
def test_texts_and_numbers_travel_exactly(
    name: str, corners: Any, score: float, fingerprints: dict[str, str]
) -> None:
    box = ExpectedBox(xyxy=corners, score=score)
    frame = GoldenFrame(file="golden/0.png", origin=name, boxes=(box, box))
    golden = replace(toy_manifest().golden, frames=(frame,))
    manifest = complete(name=name, golden=golden, data_fingerprints=fingerprints)
    assert parse(manifest) == manifest


def test_equal_manifests_have_equal_bytes() -> None:
    exact, typed = (
        complete(head=HeadLayout(boxes="cxcywh", scores="logit", nms_iou=one)) for one in (1.0, 1)
    )
    assert exact == typed
    assert exact.to_json() == typed.to_json()
    assert parse(typed).to_json() == typed.to_json()


def test_expected_boxes_are_boxes() -> None:
    (frame,) = parse(complete()).golden.frames
    assert frame.expected.xyxy.tolist() == [[16, 8, 24, 16]]
    assert len(GoldenFrame(file="a", origin="b", boxes=()).expected) == 0


def test_a_head_that_would_eat_the_memory_is_refused() -> None:
    huge = Preprocessing(width=8192, height=8192)
    head = HeadLayout(boxes="distances", scores="logit", strides=(1,))
    with pytest.raises(BundleError, match="at most 1000000 cells, got 67108864"):
        parse(complete(head=head, preprocessing=huge, preprocessing_digest=huge.digest))


def test_what_the_parity_gate_said_travels() -> None:
    passed = Parity(passed=True, compared="torch with float on 9 frames")
    forced = replace(passed, passed=False, forced_by="Ada", forced_because="bench only")
    for parity in (passed, forced):
        assert parse(complete(parity=parity)).parity == parity
    assert str(passed) == "passed: torch with float on 9 frames"
    assert "FAILED and FORCED by Ada (bench only)" in str(forced)


def test_a_gate_that_failed_needs_somebody_who_answers_for_it() -> None:
    failed = Parity(passed=False, compared="", forced_by="Ada")
    with pytest.raises(BundleError, match="did not pass, and nobody forced it"):
        parse(complete(parity=failed))


def without(key: str) -> Callable[[Document], object]:
    return lambda document: document.pop(key)


def setting(value: Any, *path: str) -> Callable[[Document], object]:
    """An edit that sets what lies at a path of keys."""

    def edit(document: Document) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        pytest.param(setting(3, "format"), "format 2 or older, got 3: update belisha", id="newer"),
        pytest.param(setting(True, "format"), "expected a manifest with a format number, got True"),
        pytest.param(setting("1", "format"), "a format number, got '1'"),
        pytest.param(setting(1.0, "format"), "a format number, got 1.0"),
        pytest.param(setting(-1, "format"), "a format number, got -1"),
        pytest.param(setting(0, "format"), "a format number, got 0"),
        pytest.param(setting(None, "format"), "a format number, got None"),
        pytest.param(without("format"), "a format number, got None"),
        pytest.param(without("head"), "missing required field `head`"),
        pytest.param(setting(1, "colour"), "unknown key 'colour'", id="unknown key"),
        pytest.param(setting("x", "licens"), "unknown key 'licens': did you mean 'licence'"),
        pytest.param(setting(1, "head", "stride"), "unknown key 'stride': did you mean 'strides'"),
        pytest.param(setting("0.5", "threshold"), "threshold: Expected `float`, got `str`"),
        pytest.param(setting(0, "threshold"), r"expected a threshold in \(0, 1\), got 0.0"),
        pytest.param(setting(1, "threshold"), r"expected a threshold in \(0, 1\), got 1.0"),
        pytest.param(
            setting(321, "preprocessing", "width"), "the bundle was edited; export it again",
            id="preprocessing edited, hash kept",
        ),
        pytest.param(
            setting("0" * 64, "preprocessing_digest"), "expected preprocessing 000000000000, but",
            id="hash edited",
        ),
        pytest.param(
            setting("lanczos", "preprocessing", "resampling"),
            "got 'lanczos': this runtime cannot honour it; update the runtime",
            id="unknown resampling",
        ),
        pytest.param(setting(45, "preprocessing", "rotation"), "rotation: Invalid enum value 45"),
        pytest.param(setting(0, "preprocessing", "width"), "1 to 8192 pixels a side, got 0x48"),
        pytest.param(setting(True, "preprocessing", "width"), "width: Expected `int`, got `bool`"),
        pytest.param(setting([], "head", "strides"), "expected strides for 'distances'"),
        pytest.param(setting("magic", "head", "boxes"), "boxes: Invalid enum value 'magic'"),
        pytest.param(setting({}, "models"), "expected at least one model, got none"),
        pytest.param(setting("x", "models", "fp4"), "Invalid enum value 'fp4'"),
        pytest.param(setting("gone.onnx", "models", "float"), "names 'gone.onnx', which is not in"),
        pytest.param(setting("manifest.json", "models", "float"), "names 'manifest.json', which"),
        pytest.param(setting("CARD.md", "model_card"), "names 'CARD.md', which is not in"),
        pytest.param(setting("eval.json", "evaluation"), "names 'eval.json', which is not in"),
        pytest.param(without("files"), "missing required field `files`"),
        pytest.param(setting({}, "files"), "names 'models/float.onnx', which is not in"),
        pytest.param(setting({"bytes": 1}, "files", "x"), "missing required field `sha256`"),
        pytest.param(setting(0, "golden", "threshold"), r"golden.threshold in \(0, 1\), got 0.0"),
        pytest.param(setting(0, "golden", "min_iou"), r"golden.min_iou in \(0, 1\], got 0.0"),
        pytest.param(setting(1.5, "golden", "min_iou"), r"golden.min_iou in \(0, 1\], got 1.5"),
        pytest.param(setting(-0.1, "golden", "max_score_difference"), r"in \[0, 1\], got -0.1"),
        pytest.param(setting([{}], "golden", "frames"), "missing required field `file`"),
        pytest.param(setting("a\nb", "name"), r"one line of printable text, got 'a\\nb'"),
        pytest.param(setting("\x1b[2J", "origin"), r"printable text, got '\\x1b\[2J'"),
        pytest.param(setting("\ud800", "licence"), r"expected text, got a lone surrogate"),
    ],
)  # fmt: skip
def test_a_manifest_without_sense_is_refused(
    edit: Callable[[Document], object], message: str
) -> None:
    document = json.loads(complete().to_json())
    edit(document)
    with pytest.raises(BundleError, match=rf"^toy.bundle: .*{message}"):
        parse_manifest(json.dumps(document).encode(), "toy.bundle")


def test_a_newer_format_is_told_apart_whatever_else_it_holds() -> None:
    for document in ({"format": FORMAT + 1}, {"format": 10**9, "models": "elsewhere"}):
        with pytest.raises(BundleVersionError, match="update belisha on this machine"):
            parse_manifest(json.dumps(document).encode(), "new.bundle")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not valid JSON: Expecting value"),
        (b"format: 1", "not valid JSON"),
        (b"[1]", "expected a manifest with a format number, got None"),
        (b"1", "expected a manifest with a format number, got None"),
        (b'{"format": 1, "format": 1}', "the key 'format' stands twice"),
        (b'{"format": 1, "threshold": NaN}', "NaN is not a number of JSON"),
        (b'{"format": 1, "threshold": 1e999}', "1e999 is too large a number"),
        (b'{"format": 1, "name": "\xff"}', "not valid JSON"),
        (b'{"format":' * 50_000, "not valid JSON"),
    ],
)
def test_what_is_not_a_manifest_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=rf"^toy.bundle: .*{message}"):
        parse_manifest(text, "toy.bundle")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": "0.5"}, "toy: manifest: threshold: Expected `float`, got `str`"),
        ({"format": None}, "format: Expected `int`, got `null`"),
        ({"models": {"fp4": "a"}}, "Invalid enum value 'fp4'"),
    ],
)
def test_a_manifest_of_wrong_types_cannot_be_written(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        complete(**changes).to_json()
