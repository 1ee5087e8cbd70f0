"""What an adopted bundle holds, and what is refused."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import belisha
from belisha.bundle import Bundle
from belisha.errors import EngineError, UsageError
from belisha.golden import check_golden
from export.adopt import Request, adopt
from tests.export.foreign import CLASSES, HEIGHT, MODELS, WIDTH, Drawing, binned, write_model, yolo
from tests.pictures import write_picture
from tests.toy import scene


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """A request that succeeds."""
    model = write_model(tmp_path / "foreign.onnx", MODELS["nanodet"]())
    return Request(model=model, head="nanodet", person="1")


def refused(request: Request, tmp_path: Path) -> str:
    """The message of a refusal, after which nothing may lie about."""
    out = tmp_path / "out" / "x.bundle"
    with pytest.raises(UsageError) as caught:
        adopt(request, out)
    assert not out.parent.exists()
    return str(caught.value)


def test_the_bundle_takes_the_cameras_bytes_and_gives_one_class(
    request_: Request, tmp_path: Path
) -> None:
    bundle = adopt(request_, tmp_path / "x.bundle").bundle
    model = onnx.load_model_from_string(bundle.model("float"))
    (entry,) = model.graph.input
    assert entry.type.tensor_type.elem_type == TensorProto.UINT8
    assert [side.dim_value for side in entry.type.tensor_type.shape.dim] == [1, HEIGHT, WIDTH, 3]
    cells = 12 * 8 + 6 * 4 + 3 * 2
    shapes = {
        output.name: [side.dim_value for side in output.type.tensor_type.shape.dim]
        for output in model.graph.output
    }
    assert shapes == {"scores": [1, cells, 1], "boxes": [1, cells, 32]}
    assert [node.op_type for node in model.graph.node[:4]] == ["Cast", "Transpose", "Sub", "Div"]


def test_the_manifest_says_where_the_model_comes_from(request_: Request, tmp_path: Path) -> None:
    bundle = adopt(replace(request_, licence="MIT"), tmp_path / "x.bundle").bundle
    manifest = bundle.manifest
    assert manifest.name == "foreign"
    assert manifest.licence == "MIT"
    assert "foreign.onnx" in manifest.origin
    assert "not trained here" in manifest.origin
    assert str(tmp_path) not in bundle.path.read_bytes().decode("latin-1")
    assert manifest.model_card is not None
    card = bundle.read(manifest.model_card).decode()
    assert "foreign.onnx" in card
    assert "MIT" in card


def test_equal_requests_give_equal_bytes(request_: Request, tmp_path: Path) -> None:
    one, two = (adopt(request_, tmp_path / name).bundle for name in ("a.bundle", "b.bundle"))
    assert one.path.read_bytes() == two.path.read_bytes()


def test_an_unstated_licence_is_unknown_and_a_stated_one_is_kept(
    request_: Request, tmp_path: Path
) -> None:
    unknown = adopt(request_, tmp_path / "a.bundle").bundle
    assert unknown.manifest.licence == "unknown: ask the author"
    model = write_model(tmp_path / "yolo.onnx", yolo())
    stated = adopt(Request(model=model, head="yolov8", person="0"), tmp_path / "b.bundle").bundle
    assert stated.manifest.licence == "AGPL-3.0 (as the ONNX file says)"


def test_golden_frames_are_the_pictures_given(request_: Request, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "street.png", scene((2, 1), width=WIDTH, height=HEIGHT))
    adoption = adopt(replace(request_, golden=(picture,)), tmp_path / "x.bundle")
    (frame,) = adoption.bundle.manifest.golden.frames
    assert frame.origin == "street.png"
    assert frame.boxes
    with belisha.Detector.open(adoption.bundle.path) as detector:
        (verdict,) = check_golden(detector)
    assert verdict.passed
    assert verdict.expected == len(frame.boxes)


def test_drawn_golden_frames_say_that_they_are_weak(request_: Request, tmp_path: Path) -> None:
    golden = adopt(request_, tmp_path / "x.bundle").bundle.manifest.golden
    assert len(golden.frames) == 2
    assert all("no people, so a weak check" in frame.origin for frame in golden.frames)


def test_the_golden_threshold_falls_until_there_is_something_to_compare(
    request_: Request, tmp_path: Path
) -> None:
    golden = adopt(
        replace(request_, threshold=0.9999), tmp_path / "x.bundle"
    ).bundle.manifest.golden
    assert golden.threshold < 0.9999
    best = max(box.score for frame in golden.frames for box in frame.boxes)
    assert best > golden.threshold + golden.max_score_difference


def test_weights_in_another_file_come_along(request_: Request, tmp_path: Path) -> None:
    expected = adopt(request_, tmp_path / "a.bundle").bundle
    outside = tmp_path / "outside.onnx"
    onnx.save(MODELS["nanodet"](), outside, save_as_external_data=True, size_threshold=0)
    found = adopt(replace(request_, model=outside), tmp_path / "b.bundle").bundle
    assert found.manifest.golden == expected.manifest.golden
    alone = tmp_path / "alone" / "outside.onnx"
    alone.parent.mkdir()
    outside.rename(alone)
    assert "lies in another file" in refused(replace(request_, model=alone), tmp_path)


def test_a_half_precision_model_gives_single_precision_outputs(tmp_path: Path) -> None:
    model = yolo()
    for weight in model.graph.initializer:
        array = numpy_helper.to_array(weight)
        if array.dtype == np.float32:
            weight.CopyFrom(numpy_helper.from_array(array.astype(np.float16), weight.name))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    path = write_model(tmp_path / "half.onnx", model)
    request = Request(model=path, head="yolov8", person="0", threshold=0.5)
    with belisha.Detector.open(adopt(request, tmp_path / "x.bundle").bundle.path) as detector:
        assert detector(scene((2, 1), width=WIDTH, height=HEIGHT)).xyxy.dtype == np.float32


def test_an_open_size_is_settled_by_the_request(tmp_path: Path) -> None:
    model = write_model(tmp_path / "dynamic.onnx", yolo(dynamic=True))
    request = Request(model=model, head="yolov8", person="0")
    assert "--size 416x320" in refused(request, tmp_path)
    bundle = adopt(replace(request, size=(64, 48)), tmp_path / "x.bundle").bundle
    frame = bundle.manifest.preprocessing
    assert (frame.width, frame.height) == (64, 48)
    with belisha.Detector.open(bundle.path) as detector:
        network_input, _ = detector.prepare(scene((2, 1)))
        assert detector.infer(network_input)["scores"].shape == (1, 48, 1)


def test_a_fixed_size_cannot_be_changed(request_: Request, tmp_path: Path) -> None:
    message = refused(replace(request_, size=(64, 64)), tmp_path)
    assert f"expected --size {WIDTH}x{HEIGHT}" in message
    assert "got 64x64" in message


@pytest.mark.parametrize(
    ("data", "part"),
    [
        pytest.param(b"", "not a whole one", id="empty"),
        pytest.param(b"junk" * 100, "not a whole one", id="not ONNX"),
        pytest.param(None, "cannot be read", id="absent"),
    ],
)
def test_what_is_no_onnx_file_is_refused(
    request_: Request, tmp_path: Path, data: bytes | None, part: str
) -> None:
    path = tmp_path / "other.onnx"
    if data is not None:
        path.write_bytes(data)
    message = refused(replace(request_, model=path), tmp_path)
    assert str(path) in message
    assert part in message


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(request_: Request, tmp_path: Path, share: float) -> None:
    data = request_.model.read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(data[: round(len(data) * share)])
    assert "copy or export it again" in refused(replace(request_, model=path), tmp_path)


def test_an_old_opset_is_refused(request_: Request, tmp_path: Path) -> None:
    model = MODELS["nanodet"]()
    model.opset_import[0].version = 9
    path = write_model(tmp_path / "old.onnx", model)
    assert "expected opset 11 or later, got 9" in refused(replace(request_, model=path), tmp_path)


@pytest.mark.parametrize(("head", "other"), [*itertools.permutations(MODELS, 2)])
def test_the_wrong_head_says_what_it_expected_and_what_came(
    tmp_path: Path, head: str, other: str
) -> None:
    model = write_model(tmp_path / "foreign.onnx", MODELS[other]())
    message = refused(Request(model=model, head=head, person="0"), tmp_path)
    assert f"--head {head} expected" in message
    assert f"for an input of {WIDTH}x{HEIGHT}" in message
    assert "got " in message


def test_scores_that_are_no_probabilities_are_refused(tmp_path: Path) -> None:
    model = binned((8, 16, 32))
    for node in model.graph.node:
        if node.op_type == "Sigmoid":
            node.op_type = "Identity"
    path = write_model(tmp_path / "logits.onnx", model)
    out = tmp_path / "x.bundle"
    with pytest.raises(EngineError, match="expected scores between 0 and 1"):
        adopt(Request(model=path, head="nanodet", person="0"), out)
    assert not out.exists()


def test_a_model_of_several_inputs_is_refused(tmp_path: Path) -> None:
    model = MODELS["nanodet"]()
    model.graph.input.append(helper.make_tensor_value_info("scale", TensorProto.FLOAT, [1, 2]))
    path = write_model(tmp_path / "two.onnx", model)
    message = refused(Request(model=path, head="nanodet"), tmp_path)
    assert "expected one float input (1, 3, height, width)" in message
    assert "scale float32 (1, 2)" in message


def test_a_batch_is_refused(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.node("Sigmoid", "image", output="y")
    model = drawing.model({"y": (4, 3, HEIGHT, WIDTH)}, (4, 3, HEIGHT, WIDTH))
    path = write_model(tmp_path / "batch.onnx", model)
    assert "batch of 1, got 4" in refused(Request(model=path, head="yolov8"), tmp_path)


def test_outputs_whose_number_depends_on_the_picture_are_refused(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.node("NonZero", "image", output="found")
    model = drawing.model({"found": (4, "found_count")})
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    path = write_model(tmp_path / "nms.onnx", model)
    assert "without its suppression" in refused(Request(model=path, head="yolov8"), tmp_path)


def test_a_size_that_the_graph_cannot_take_is_refused(tmp_path: Path) -> None:
    drawing = Drawing()
    half = drawing.level(2, 5, (WIDTH, HEIGHT), 1)
    other = drawing.node(
        "MaxPool",
        drawing.level(1, 5, (WIDTH, HEIGHT), 1),
        kernel_shape=[2, 2],
        strides=[2, 2],
        ceil_mode=1,
    )
    total = drawing.node("Add", half, other)
    shape = drawing.weight(np.array([1, 5, -1], np.int64))
    drawing.node("Reshape", total, shape, output="output0")
    model = drawing.model({"output0": (1, 5, "n")}, (1, 3, "height", "width"))
    path = write_model(tmp_path / "even.onnx", model)
    request = Request(model=path, head="yolov8", person="0", size=(97, 64))
    message = refused(request, tmp_path)
    assert "cannot take an input of (1, 3, 64, 97)" in message
    assert "multiples of 32" in message


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, float("nan")])
def test_an_impossible_threshold_is_refused(
    request_: Request, tmp_path: Path, threshold: float
) -> None:
    assert "between 0 and 1" in refused(replace(request_, threshold=threshold), tmp_path)


@pytest.mark.parametrize("text", ["", " ", "a\nb", "\x1b[31m"])
def test_a_name_that_is_not_one_line_is_refused(
    request_: Request, tmp_path: Path, text: str
) -> None:
    assert "expected --name as one line" in refused(replace(request_, name=text), tmp_path)


def test_a_golden_picture_that_cannot_be_decoded_is_refused(
    request_: Request, tmp_path: Path
) -> None:
    picture = tmp_path / "street.png"
    picture.write_bytes(b"junk")
    assert "street.png" in refused(replace(request_, golden=(picture,)), tmp_path)


def test_the_inputs_are_never_overwritten(request_: Request) -> None:
    before = request_.model.read_bytes()
    with pytest.raises(UsageError, match="one of the inputs"):
        adopt(request_, request_.model)
    assert request_.model.read_bytes() == before


def test_a_failure_leaves_the_old_bundle(request_: Request, tmp_path: Path) -> None:
    out = tmp_path / "x.bundle"
    digest = adopt(request_, out).bundle.digest
    with pytest.raises(UsageError):
        adopt(replace(request_, person=str(CLASSES)), out)
    assert Bundle.open(out).digest == digest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign.onnx", "x.bundle"]


def test_a_target_that_cannot_be_written_is_named(request_: Request, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        adopt(request_, tmp_path / "file" / "x.bundle")


def test_without_onnx_the_message_names_the_extra(request_: Request, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['onnx'] = None\nfrom export.__main__ import main; sys.exit(main())"
    )
    arguments = ["adopt", request_.model, "--head", "nanodet", "--out", tmp_path / "x.bundle"]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 2
    assert "pip install -e '.[export]'" in done.stderr
    assert not (tmp_path / "x.bundle").exists()
