"""What counts as growth: the settled end against the settled begin, alike with alike."""

from __future__ import annotations

from benchmarks.service.endurance import MemorySample, growth_mb, memory_now


def curve(megabytes: list[float], watched: tuple[int, ...] = ()) -> list[MemorySample]:
    return [
        MemorySample(float(hour), mb + 20 * (hour in watched), mb, hour in watched)
        for hour, mb in enumerate(megabytes)
    ]


def test_what_it_takes_to_settle_is_no_growth() -> None:
    assert growth_mb(curve([10.0, 90.0, 100.0, 100.0, 100.25]), 2.0, watched=False) == 0.25


def test_a_steady_leak_is_growth() -> None:
    assert growth_mb(curve([100.0 + hour for hour in range(11)]), 2.0, watched=False) == 8.0


def test_an_open_page_is_compared_with_an_open_page() -> None:
    samples = curve([100.0] * 12 + [100.5] * 12, watched=(3, 13, 23))
    assert growth_mb(samples, 2.0, watched=False) == 0.5
    assert growth_mb(samples, 2.0, watched=True) == 0.5


def test_a_run_that_was_cut_off_says_nothing() -> None:
    assert growth_mb(curve([100.0, 101.0]), 1.0, watched=False) is None


def test_the_kernel_is_asked() -> None:
    now = memory_now(1.5, watched=False)
    assert now.hour == 1.5
    assert 10 < now.anonymous_mb < now.resident_mb
