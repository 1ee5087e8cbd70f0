"""The self-test at load: the fast form of int8 is used where it gives the exact form's bits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from belisha import champion
from belisha.boxes import FloatArray
from belisha.bundle import Bundle, write_bundle
from belisha.engines.choice import open_engine
from belisha.engines.onnx_runtime import EXACT, FAST, load_flavour, session_options
from belisha.engines.self_test import agree, trial_inputs
from belisha.frames import Image
from tests.toy import HEIGHT, WIDTH, toy_files, toy_manifest, toy_model


def both_flavours(folder: Path) -> Bundle:
    models = {"float": "models/float.onnx", "int8_cpu": "models/int8.onnx"}
    files = {**toy_files(), "models/int8.onnx": toy_model()}
    return write_bundle(folder / "both.bundle", toy_manifest(models=models), files)


def test_the_trial_is_on_the_golden_frames_and_on_a_harsh_one(toy: Bundle) -> None:
    golden, harsh = trial_inputs(toy)
    assert golden.shape == harsh.shape == (1, HEIGHT, WIDTH, 3)
    assert golden.dtype == harsh.dtype == np.uint8
    assert golden.max() == 255, "the white cell"
    assert set(np.unique(harsh)) == {0, 255}


def test_the_harsh_frame_is_the_same_each_time(toy: Bundle) -> None:
    assert np.array_equal(trial_inputs(toy)[-1], trial_inputs(toy)[-1])


def test_a_golden_frame_that_is_no_picture_is_left_to_the_golden_check(tmp_path: Path) -> None:
    files = {**toy_files(), "golden/0.png": b"no picture"}
    bundle = write_bundle(tmp_path / "x.bundle", toy_manifest(), files)
    assert len(trial_inputs(bundle)) == 1


def doubled(network_input: Image) -> Mapping[str, FloatArray]:
    return {"sum": network_input.astype(np.float32) * 2}


def saturated(network_input: Image) -> Mapping[str, FloatArray]:
    """As `doubled`, but large sums are cut off."""
    return {"sum": np.minimum(network_input.astype(np.float32) * 2, 500)}


def test_forms_that_give_the_same_bits_agree(toy: Bundle) -> None:
    assert agree(doubled, doubled, trial_inputs(toy))


def test_saturation_shows_on_the_harsh_frame(toy: Bundle) -> None:
    assert not agree(doubled, saturated, trial_inputs(toy)[-1:])


def test_what_saturates_nowhere_in_the_trial_agrees(toy: Bundle) -> None:
    dark = [np.full((1, HEIGHT, WIDTH, 3), 30, np.uint8)]
    assert agree(doubled, saturated, dark)


def test_an_int8_engine_says_what_it_multiplies(tmp_path: Path) -> None:
    info = open_engine(both_flavours(tmp_path)).engine.info
    assert info.flavour == "int8_cpu"
    assert info.arithmetic.startswith((FAST, EXACT))
    assert "tried on 2 frames" in info.arithmetic
    assert bool(info.notice) == info.arithmetic.startswith(EXACT)


def test_a_float_engine_has_no_such_choice(toy: Bundle) -> None:
    info = open_engine(toy).engine.info
    assert (info.arithmetic, info.notice) == ("", "")


def test_a_flavour_can_be_asked_for(tmp_path: Path) -> None:
    bundle = both_flavours(tmp_path)
    for flavour in ("float", "int8_cpu"):
        engine = load_flavour(bundle, flavour, 1)  # type: ignore[arg-type]
        assert engine.info.flavour == flavour


def test_the_fast_form_is_used_only_where_the_champions_exact_form_gives_the_same_bits() -> None:
    bundle = Bundle.open(champion.BUNDLE)
    model, inputs = bundle.model("int8_cpu"), trial_inputs(bundle)
    runs = []
    for exact in (False, True):
        session = onnxruntime.InferenceSession(model, session_options(1, exact=exact))
        runs.append([session.run(None, {"frame": one}) for one in inputs])
    same = all(
        np.array_equal(first, second)
        for fast, exact in zip(*runs, strict=True)
        for first, second in zip(fast, exact, strict=True)
    )
    info = open_engine(bundle, threads=1).engine.info
    assert info.arithmetic.startswith(FAST if same else EXACT)
