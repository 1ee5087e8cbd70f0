"""When a frame of a stream was captured, from the stream's own times."""

from __future__ import annotations

_DRIFT = 200e-6
"""By how much two clocks may differ in speed; crystals are within 100 in a million."""
_JUMP_S = 10.0
"""A stream whose times are off by more was begun anew."""


class StreamClock:
    """Lays a stream's times on our clock: its fastest frame was on its way for no time.

    So frames that queued up somewhere are seen to be old, which their arrival does not tell. What
    every frame takes, the camera's own delay included, is not seen.
    """

    def __init__(self) -> None:
        self._offset_s: float | None = None
        self._arrived_s = 0.0

    def captured_s(self, stream_s: float, arrived_s: float) -> float:
        """When a frame was captured, on our clock, never after it arrived.

        Args:
            stream_s: its time in the stream.
            arrived_s: when it came, on our clock.
        """
        offset = arrived_s - stream_s
        if self._offset_s is None or abs(offset - self._offset_s) > _JUMP_S:
            self._offset_s = offset
        drifted = self._offset_s + _DRIFT * max(arrived_s - self._arrived_s, 0.0)
        self._offset_s, self._arrived_s = min(offset, drifted), arrived_s
        return stream_s + self._offset_s
