"""A checkpoint becomes a bundle that any machine with this wheel can run, or a reason why not."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from belisha.bundle import Bundle
from belisha.cli import COMMANDS as DEVICE
from belisha.cli.dispatch import dispatch
from belisha.detector import Detector
from belisha.errors import UsageError
from belisha.golden import check_golden
from belisha.report import render
from export.__main__ import COMMANDS
from export.build import Built, Request, build
from export.build_page import build_report
from export.flavours import open_flavour
from export.golden import drawn_pictures
from export.inspection import Oracle
from export.parity.rules import DEFAULT, read_rules
from tests.export.building import files_in, run, with_config
from tests.export.coloured_street import draw_coloured_street
from training.checkpoint import read_checkpoint
from training.data.coco import read_coco
from training.data.picture import read_image
from training.torch_detector import TorchDetector

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


@pytest.fixture(scope="module")
def built(
    coloured: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bundle, dict[str, Any], Path]:
    """A bundle of the trained network, what `--json` said, and the folder."""
    folder = tmp_path_factory.mktemp("built")
    request = _request(coloured)
    steps: list[str] = []
    made = build(request, folder / "good.bundle", steps.append)
    assert made.bundle is not None
    return made.bundle, {"steps": steps, "draft": made.draft}, folder


def _request(path: Path, **changes: Any) -> Request:
    settings: dict[str, Any] = {
        "checkpoint": path,
        "name": "coloured",
        "licence": "none",
        "size": None,
        "frames": 12,
        "golden": drawn_pictures(),
        "card": "# card",
        "rules": replace(read_rules(), resamples=200),
        "oracle": Oracle(ask=False),
    }
    return Request(**settings | changes)


def test_the_bundle_says_where_it_comes_from_and_that_it_was_compared(
    built: tuple[Bundle, dict[str, Any], Path],
) -> None:
    bundle = built[0]
    manifest = bundle.manifest
    assert sorted(manifest.models) == ["float", "int8_cpu", "int8_tensorrt"]
    assert "trained by Belisha at commit" in manifest.origin
    assert manifest.parity is not None
    assert manifest.parity.passed
    assert "with torch on 60 frames of validation" in manifest.parity.compared
    assert manifest.compiler == "not asked: it was not asked for"
    lineage = json.loads(bundle.read("lineage.json"))
    assert lineage["checkpoint"]["config"]["size"] == "tiny"
    assert lineage["data"]["fingerprints"] == manifest.data_fingerprints
    record = json.loads(bundle.read("evaluation.json"))
    assert record["reference_by_condition"]["light=night"]["people"] > 20
    assert record["flavours"]["int8_cpu"]["results"][0]["ap50"]["value"] > 0.5
    assert len(json.loads(bundle.read("parity.json"))["rows"]) > 12


def test_scores_are_calibrated_and_the_threshold_is_told_in_figures(
    built: tuple[Bundle, dict[str, Any], Path],
) -> None:
    bundle, extra, _ = built
    manifest, settled = bundle.manifest, extra["draft"].settled
    assert not manifest.head.calibration.is_identity
    assert manifest.head.calibration == settled.calibration
    own = settled.own
    assert own.all_fitted.ece.value < own.all.ece.value
    record = manifest.at_threshold
    assert record is not None
    assert (record.images, record.asked, manifest.threshold) == (60, 1.0, settled.threshold)
    assert set(record.flavours) == {"float", "int8_cpu", "int8_tensorrt"}
    alarms = record.flavours["float"].false_positives_per_image
    assert alarms.value <= 1.0
    evaluation = json.loads(bundle.read("evaluation.json"))
    for flavour, figure in record.flavours.items():
        measured = evaluation["flavours"][flavour]["results"][0]
        assert measured["recall"]["value"] == pytest.approx(figure.recall.value)
        assert evaluation["flavours"][flavour]["scores"]["ece"]["value"] < own.all.ece.value
    card = bundle.read("model_card.md").decode()
    assert card.startswith("# card\n\n## Scores and threshold")
    assert f"| float | {record.flavours['float'].recall} | {alarms} |" in card


def test_its_scores_are_those_of_the_trained_network_calibrated_alike(
    coloured: Path, built: tuple[Bundle, dict[str, Any], Path]
) -> None:
    """The float flavour by the runtime's own path, torch beside it."""
    bundle, checkpoint = built[0], read_checkpoint(coloured)
    calibration = bundle.manifest.head.calibration
    preprocessing = bundle.manifest.preprocessing
    torch_detector = TorchDetector(checkpoint.network(), preprocessing, 0.2, calibration)
    dataset = read_coco(coloured.parents[1] / "validation")
    with open_flavour(bundle, "float") as flavour:
        for sample in dataset.samples[:5]:
            expected, found = torch_detector(read_image(sample)), flavour(read_image(sample))
            found = found[found.scores >= 0.2]
            np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


