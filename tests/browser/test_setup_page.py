"""The setup page in a real browser: sliders move the drawing, saving writes, phones are served."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from belisha import champion
from belisha.cameras.opening import open_source
from belisha.cameras.settings import CameraSettings
from belisha.detector import Detector
from belisha.service.mounting import Mounting
from belisha.service.setup.car_file import read_mounting
from belisha.service.setup.feed import Feed
from belisha.service.setup.server import SetupPage, open_server
from tests.browser.chromium import CHROMIUM
from tests.browser.devtools import Browser

PICTURES = Path(__file__).parents[2] / "runs" / "browser"
DEMO = CameraSettings(source=str(Path(champion.__file__).with_name("demo.webm")), paced=False)
SEEN = 'document.getElementById("view").naturalWidth === 640'

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs a browser: apt-get install chromium"),
]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The page about the shipped drive: its address, and the file that it writes."""
    config = tmp_path / "car.yaml"
    config.write_text("camera:\n  source: /dev/video0  # front\n")
    with Detector.open(threads=1) as detector:
        feed = Feed(lambda: open_source(DEMO), detector)
        with open_server(SetupPage(feed, config), 0) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}/", config
            server.shutdown()
            thread.join()
        feed.close()


def slide(browser: Browser, name: str, value: float) -> None:
    """Move a slider as a hand would."""
    browser.ask(
        f"""(() => {{ const input = document.querySelector('input[type=range][name={name}]');
        input.value = {value}; input.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"""
    )


def said(browser: Browser) -> str:
    browser.wait_for('document.getElementById("said").textContent')
    return str(browser.ask('document.getElementById("said").textContent'))


def test_sliders_are_saved_and_a_wrong_value_is_explained(served: tuple[str, Path]) -> None:
    address, config = served
    with Browser(1280, 800) as browser:
        browser.open(address)
        browser.wait_for(SEEN)
        for name, value in {"height_m": 1.5, "horizon": 0.42, "top": 0.1, "bottom": 0.9}.items():
            slide(browser, name, value)
        assert browser.ask("document.querySelector('input[type=number][name=top]').value") == "0.1"
        browser.wait_for(
            'document.getElementById("lines").textContent.includes("crop: [0.1, 0.9]")'
        )
        browser.ask('document.getElementById("save").click()')
        assert said(browser) == f"Saved in {config}."
        browser.screenshot(PICTURES / "setup-desk.png")
        slide(browser, "bottom", 0.05)
        browser.ask('document.getElementById("save").click()')
        assert "Not saved: " in said(browser)
        assert "expected 0 <= top < bottom" in said(browser)
    assert read_mounting(config) == Mounting(height_m=1.5, horizon=0.42, crop=(0.1, 0.9))
    assert "source: /dev/video0  # front" in config.read_text()


def test_people_on_the_road_offer_a_horizon(served: tuple[str, Path]) -> None:
    address, _ = served
    with Browser(1280, 800) as browser:
        browser.open(address)
        browser.wait_for('!document.getElementById("take").hidden')
        browser.ask('document.getElementById("take").click()')
        horizon = float(browser.ask("document.querySelector('input[name=horizon]').value"))
    assert horizon == pytest.approx((240 - 700 * 0.045) / 480, abs=0.04), "as it was rendered"


def test_it_fits_a_phone_by_day_and_at_night(served: tuple[str, Path]) -> None:
    address, _ = served
    with Browser(390, 844, phone=True) as browser:
        browser.open(address)
        browser.wait_for(SEEN)
        time.sleep(0.3)
        wide = browser.ask("document.documentElement.scrollWidth")
        browser.dark(True)
        browser.screenshot(PICTURES / "setup-phone.png")
    assert wide <= 390
