"""A manifest of ten thousand rows: filled, asked and added to; a million by `data growth`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from training.data.growth import exponent, made_up_records, manifest_cost


def test_ten_thousand_rows_are_filled_and_asked(tmp_path: Path) -> None:
    cost = manifest_cost(10_000, tmp_path / "store")
    assert cost.rows == 10_000
    # Of 250 drives those with 8 in the tens are for validation, and of these 2 in 10 are at night.
    expected = [n for n in range(250) if n // 10 % 10 == 8 and n % 10 >= 8]
    assert cost.found == 40 * len(expected) > 0
    assert min(cost.ingest, cost.split, cost.count, cost.fetch, cost.sequence, cost.add) > 0


def test_made_up_records_are_the_same_for_equal_numbers() -> None:
    assert list(made_up_records(5, 8)) == list(made_up_records(0, 8))[5:]


@pytest.mark.parametrize(("power", "expected"), [(0, 0), (1, 1), (2, 2)])
def test_the_slope_tells_how_cost_grows(tmp_path: Path, power: int, expected: float) -> None:
    one = manifest_cost(1000, tmp_path / "store")
    costs = [replace(one, rows=rows, count=1e-9 * rows**power) for rows in (10, 100, 1000)]
    assert exponent(costs, "count") == pytest.approx(expected, abs=1e-6)
    assert exponent(costs[:1], "count") is None
