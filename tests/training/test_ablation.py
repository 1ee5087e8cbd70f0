"""An ablation: variants of one base, one budget, gains over the first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.cli.dispatch import dispatch
from belisha.errors import ConfigError
from belisha.report import render
from tests.training.drawn_street import draw_street
from training.__main__ import COMMANDS
from training.ablation import ablate, folder_name, read_plan
from training.ablation_report import ablation_page, text_table

PLANS = Path(__file__).parents[2] / "training" / "configs" / "ablations"

BASE = """\
data: {data}
size: tiny
width: 100
height: 65
minutes: 60
warm_up: 1
threads: 1
recipe: {{natural_width: 100, natural_height: 65, p_mosaic: 0.5}}
stages: [{{until: 1, width: 100, height: 65, batch: 4}}]
train: [{{path: street}}]
validation: [{{path: street}}]
"""
PLAN = """\
base: base.yaml
change: {steps: 2}
variants:
  as it is: {}
  No mosaic!: {recipe: {p_mosaic: 0}, seed: 7}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw_street(folder / "street")
    return folder


def written(folder: Path, data: Path, plan: str = PLAN) -> Path:
    (folder / "base.yaml").write_text(BASE.format(data=data))
    (folder / "plan.yaml").write_text(plan)
    return folder / "plan.yaml"


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_plans_are_sound(path: Path) -> None:
    assert len(read_plan(path)) > 1


def test_a_variant_is_the_base_with_its_changes(data: Path, tmp_path: Path) -> None:
    configs = read_plan(written(tmp_path, data))
    first, second = configs.values()
    assert list(configs) == ["as it is", "No mosaic!"]
    assert (first.recipe.p_mosaic, second.recipe.p_mosaic) == (0.5, 0)
    assert second.recipe.natural_width == 100, "the rest of a changed mapping stays"
    assert (first.seed, second.seed) == (0, 7)


def test_a_budget_replaces_the_other_kind(data: Path, tmp_path: Path) -> None:
    for config in read_plan(written(tmp_path, data)).values():
        assert (config.steps, config.minutes) == (2, None)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("base: base.yaml\nvariants: {}", "at least one variant"),
        ("base: base.yaml\nvariants: {'!': {}}", "letters or digits"),
        ("base: base.yaml\nvariants: {a: {sped: 1}}", r"variant 'a'.*unknown key 'sped'"),
        ("base: base.yaml\nvariants: {a: {size: huge}}", r"variant 'a'.*'huge'"),
        ("base: gone.yaml\nvariants: {a: {}}", r"gone.yaml: cannot be read"),
    ],
)
def test_a_wrong_plan_names_what_is_wrong(
    data: Path, tmp_path: Path, plan: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_plan(written(tmp_path, data, plan))


def test_all_are_trained_and_compared_with_the_first(data: Path, tmp_path: Path) -> None:
    first, second = ablate(read_plan(written(tmp_path, data)), tmp_path / "runs")
    assert first.summary
    assert second.summary
    assert first.summary.progress.step == second.summary.progress.step == 2
    assert first.gains == ()
    assert len(second.gains[0]) == len(second.evaluations[0].results)
    assert (tmp_path / "runs" / "no-mosaic" / "last.pt").exists()


def test_a_variant_that_fails_costs_only_itself(data: Path, tmp_path: Path) -> None:
    plan = PLAN + "  too fast: {rate: 1.0e+30, clip: 1.0e+30, steps: 6, average_decay: 0.0}\n"
    outcomes = ablate(read_plan(written(tmp_path, data, plan)), tmp_path / "runs")
    assert [bool(one.summary) for one in outcomes] == [True, True, False]
    assert "not finite" in outcomes[2].failure
    assert "failed" in text_table(outcomes)
    assert "not finite" in render(ablation_page(outcomes))


def test_the_command_writes_a_page_and_a_document_and_does_nothing_twice(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ablate", str(written(tmp_path, data)), "--out", str(tmp_path / "runs"), "--json"]
    assert dispatch("training", "", COMMANDS, arguments) == 0
    capsys.readouterr()
    stamp = (tmp_path / "runs" / "as-it-is" / "last.pt").stat().st_mtime_ns
    assert dispatch("training", "", COMMANDS, arguments) == 0
    assert (tmp_path / "runs" / "as-it-is" / "last.pt").stat().st_mtime_ns == stamp
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [one["name"] for one in document] == ["as it is", "No mosaic!"]
    assert json.loads((tmp_path / "runs" / "ablation.json").read_text()) == document
    assert "No mosaic!" in (tmp_path / "runs" / "report.html").read_text()


def test_a_dry_run_only_reads(data: Path, tmp_path: Path) -> None:
    arguments = ["ablate", str(written(tmp_path, data)), "--out", str(tmp_path / "r"), "--dry-run"]
    assert dispatch("training", "", COMMANDS, arguments) == 0
    assert not (tmp_path / "r").exists()


def test_folder_names_are_harmless() -> None:
    assert folder_name("../No mosaic!") == "no-mosaic"
