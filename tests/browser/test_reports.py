"""Reports in a real browser, on a phone, at a desk, in the dark; pictures lie in runs/browser."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from belisha.cli import COMMANDS
from belisha.cli.dispatch import dispatch
from tests.browser.chromium import CHROMIUM, ask, screenshot

PICTURES = Path(__file__).parents[2] / "runs" / "browser"
PHONE, DESK = 500, 1100  # headless Chromium has no window narrower than 500

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs a browser: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's page, the heaviest of all."""
    folder = tmp_path_factory.mktemp("demo")
    assert dispatch("belisha", "", COMMANDS, ["demo", "--out", str(folder)]) == 0
    return folder / "report.html"


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_sticks_out_sideways(page: Path, width: int) -> None:
    wide, window = ask(page, "[document.documentElement.scrollWidth, innerWidth]", width)
    assert wide <= window


def test_the_video_and_every_picture_can_be_seen(page: Path) -> None:
    sizes = ask(
        page,
        '[document.querySelector("video").videoWidth, '
        "...[...document.images].map((image) => image.naturalWidth)]",
    )
    assert sizes[0] == 640
    assert len(sizes) > 1
    assert all(size > 0 for size in sizes)


def test_plots_are_as_wide_as_the_text_and_have_words(page: Path) -> None:
    plots = ask(
        page,
        '[...document.querySelectorAll("svg.plot")].map((plot) => '
        '[plot.getBoundingClientRect().width, plot.querySelectorAll("text").length])',
    )
    assert len(plots) == 3
    assert all(width > 400 and words > 5 for width, words in plots)


def test_it_is_light_by_day_and_dark_at_night(page: Path) -> None:
    corners = []
    for dark in (False, True):
        name = "dark" if dark else "light"
        path = screenshot(page, PICTURES / f"demo-{name}.png", DESK, 3400, dark=dark)
        picture = np.asarray(cv2.imread(str(path)))
        corners.append(float(picture[:40, :40].mean()))
        assert picture.std() > 20, "something is on it"
    assert corners[0] > 240
    assert corners[1] < 60


def test_it_can_be_read_on_a_phone(page: Path) -> None:
    path = screenshot(page, PICTURES / "demo-phone.png", PHONE, 2600)
    assert np.asarray(cv2.imread(str(path))).std() > 20
