"""Times in buckets: never better than they were, never more than 2.2 % worse, in fixed memory."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from belisha.service.ledger import COUNT, EDGES_MS, Ledger, Times


@given(st.floats(0.001, 100_000))
def test_a_time_lies_in_the_first_bucket_that_reaches_it(ms: float) -> None:
    times = Times()
    times.add(ms)
    (index,) = (at for at, count in enumerate(times.counts) if count)
    assert ms <= EDGES_MS[index] * (1 + 1e-9)
    assert EDGES_MS[index] <= ms * 1.0221


def test_what_is_beyond_all_edges_is_counted_too() -> None:
    times = Times()
    for ms in (0.0, 1e-9, 1e9):
        times.add(ms)
    assert (times.counts[0], times.counts[-1]) == (2, 1)
    assert times.percentiles().worst == 1e9


def test_percentiles_are_those_of_the_times_rounded_up() -> None:
    times = Times()
    for ms in range(1, 1001):
        times.add(ms / 10)
    found = times.percentiles()
    assert found.count == 1000
    for value, true in ((found.p50, 50.0), (found.p90, 90.0), (found.p99, 99.0)):
        assert value is not None
        assert true <= value <= true * 1.0222
    assert found.worst == 100.0


def test_too_few_times_have_no_percentiles() -> None:
    times = Times()
    times.add(3.0)
    assert times.percentiles().p50 is None


def test_coarse_buckets_hold_every_time() -> None:
    times = Times()
    for ms in (0.0001, 0.5, 1.0, 1.01, 33.0, 1e7):
        times.add(ms)
    edges, counts = times.coarse(2)
    assert sum(counts) == 6
    assert edges[-1] == math.inf
    assert len(edges) == len(counts) < 60
    assert counts[edges.index(1.0)] == 1
    assert counts[edges.index(2**0.5)] == 1


def test_the_memory_of_a_ledger_does_not_grow() -> None:
    ledger = Ledger()
    for turn in range(100):
        ledger.add_turn({"infer": 3.0 + turn}, 5.0, apart=False)
    assert len(ledger.latency.counts) == len(ledger.stages["infer"].counts) == COUNT


def test_the_first_decision_is_kept_apart_if_it_paid_for_the_others() -> None:
    ledger = Ledger()
    for latency in (100.0, 5.0, 6.0):
        ledger.add_turn({"infer": 3.0}, latency, apart=True)
    assert ledger.first_ms == 100.0
    assert ledger.summary()["total"].count == 2
