"""A log added up: nothing is averaged away, nothing claimed from too few frames."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

from belisha.report import render
from belisha.service.activity_entries import Content, Event, Second, Stamp, read_body
from belisha.service.activity_reader import read_rows, verify
from belisha.service.activity_report import log_report
from belisha.service.activity_statistics import Statistics, Tally, add_up
from belisha.service.bucket_percentiles import upper_percentile
from tests.runtime.service.logs import NOON, busy_second, write_log


def at(minutes: float, content: Content) -> tuple[Content, Stamp]:
    return content, Stamp(NOON + timedelta(minutes=minutes), 60 * minutes)


def week() -> Statistics:
    """Seven days, a second each ten minutes; another model from the third day on."""
    entries = [
        at(
            10 * number,
            busy_second(
                number % 3,
                bundle="old 01" if number < 288 else "new 02",
                power_w=8.0 if number % 2 else math.nan,
                hottest_c=50 + number % 20,
            ),
        )
        for number in range(1008)
    ]
    entries.insert(500, at(5000, Event(name="camera", text="gone for 3 s", level="warning")))
    return add_up(entries)


def test_seconds_are_added_by_hour_day_and_model() -> None:
    found = week()
    assert (found.total.seconds, found.total.processed, found.total.dropped) == (1008, 29232, 1008)
    assert list(found.groups["bundle"]) == ["old 01", "new 02"]
    assert found.groups["bundle"]["old 01"].seconds == 288
    assert [one.seconds for one in found.groups["day"].values()] == [72, *[144] * 6, 72]
    hours = found.groups["hour of the day"]
    assert list(hours) == [f"{hour:02}:00" for hour in range(24)]
    assert sum(one.people for one in hours.values()) == found.total.people == 1008
    assert found.events == {("warning", "camera"): 1}


def test_what_is_not_reported_is_left_out_of_the_mean() -> None:
    found = week().total
    assert found.power_w == 8.0
    assert found.hottest_c == 69
    nothing = Tally.of(Second(processed=1))
    assert math.isnan(nothing.power_w)
    assert nothing.document()["hottest_c"] is None


def test_percentiles_are_upper_edges_and_need_enough_decisions() -> None:
    buckets = [(1.0, 500), (2.0, 480), (5.0, 15), (9.0, 5)]
    assert upper_percentile(buckets, 0.5) == 1.0
    assert upper_percentile(buckets, 0.98) == 2.0
    assert upper_percentile(buckets, 0.99) == 5.0
    assert upper_percentile([(1.0, 600)], 0.99) is None
    assert upper_percentile([(1.0, 662)], 0.99) == 1.0
    assert upper_percentile([], 0.5, least=1) is None


def test_merging_is_the_same_as_adding_all() -> None:
    seconds = [busy_second(one, worst_ms=float(one)) for one in range(5)]
    halves = Tally(), Tally()
    whole = Tally()
    for index, second in enumerate(seconds):
        halves[index % 2].merge(Tally.of(second))
        whole.merge(Tally.of(second))
    halves[0].merge(halves[1])
    assert halves[0] == whole
    assert whole.worst_ms == 4.0


def test_the_page_shows_plots_tables_and_whether_to_believe_it(tmp_path: Path) -> None:
    path = write_log(tmp_path / "a.db", 700)
    statistics = add_up(read_body(row, "a") for row in read_rows(path))
    html = render(log_report("a.db", statistics, verify(path)))
    assert html.count("<svg") == 3
    assert "the chain is whole from entry 1 to 702" in html
    assert "the camera is gone" in html
    assert "neither temperature nor power" in html
    wide = render(log_report("week", week(), verify(path)))
    assert wide.count("<svg") == 5
    assert "All 168 hours" in wide


def test_an_empty_log_makes_a_page_too(tmp_path: Path) -> None:
    empty = add_up([])
    assert (empty.since, empty.total.seconds) == (None, 0)
    path = write_log(tmp_path / "a.db", 0)
    assert "The log is empty." in render(log_report("a", empty, verify(path)))


def test_times_of_any_zone_are_counted_in_utc() -> None:
    local = datetime.fromisoformat("2026-11-24T00:30:00+02:00")
    found = add_up([(busy_second(), Stamp(local, 0.0))])
    assert list(found.groups["hour"]) == ["2026-11-23 22:00"]
