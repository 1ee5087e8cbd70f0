"""Nothing is made for the page while nobody looks; while somebody does, marks find their frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.service.page.page import Page
from belisha.service.page.settings import PageSettings
from belisha.service.page_sink import PageSink
from belisha.service.results import Result
from belisha.service.status import Status
from tests.doubles import frame_of, result_of
from tests.runtime.service.page.visits import Visitor, opened
from tests.toy import scene

ONE = Boxes(as_xyxy([(16, 8, 24, 40)]), np.array([0.75], np.float32))


class Untouchable:
    """A result that must not be looked at."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"somebody looked at {name}")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    settings = PageSettings(listen="127.0.0.1:0", rate_hz=30)
    with opened(Page(settings, Status, feedback=tmp_path / "kept")) as one:
        yield one


def test_while_nobody_looks_the_result_is_not_even_looked_at(page: Page) -> None:
    untouchable: Any = Untouchable()
    for _ in range(100):
        PageSink(page).write(untouchable)
    assert not page.wants()


@pytest.mark.parametrize("kind", ["missed", "false"])
def test_a_button_finds_the_frame_that_was_on_the_screen(
    page: Page, tmp_path: Path, kind: str
) -> None:
    sink, visitor = PageSink(page), Visitor(page)
    result: Result = result_of(frame_of(scene((1, 1)), "cam", 12), ONE)
    with visitor.looking() as messages:
        next(messages)  # the numbers come first; from here on somebody looks
        while not page.wants():
            pass
        sink.write(result)
        picture, _ = next(one for one in messages if one[1])
        name = visitor.post("/feedback", {"kind": kind, "number": picture["number"]}).document[
            "name"
        ]
    document = json.loads((tmp_path / "kept" / f"{name}.json").read_text())
    assert (document["kind"], document["frame"], document["source"]) == (kind, 12, "cam")
    assert document["detections"][0]["bbox"] == [16, 8, 8, 32]
