"""The panel: one truth of several answers, who errs how, and how well people do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from belisha.boxes import as_xyxy
from belisha.errors import DatasetError, UsageError
from tests.training.data.people import record
from training.data.agreement import agreement, disputes, krippendorff_alpha
from training.data.annotator_quality import Quality, weigh
from training.data.human_line import human_line, read_human_line, write_human_line
from training.data.panel import Answers, Consensus, answers_of, cluster, consensus, truth
from training.data.records import Annotation, Record
from training.data.simulated_panel import ORIGIN, Recovery, recover, simulate, simulated_truth

Box = tuple[float, float, float, float]
NEAR: Box = (100, 100, 140, 200)
FAR: Box = (300, 100, 312, 130)


def answers(image: str = "a", /, **drawn: list[Box]) -> Answers:
    """What each annotator drew."""
    boxes = tuple(
        Annotation(xyxy=box, annotator=name) for name, own in drawn.items() for box in own
    )
    return answers_of(replace(record(image), annotations=boxes, annotators=tuple(drawn)))


def moved(box: Box, by: float) -> Box:
    left, top, right, bottom = box
    return left + by, top + by, right + by, bottom + by


def test_the_box_of_a_majority_is_the_median() -> None:
    agreed = consensus(answers(ada=[NEAR], ben=[moved(NEAR, 2)], cem=[moved(NEAR, 5), FAR]))
    assert agreed.people.tolist() == [list(moved(NEAR, 2))]
    assert sorted(agreed.belief.round(3)) == [0.333, 1.0]


def test_who_looked_and_drew_nothing_has_voted_too() -> None:
    agreed = consensus(answers(ada=[NEAR], ben=[], cem=[]))
    assert len(agreed.people) == 0
    assert agreed.answers.answers[1].people.shape == (0, 4)


def test_exactly_half_is_a_tie_and_becomes_dont_care() -> None:
    agreed = consensus(answers(ada=[NEAR], ben=[NEAR], cem=[], dan=[]))
    assert agreed.tied.tolist() == [True]
    (annotation,) = truth(agreed).annotations
    assert (annotation.kind, annotation.reason) == ("dont_care", "disputed")
    assert truth(agreed).annotators == ()


@pytest.mark.parametrize(("quorum", "people"), [(1, 2), (2, 1), (3, 1), (None, 1)])
def test_a_quorum_may_be_asked_for(quorum: int | None, people: int) -> None:
    drawn = answers(ada=[NEAR, FAR], ben=[NEAR], cem=[NEAR])
    assert len(consensus(drawn, quorum).people) == people


@pytest.mark.parametrize("quorum", [0, 4])
def test_a_quorum_that_nobody_can_reach_is_refused(quorum: int) -> None:
    with pytest.raises(UsageError, match=f"quorum of 1 to 3 annotators, got {quorum}"):
        consensus(answers(ada=[], ben=[], cem=[]), quorum)


def test_two_people_side_by_side_are_two_even_if_boxes_overlap() -> None:
    second = moved(NEAR, 8)
    agreed = consensus(answers(ada=[NEAR, second], ben=[NEAR, second], cem=[NEAR, second]))
    assert len(agreed.people) == 2


def test_a_cluster_has_one_box_of_each_annotator_and_all_overlap() -> None:
    chain = [as_xyxy([[step * 14, 0, 40 + step * 14, 100]]) for step in range(4)]
    for found in cluster(chain):
        assert len(set(found.annotators.tolist())) == len(found.boxes)
        left = found.boxes[:, 0]
        assert left.max() - left.min() <= 14, "a chain does not melt into one"


def test_regions_that_half_of_them_drew_are_dont_care() -> None:
    region = Annotation(xyxy=NEAR, kind="dont_care", annotator="ada")
    drawn = replace(record("a"), annotations=(region,), annotators=("ada", "ben"))
    assert consensus(answers_of(drawn)).dont_care.tolist() == [list(NEAR)]


def test_a_record_with_one_truth_has_no_answers() -> None:
    with pytest.raises(UsageError, match="expected answers of annotators"):
        answers_of(record("a", heights=[40]))


UNITS = [
    [[0, 0], [1, 1], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [1, 0], [0, 0]],
    [[1, 1, 0], [0, 0], [1, 1, 1, 0], [0], [1, 0, 0]],
    [[1, 1], [0, 0], [1, 1]],
    [[1, 0], [0, 1]],
]


@pytest.mark.parametrize("units", UNITS)
def test_alpha_is_what_its_definition_says(units: list[list[int]]) -> None:
    assert krippendorff_alpha(units) == pytest.approx(_plain_alpha(units))


@pytest.mark.parametrize("units", [[], [[1], [0]], [[1, 1], [1, 1]]])
def test_there_is_no_alpha_without_two_opinions(units: list[list[int]]) -> None:
    assert krippendorff_alpha(units) is None


def _plain_alpha(units: list[list[int]]) -> float:
    """By definition: disagreeing ordered pairs within units, and among all values."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    within = sum(
        sum(a != b for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j)
        / (len(unit) - 1)
        for unit in units
    ) / len(values)
    among = sum(a != b for i, a in enumerate(values) for j, b in enumerate(values) if i != j)
    return 1 - within / (among / (len(values) * (len(values) - 1)))


