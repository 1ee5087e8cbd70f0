"""The child process of `belisha.bench.cold_start`: one decision from nothing, then some more.

    python -m belisha.bench.first_decision BUNDLE WIDTH HEIGHT [THREADS [ENGINE]]

Prints one line of JSON. Nothing but what a user's program would need is imported before the first
decision.
"""

from __future__ import annotations

import json
import sys
import time

MORE_FRAMES = 50
"""After which memory is at its steady state."""


def main(bundle: str, width: str, height: str, threads: str = "", engine: str = "") -> None:
    """Load, decide, go on, tell."""
    import cv2
    import numpy as np

    from belisha.detector import Detector

    if threads:
        cv2.setNumThreads(int(threads))
    imported_s = time.perf_counter()
    detector = Detector.open(
        bundle,
        engine=engine or None,
        threads=int(threads) if threads else None,
        may_build=False,
    )
    opened_s = time.perf_counter()
    frame = np.random.default_rng(0).integers(0, 256, (int(height), int(width), 3), np.uint8)
    ready_s = time.perf_counter()
    detector(frame)
    decided_s = time.perf_counter()
    for _ in range(MORE_FRAMES):
        detector(frame)
    from belisha.bench.environment import resident_mb

    resident, peak = resident_mb()
    marks = {"imported_s": imported_s, "opened_s": opened_s, "decided_s": decided_s}
    spent = {"first_frame_ms": (decided_s - ready_s) * 1e3}
    print(json.dumps({**marks, **spent, "resident_mb": resident, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
