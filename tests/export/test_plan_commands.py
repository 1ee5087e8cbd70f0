"""`plan`, `lint` and `oracle` as commands: tables for people, JSON for programs, clear refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest

from belisha.bundle import write_bundle
from belisha.cli.dispatch import dispatch
from export.__main__ import COMMANDS
from export.commands.plan import plan_lines
from export.emit_cpu import emit_cpu
from export.emit_tensorrt import emit_tensorrt
from export.plan import read_plan
from tests.export.trained import checkpoint, float_model, plan
from tests.toy import toy_files, toy_manifest

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

MODELS = {"float": "models/float.onnx", "int8_cpu": "m/cpu.onnx", "int8_tensorrt": "m/trt.onnx"}


def call(*arguments: object) -> int:
    return dispatch("python -m export", "", COMMANDS, [str(one) for one in arguments])


def bundle(path: Path, cpu: onnx.ModelProto | None = None, **files: bytes) -> Path:
    """The toy with the flavours of another network, which lint looks at and nobody runs."""
    content = {
        **toy_files(),
        "m/cpu.onnx": (cpu or emit_cpu(float_model(), plan())).SerializeToString(),
        "m/trt.onnx": emit_tensorrt(float_model(), plan()).SerializeToString(),
        "plan.json": plan().to_json(),
        **files,
    }
    write_bundle(path, toy_manifest(models=MODELS), content)
    return path


def last_line(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_plan_is_made_written_shown_and_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored, out = checkpoint(tmp_path), tmp_path / "plan.json"
    assert call("plan", stored, "--frames", 6, "--out", out) == 0
    table = capsys.readouterr().out
    made = read_plan(out)
    assert all(name in table for name in (*made.tensors, *made.layers))
    assert "equalisation: " in table
    assert call("plan", stored, "--read", out, "--json") == 0
    assert last_line(capsys)["calibration"]["frames"] == 6


def test_an_edited_plan_that_fits_no_more_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(plan().to_json())
    del document["tensors"]["stages.1.0"]
    (tmp_path / "plan.json").write_text(json.dumps(document))
    assert call("plan", checkpoint(tmp_path), "--read", tmp_path / "plan.json") == 2
    assert "lack ['stages.1.0']" in capsys.readouterr().err


def test_a_layer_that_was_not_measured_says_so() -> None:
    assert any("not measured" in line for line in plan_lines(plan()))


def test_a_clean_bundle_passes_lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("lint", bundle(tmp_path / "x.bundle")) == 0
    *verdicts, share = capsys.readouterr().out.splitlines()
    assert verdicts == ["int8_cpu: clean", "int8_tensorrt: clean"]
    planned, layers = len(plan().planned), len(plan().layers)
    assert share.startswith(f"int8_cpu: {planned} of {layers} convolutions multiply integers, 100")


def test_lint_names_rule_and_node_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = emit_cpu(float_model(), plan())
    next(node for node in broken.graph.node if node.name == "stages.1.0").name = "odd"
    assert call("lint", bundle(tmp_path / "x.bundle", broken), "--json") == 3
    document = last_line(capsys)
    findings = document["findings"]
    assert document["int8_cpu"]["of_macs"] > 0.9
    assert {"flavour", "rule", "node", "message"} == set(findings[0])
    assert ("integers", "stages.1.0") in {(one["rule"], one["node"]) for one in findings}


def test_a_bundle_without_a_plan_cannot_be_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.bundle"
    write_bundle(path, toy_manifest(), toy_files())
    assert call("lint", path) == 2
    assert "expected a quantisation plan, there is none" in capsys.readouterr().err


def test_the_oracle_wants_a_flavour_and_an_interpreter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = tmp_path / "toy.bundle"
    write_bundle(toy, toy_manifest(), toy_files())
    assert call("oracle", toy) == 2
    assert "expected a TensorRT flavour" in capsys.readouterr().err
    whole = bundle(tmp_path / "x.bundle")
    assert call("oracle", whole, "--oracle-python", tmp_path / "gone") == 2
    assert "expected a Python interpreter" in capsys.readouterr().err


def test_what_the_oracle_refuses_is_a_failure_with_its_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    python.write_text("""#!/bin/sh\necho '{"library": "x 1", "refused": "no such operator"}'\n""")
    python.chmod(0o755)
    path = bundle(tmp_path / "x.bundle")
    assert call("oracle", path, "--oracle-python", python, "--capability", "SM86") == 3
    assert "SM86   REFUSED: no such operator" in capsys.readouterr().out