def test_disputes_come_with_a_reason_the_least_sure_first() -> None:
    wide = (100, 100, 165, 200)
    images = [
        answers("a", ada=[NEAR], ben=[NEAR], cem=[wide], dan=[]),
        answers("b", ada=[FAR], ben=[FAR], cem=[], dan=[]),
        answers("c", ada=[NEAR], ben=[NEAR], cem=[NEAR], dan=[NEAR]),
    ]
    agreed = [consensus(one) for one in images]
    first, second = disputes(agreed)
    assert (first.name, first.reason) == ("b", "2 of 4 see a person here")
    assert (second.name, second.votes, second.looked) == ("a", 3, 4)
    found = agreement(agreed)
    assert (found.candidates, found.unanimous) == (3, 1)
    assert len(found.overlaps) == 3 + 1 + 6
    assert found.overlaps.max() == 1


@pytest.fixture(scope="module")
def simulated() -> tuple[tuple[Record, ...], tuple[Answers, ...]]:
    drawn = simulated_truth(150)
    return drawn, simulate(drawn)


@pytest.fixture(scope="module")
def recovered(
    simulated: tuple[tuple[Record, ...], tuple[Answers, ...]],
) -> tuple[dict[str, Recovery], dict[str, Quality]]:
    ways, qualities = recover(*simulated)
    return {way.name: way for way in ways}, {one.annotator: one for one in qualities}


def test_a_weighed_panel_gives_back_more_than_the_best_annotator(
    recovered: tuple[dict[str, Recovery], dict[str, Quality]],
) -> None:
    ways, _ = recovered
    panel = ways["panel, weighed by quality"]
    best = max(way.f1 for name, way in ways.items() if not name.startswith("panel"))
    assert panel.f1 > max(best, 0.985)
    assert panel.f1 > ways["panel, majority and median"].f1 > 0.94
    assert panel.overlap > ways["panel, majority and median"].overlap > ways["careful"].overlap


def test_each_known_error_is_found_again(
    recovered: tuple[dict[str, Recovery], dict[str, Quality]],
) -> None:
    _, found = recovered
    assert min(found, key=lambda name: found[name].finds if name != "shifted" else 1) == "careless"
    assert found["careful"].finds > 0.95
    assert found["misses small"].finds < 0.87
    assert found["liberal"].invents > 5 * found["careful"].invents
    assert found["careless"].spread > 1.8 * found["careful"].spread
    assert np.mean(found["shifted"].shift) == pytest.approx(0.12, abs=0.03)
    assert abs(np.mean(found["careful"].shift)) < 0.02


def test_the_human_line_measures_each_against_the_others(
    simulated: tuple[tuple[Record, ...], tuple[Answers, ...]], tmp_path: Path
) -> None:
    line = human_line(simulated[1], ORIGIN)
    by_name = {result.annotator: result for result in line.annotators}
    careful, careless = by_name["careful"], by_name["careless"]
    assert careful.miss_rate.value is not None
    assert careful.miss_rate.value < 0.06
    assert careful.miss_rate.low < careful.miss_rate.value < careful.miss_rate.high  # type: ignore[operator]
    assert careless.miss_rate.value > 0.3  # type: ignore[operator]
    assert by_name["liberal"].false_positives_per_image.value == pytest.approx(0.9, abs=0.5)
    assert line.all.images == 6 * 150
    assert "SIMULATED" in line.origin
    write_human_line(tmp_path / "humans.json", line)
    assert read_human_line(tmp_path / "humans.json") == line


def test_what_the_others_cannot_agree_on_is_held_against_nobody() -> None:
    """Of three, one and another see somebody whom the third does not."""
    line = human_line([answers(ada=[NEAR, FAR], ben=[NEAR, FAR], cem=[NEAR])], "three")
    by_name = {result.annotator: result for result in line.annotators}
    assert by_name["ada"].false_positives_per_image.value == 0
    assert by_name["cem"].miss_rate.value == pytest.approx(0.5)


def test_two_annotators_make_no_line() -> None:
    with pytest.raises(DatasetError, match="at least 3 annotators"):
        human_line([answers(ada=[NEAR], ben=[NEAR])], "two")


@pytest.mark.parametrize("content", [None, "{}", '{"schema": 1}', "["])
def test_a_file_that_is_no_human_line_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "humans.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DatasetError, match=r"humans\.json"):
        read_human_line(path)


def test_weighing_nothing_is_no_error() -> None:
    agreed: list[Consensus] = [consensus(answers(ada=[], ben=[], cem=[]))]
    weighed, qualities = weigh(agreed)
    assert len(weighed[0].people) == 0
    assert [one.annotator for one in qualities] == ["ada", "ben", "cem"]