def test_the_page_shows_reliability_and_other_thresholds(
    built: tuple[Bundle, dict[str, Any], Path],
) -> None:
    page = render(build_report(Built(built[1]["draft"], built[0])))
    for words in (
        "Scores and threshold",
        "tried crosswise",
        "int8_cpu, calibrated",
        "cross-fitted",
    ):
        assert words in page


def test_the_bundle_runs_and_its_golden_frames_agree(
    built: tuple[Bundle, dict[str, Any], Path],
) -> None:
    with Detector.open(built[0].path) as detector:
        assert detector.info.engine.flavour == "int8_cpu"
        assert all(verdict.passed for verdict in check_golden(detector))


def test_the_stages_come_in_order(built: tuple[Bundle, dict[str, Any], Path]) -> None:
    steps = built[1]["steps"]
    words = ["folding", "calibrating", "emitting", "checking", "scores", "comparing", "golden"]
    places = [next(n for n, step in enumerate(steps) if word in step) for word in words]
    assert places == sorted(places)


def test_the_registry_tells_its_lineage(
    built: tuple[Bundle, dict[str, Any], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--registry", str(tmp_path / "registry")]
    path, words = str(built[0].path), ["--alias", "challenger"]
    assert dispatch("export", "", COMMANDS, ["register", path, *words, *folder]) == 0
    capsys.readouterr()
    assert dispatch("export", "", COMMANDS, ["registry", "challenger", *folder]) == 0
    said = capsys.readouterr().out
    for wanted in (
        "trained by Belisha",
        "parity         passed",
        "size tiny",
        "int8_cpu       AP50",
    ):
        assert wanted in said


# The gate in the command: a plan with a fault is refused, shown, and forced only by name.


@pytest.fixture(scope="module")
def good_plan(built: tuple[Bundle, dict[str, Any], Path]) -> Path:
    """As the bundle has it: to search another one would take time."""
    bundle, _, folder = built
    path = folder / "good.json"
    path.write_bytes(bundle.read("plan.json"))
    return path


@pytest.fixture(scope="module")
def quick_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The strict rules, with fewer resamples."""
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(DEFAULT.read_text().replace("resamples: 2000", "resamples: 200"))
    return path


@pytest.fixture(scope="module")
def spoilt_plan(built: tuple[Bundle, dict[str, Any], Path]) -> Path:
    """The last tensor's range clipped to a tenth, as a stale plan may have it."""
    _, extra, folder = built
    plan = extra["draft"].plan
    last = list(plan.tensors)[-1]
    path = folder / "spoilt.json"
    path.write_bytes(plan.with_scales({last: plan.scales[last] / 10}, "given", "").to_json())
    return path


def test_a_failing_export_leaves_a_report_and_no_bundle(
    coloured: Path,
    spoilt_plan: Path,
    quick_rules: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "spoilt.bundle"
    options = ["--plan", spoilt_plan, "--rules", quick_rules, "--no-oracle", "--json"]
    code = run(coloured, "--out", out, *options)
    said = capsys.readouterr().out
    assert code == 3
    assert files_in(tmp_path) == ["spoilt.html"]
    assert "int8_cpu, all: " in said
    assert "refused    no bundle was written" in said
    document = json.loads(said.splitlines()[-1])
    assert document["bundle"] is None
    assert document["parity"]["passed"] is False
    page = (tmp_path / "spoilt.html").read_text()
    assert "No bundle was made. Parity FAILED" in page


def test_a_forced_bundle_says_so_for_ever(
    coloured: Path,
    good_plan: Path,
    quick_rules: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Rules that no integers can keep."""
    out, rules = tmp_path / "forced.bundle", tmp_path / "rules.yaml"
    rules.write_text(quick_rules.read_text().replace("least_iou: 0.93", "least_iou: 0.9999"))
    answer = ["--force", "--who", "Ada", "--reason", "bench only"]
    options = ["--plan", good_plan, "--no-oracle", "--rules", rules]
    code = run(coloured, "--out", out, *options, *answer)
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "FORCED     the bundle says so for ever" in said.out
    parity = Bundle.open(out).manifest.parity
    assert parity is not None
    assert (parity.passed, parity.forced_by, parity.forced_because) == (False, "Ada", "bench only")
    assert "FORCED. A bundle of" in (tmp_path / "forced.html").read_text()
    assert dispatch("belisha", "", DEVICE, ["info", str(out)]) == 0
    assert "FAILED and FORCED by Ada (bench only)" in capsys.readouterr().out


@pytest.mark.parametrize(("iou", "code"), [("0.93", 0), ("0.9999", 3)])
def test_the_gate_can_be_asked_about_a_bundle_that_is_there(
    coloured: Path,
    built: tuple[Bundle, dict[str, Any], Path],
    quick_rules: Path,
    tmp_path: Path,
    iou: str,
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(quick_rules.read_text().replace("least_iou: 0.93", f"least_iou: {iou}"))
    words = [str(built[0].path), "--checkpoint", str(coloured), "--rules", str(rules), "--json"]
    assert dispatch("export", "", COMMANDS, ["parity", *words]) == code
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["passed"] is (code == 0)


def test_force_needs_a_name_and_a_reason(
    coloured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(coloured, "--out", tmp_path / "x.bundle", "--force", "--who", "Ada") == 2
    assert "--force: expected --reason as one line of text" in capsys.readouterr().err
    assert run(coloured, "--out", tmp_path / "x.bundle", "--who", "Ada") == 2
    assert "--who and --reason belong to --force" in capsys.readouterr().err


def test_an_export_that_was_compared_on_nothing_is_refused(
    coloured: Path, good_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "tiny.bundle"
    path = with_config(coloured, tmp_path / "unvalidated.pt", validation=())
    assert run(path, "--out", out, "--plan", good_plan, "--no-oracle") == 3
    assert "nothing was compared: there are no frames to compare on" in capsys.readouterr().out
    assert files_in(out.parent) == ["tiny.html"]


def test_too_few_frames_decide_nothing(
    coloured: Path, good_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = draw_coloured_street(tmp_path / "few", 4, seed=3)
    out = tmp_path / "out" / "few.bundle"
    assert run(coloured, "--out", out, "--data", few, "--plan", good_plan, "--no-oracle") == 3
    assert "recall could not be judged" in capsys.readouterr().out


@contextmanager
def disk_with_room_for(count: int) -> Iterator[None]:
    """No file may grow beyond `count` bytes: the write fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [100_000, 2_000_000])
def test_a_full_disk_is_told_and_leaves_nothing_half(
    coloured: Path, good_plan: Path, tmp_path: Path, room: int
) -> None:
    """Drafts without golden frames still fit into the larger one, the bundle does not."""
    pictures = tuple(
        replace(picture, image_bgr=np.random.default_rng(0).integers(0, 256, (700, 700, 3), "u1"))
        for picture in drawn_pictures()
    )
    out = tmp_path / "full.bundle"
    out.write_bytes(b"the old one")
    request = _request(coloured, golden=pictures, plan=good_plan)
    with disk_with_room_for(room), pytest.raises(UsageError, match="cannot be written: File too l"):
        build(request, out, lambda text: None)
    assert out.read_bytes() == b"the old one"
    assert files_in(tmp_path) == ["full.bundle"]


@pytest.mark.parametrize("stage", ["emitting", "comparing", "proving"])
def test_ctrl_c_at_any_stage_leaves_nothing_half(
    coloured: Path, good_plan: Path, tmp_path: Path, stage: str
) -> None:
    def say(text: str) -> None:
        if stage in text:
            raise KeyboardInterrupt

    out = tmp_path / "x.bundle"
    out.write_bytes(b"the old one")
    with pytest.raises(KeyboardInterrupt):
        build(_request(coloured, plan=good_plan), out, say)
    assert out.read_bytes() == b"the old one"
    assert files_in(tmp_path) == ["x.bundle"]
