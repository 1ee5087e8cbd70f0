"""The page as a sink of the loop."""

from __future__ import annotations

from belisha.service.page.live import Shown
from belisha.service.page.page import Page
from belisha.service.results import Result, Seen


class PageSink:
    """Offers every result to the page; the page itself is closed elsewhere.

    Args:
        page: that is being served.
    """

    def __init__(self, page: Page) -> None:
        self._page = page

    def write(self, result: Result) -> None:
        """See `Sink.write`."""
        if not self._page.wants():
            return
        frame = result.frame
        shown = Shown(
            image_bgr=frame.image_bgr,
            frame=frame.index,
            source=frame.source,
            captured_s=frame.captured_s,
            boxes=result.boxes,
            labels=_labels(result.seen),
            words="late" if result.late else "",
        )
        self._page.publish(shown)

    def close(self) -> None:
        """See `Sink.close`."""


def _labels(seen: Seen) -> tuple[str, ...]:
    """A word for each box: who it is and how far away."""
    count = len(seen.boxes)
    tracks = seen.tracks
    names = [""] * count if tracks is None else [f"#{one}" for one in tracks.ids[:count].tolist()]
    if seen.distances is None:
        return () if tracks is None else tuple(names)
    far = seen.distances
    return tuple(f"{name} {far.words(index)}".strip() for index, name in enumerate(names))
